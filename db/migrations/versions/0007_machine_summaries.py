"""What a model endpoint was asked for and what it answered, so that nothing is paid for twice."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "machine_summary",
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_machine_summary")),
    )
    op.create_index(op.f("ix_machine_summary_asked_at"), "machine_summary", ["asked_at"], unique=False)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("machine_summary")
