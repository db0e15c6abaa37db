"""Trainings: kept in the store, run by one replica each, from the request to the published clusters."""
