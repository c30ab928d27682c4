"""An index for counting the papers of a day, which otherwise reads every paper of its month."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_index("ix_item_month_submitted", "item", ["month", "submitted"], unique=False)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_index("ix_item_month_submitted", table_name="item")
