"""Sign-ups to be confirmed, caps on them, addresses that are never written to, what readers say of items."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("subscriber", sa.Column("state_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscriber", sa.Column("state_why", sa.Text(), nullable=True))
    # Who left before is deleted in time as well; when that was, nobody wrote down.
    op.execute("UPDATE subscriber SET state_at = CURRENT_TIMESTAMP WHERE state = 'left'")
    _signups()
    _refusals()
    _feedback()


def _signups() -> None:
    op.create_table(
        "signup",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("stages", Json, nullable=False),
        sa.Column("topics", Json, nullable=False),
        sa.Column("labs", Json, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_signup_due_at", "signup", ["due_at"], unique=False)
    op.create_index(op.f("ix_signup_email_key"), "signup", ["email_key"], unique=False)
    op.create_table(
        "allowance",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_allowance")),
    )
    op.create_index(op.f("ix_allowance_began"), "allowance", ["began"], unique=False)


def _refusals() -> None:
    op.create_table(
        "suppression",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=8), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('erased', 'left', 'refused', 'operator')", name=op.f("ck_suppression_reason")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_suppression")),
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("verb", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "verb IN ('more', 'less', 'seen', 'hide', 'wrong-topic', 'wrong-lab')", name=op.f("ck_feedback_verb")
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_feedback_subscriber_id_subscriber"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_feedback_item_id_item"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "subscriber_id", "item_id", "verb", "detail", name=op.f("uq_feedback_subscriber_id_item_id_verb_detail")
        ),
    )
    op.create_index(op.f("ix_feedback_item_id"), "feedback", ["item_id"], unique=False)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    for table in ("feedback", "suppression", "allowance", "signup"):
        op.drop_table(table)
    op.drop_column("subscriber", "state_why")
    op.drop_column("subscriber", "state_at")
