"""Tests of sources.meta."""
