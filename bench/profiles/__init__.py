"""Benchmarks of the profile stores: `make bench-profiles`."""
