"""Tests of what is asked of a brand's posts."""
