"""Tickets on their way to the systems that people work in."""
