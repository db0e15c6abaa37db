"""The tests of `services/clusters/posts`."""
