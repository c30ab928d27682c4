"""One module a source: it keeps the library's objects to itself and lets only records out."""
