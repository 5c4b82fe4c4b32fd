"""Pure: may this message go out now, where, and why (not). The checks that the gate asks, and how their answers become one."""
