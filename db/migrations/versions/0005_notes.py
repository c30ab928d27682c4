"""Notes about papers not known yet, whatever they say, in place of tombstones; versions without a rowid of their own.

Nothing was ever written to the two tables that are made anew.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.drop_table("tombstone")
    op.create_table(
        "note",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("claims", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    _remake_version(sqlite_with_rowid=False)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    _remake_version()
    op.drop_table("note")
    op.create_table(
        "tombstone",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
    )


def _remake_version(**options: bool) -> None:
    """Make the table anew, with the rows it had; names of keys are the table's own, so that it cannot be renamed."""
    op.execute("CREATE TEMPORARY TABLE version_kept AS SELECT item_id, number, created FROM version")
    op.drop_table("version")
    _make_version(**options)
    op.execute("INSERT INTO version (item_id, number, created) SELECT item_id, number, created FROM version_kept")
    op.execute("DROP TABLE version_kept")


def _make_version(**options: bool) -> None:
    op.create_table(
        "version",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_version_item_id_item"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "number", name=op.f("pk_version")),
        **options,
    )
