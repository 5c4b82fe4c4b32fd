"""Proof by faults: delivery under everything that can go wrong, judged by somebody who shares no code with the engine.

`run.py` prints the figures; `schedule.py` runs one schedule from its seed; `checker.py` judges what it left behind;
`defects.py` plants known defects, each of which the checker has to see.
"""
