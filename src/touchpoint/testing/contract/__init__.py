"""The contract suite for adapters, group by group: the room behind `touchpoint.testing.AdapterContract`."""
