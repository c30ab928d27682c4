"""How each reader's feedback moves the candidates of a month, written before that month is mailed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "personal_score",
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("adjustment", sa.Float(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("earned", Json, nullable=False),
        sa.CheckConstraint("adjustment BETWEEN -1 AND 1", name=op.f("ck_personal_score_adjustment")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_personal_score_subscriber_id_subscriber"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["item.id"], name=op.f("fk_personal_score_item_id_item"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "month", "item_id", name=op.f("pk_personal_score")),
    )
    op.create_index(op.f("ix_personal_score_item_id"), "personal_score", ["item_id"])


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("personal_score")
