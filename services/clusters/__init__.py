"""Groups a brand's authors into clusters, describes them, and writes each author's cluster back to profiles."""
