"""What changed in the segments of a brand, and what drives it: two windows of posts side by side. Pure."""
