"""Where posts come from. A file is a source, never a platform."""
