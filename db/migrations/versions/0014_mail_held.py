"""A row that holds all mail: after a restore nothing leaves until a person says so."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "mail_hold",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_hold_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_hold")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("mail_hold")
