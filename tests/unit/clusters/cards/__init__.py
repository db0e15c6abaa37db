"""The tests of `services/clusters/cards`."""
