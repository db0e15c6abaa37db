"""The four services of voxpop, the command line and the composition of all four in one process."""
