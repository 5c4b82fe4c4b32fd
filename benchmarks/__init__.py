"""Measurements: `python -m benchmarks --help`. Figures are of the machine they ran on; compare within one run only."""
