"""The outside world turned into stored items."""
