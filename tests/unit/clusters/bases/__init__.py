"""The tests of `services/clusters/bases`."""
