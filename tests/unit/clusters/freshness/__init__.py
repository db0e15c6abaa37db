"""The tests of `services/clusters/freshness`."""
