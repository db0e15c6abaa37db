"""Tests of sources.instagram."""
