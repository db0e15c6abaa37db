"""Tests of the layouts of posts in JSON."""
