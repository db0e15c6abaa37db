"""Categories that people define themselves: labelled examples in, a classifier on embeddings out."""
