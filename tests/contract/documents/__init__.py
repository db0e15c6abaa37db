"""The contract of documents, on both databases."""
