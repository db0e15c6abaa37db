"""Clusters between two trainings: who was assigned since, how far off they lie, and when to train anew."""
