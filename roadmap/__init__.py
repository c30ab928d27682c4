"""The curriculum as data: stages, topics, labs and reading list, kept in TOML files beside this module."""
