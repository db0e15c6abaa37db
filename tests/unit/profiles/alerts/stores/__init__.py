"""Stores of alerts."""
