"""Erasures: everything of an author goes, everywhere, and does not come back."""
