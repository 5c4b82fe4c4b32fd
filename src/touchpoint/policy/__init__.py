"""Pure: may this message go out now, where, and why (not). What the gate asks, and how the answers become one."""
