"""Tests of brands: grammar, matching, what platforms are asked."""
