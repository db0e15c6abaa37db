"""The tests of `services/clusters/plots`."""
