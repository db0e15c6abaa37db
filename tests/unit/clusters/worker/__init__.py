"""The tests of `services/clusters/worker`."""
