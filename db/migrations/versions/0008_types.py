"""What sort of paper an item is, as ranking tells it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("rating", sa.Column("type", sa.String(length=12), nullable=True))


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_column("rating", "type")
