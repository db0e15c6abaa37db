"""Answers that go back, and tickets that go on: off by default, under a person's control, sent at most once."""
