"""KMeans, the choice of k, stability, and ids that stay with the same people. Pure."""
