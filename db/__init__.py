"""Memory: the tables and every query, one behaviour on SQLite and PostgreSQL."""

from db import models, models_mail, models_readers  # every table is known to whoever imports a part of this package

__all__ = ["models", "models_mail", "models_readers"]
