"""Stored items turned into vectors, scores, labs and shortlists."""
