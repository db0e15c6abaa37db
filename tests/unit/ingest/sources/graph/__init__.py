"""Tests of sources.graph."""
