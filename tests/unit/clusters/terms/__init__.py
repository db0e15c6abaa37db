"""The tests of `services/clusters/terms`."""
