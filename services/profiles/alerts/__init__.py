"""Alerts: rules that compare each finished hour of a brand with the same hour of the weeks before."""
