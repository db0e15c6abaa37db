"""Networks on this machine for tests to listen to."""
