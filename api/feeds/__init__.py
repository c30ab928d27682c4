"""Feeds of topics, labs, stages, issues, picks and searches: one value, written as Atom, RSS or JSON Feed."""
