"""What became of the clusters of one run in another: ids that stay with their people; what split, merged or went."""
