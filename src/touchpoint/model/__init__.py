"""Pure data: what there is to speak of, from touchpoints, messages and consent to the outcome of a hand-over."""
