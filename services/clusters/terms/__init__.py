"""What texts are made of, and which words set a class of texts apart. Pure."""
