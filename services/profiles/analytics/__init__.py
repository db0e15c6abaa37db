"""What is asked of a brand's posts over a time: figures from buckets, words and names from the posts themselves."""
