"""A second, slow and plain implementation of the semantics, to judge the real one by.

It keeps each customer's whole timeline and scans it for every question; nothing is incremental, and nothing is shared
with the core: it imports the data language alone (journeys, messages, durations, errors).
"""
