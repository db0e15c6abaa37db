"""The tests of `services/clusters/topics`."""
