"""What a voxpop of before left behind, and what it answered over that; see the README beside this file."""
