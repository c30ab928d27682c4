"""Vectors and ratings name the state of the item that they were made of, so that no clock decides what is due."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TABLES = {"embedding": "made_at", "rating": "ranked_at"}


def upgrade() -> None:
    """Bring the tables to this revision. What was made before its item's last change is left due."""
    for name, moment in _TABLES.items():
        op.add_column(name, sa.Column("item_updated", sa.DateTime(timezone=True), nullable=True))
        op.execute(
            f"UPDATE {name} SET item_updated = (SELECT updated FROM item"  # noqa: S608 - names of this file
            f" WHERE item.id = {name}.item_id AND item.updated <= {name}.{moment})"
        )


def downgrade() -> None:
    """Take the tables back to the revision before."""
    for name in _TABLES:
        op.drop_column(name, "item_updated")
