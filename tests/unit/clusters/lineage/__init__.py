"""The tests of `services/clusters/lineage`."""
