"""Tests of category sets."""
