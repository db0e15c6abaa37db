"""Benchmarks: each prints what it measures beside its limit, in one run. `make bench` runs all."""
