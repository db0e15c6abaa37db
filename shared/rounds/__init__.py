"""Work that one replica does for all of them, now and then: a lease says whose turn it is."""
