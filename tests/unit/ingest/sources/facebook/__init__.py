"""Tests of sources.facebook."""
