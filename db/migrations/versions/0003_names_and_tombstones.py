"""Names an item was told by, and tombstones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "tombstone",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
    )
    op.create_table(
        "alias",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('id', 'doi', 'title', 'author', 'year')", name=op.f("ck_alias_kind")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_alias_item_id_item"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "kind", "value", name=op.f("pk_alias")),
    )
    with op.batch_alter_table("alias", schema=None) as batch_op:
        batch_op.create_index("ix_alias_kind_value", ["kind", "value"], unique=False)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    with op.batch_alter_table("alias", schema=None) as batch_op:
        batch_op.drop_index("ix_alias_kind_value")

    op.drop_table("alias")
    op.drop_table("tombstone")
