"""Tests of replies and tickets."""
