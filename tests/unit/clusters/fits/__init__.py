"""The tests of `services/clusters/fits`."""
