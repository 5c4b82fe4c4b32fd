"""Pure data: what there is to speak of. Touchpoints, messages, consent, cases, preferences, and what a hand-over says."""
