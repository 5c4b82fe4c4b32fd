"""The imperative shell: the `Engine`, its transactions, hand-overs and explanations. The only room that does things."""
