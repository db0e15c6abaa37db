"""The tests of `services/clusters/aspects`."""
