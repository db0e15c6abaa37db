"""The tests of `services/clusters/runs`."""
