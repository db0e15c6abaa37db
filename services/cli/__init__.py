"""The command `voxpop`: a module for each of its nouns."""
