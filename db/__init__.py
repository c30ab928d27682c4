"""Memory: the tables and every query, one behaviour on SQLite and PostgreSQL."""

# Every table is known to whoever imports a part of this package.
from db import models, models_jobs, models_keys, models_mail, models_readers, models_reports

__all__ = ["models", "models_jobs", "models_keys", "models_mail", "models_readers", "models_reports"]
