"""Scores turned into something to read."""
