"""How Alembic runs here: one transaction, one migrator at a time, foreign keys off on SQLite and checked at the end.

The connection comes from db.migrate (attribute `connection`) or, for people at a terminal, from `-x url=`.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlalchemy.sql.schema import SchemaItem

from core.errors import ConfigError
from db.engine import make_engine
from db.migrate import locked
from db.models import Base
from db.types import Json, UTCDateTime


def include_object(_item: SchemaItem, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave full-text tables and filing out of comparisons: they belong to triggers, not to the models."""
    kept = name is not None and ("fts" in name or name == "filing")
    return not (kind == "table" and reflected and compare_to is None and kept)


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types into migrations as plain SQLAlchemy ones, so that old migrations never break."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is Json:
        autogen.imports.add("from sqlalchemy.dialects.postgresql import JSONB")
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    return False


def run(connection: Connection) -> None:
    """Migrate on a connection that holds the lock."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
        compare_server_default=True,
        include_object=include_object,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Take the connection given, or open the one named by `-x url=`."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        run(given)
        return
    url = context.get_x_argument(as_dictionary=True).get("url")
    if not url:
        raise ConfigError("No database is named", "Say which one: alembic -x url=sqlite:///shirube.db upgrade head")
    with locked(make_engine(url)) as connection:
        run(connection)


main()
