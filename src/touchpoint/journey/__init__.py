"""Pure data: journeys as their authors write them, the conditions in them, and the checks made when they are built."""
