"""Measures any model folder through the code that serves it, beside baselines: `voxpop model evaluate`."""
