"""Doubts of visitors without an account, as numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "report",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("newest", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verb IN ('wrong-topic', 'wrong-lab')", name=op.f("ck_report_verb")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_report_item_id_item"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "verb", "detail", name=op.f("pk_report")),
    )


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("report")
