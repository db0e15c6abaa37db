"""RSS and Atom: reviews and news of the web."""
