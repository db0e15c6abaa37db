"""What two services or more use: domain nouns, the error tree, peers, settings and web plumbing."""
