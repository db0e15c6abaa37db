"""The tests of `services/clusters/movements`."""
