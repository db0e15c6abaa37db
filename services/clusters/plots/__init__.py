"""Plots of runs, drawn by matplotlib without a display: SVG and PNG that read in black and white too. Pure and slow."""
