"""The words every room shares: ids, records, months, text, errors. Standard library only."""
