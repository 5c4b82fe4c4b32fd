"""Pure: journey, customer state, occurrence and now in; new state, effects and reasons out. Nothing here acts."""
