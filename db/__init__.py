"""Memory: the tables and every query, one behaviour on SQLite and PostgreSQL."""
