"""The tests of `services/clusters/catalog`."""
