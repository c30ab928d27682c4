"""What sending must remember of a mail, of the domain it goes to, and of a notice to another program."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("outbox", sa.Column("domain", sa.String(length=32), nullable=False, server_default=sa.text("''")))
    op.add_column("outbox", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("silences", sa.Integer(), nullable=False, server_default="0"))
    _name_domains()
    op.create_table(
        "mail_domain",
        sa.Column("domain", sa.String(length=32), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refusals", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_mail_domain")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_notice_state")),
        sa.ForeignKeyConstraint(["month"], ["issue.month"], name=op.f("fk_notice_month_issue")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("month", name=op.f("uq_notice_month")),
    )


def _name_domains() -> None:
    """Give rows of older programs the name of their person's domain, as db.outbox.domain_of makes it."""
    connection = op.get_bind()
    query = "SELECT outbox.id, subscriber.email_key FROM outbox JOIN subscriber ON subscriber.id = subscriber_id"
    for id_, address in connection.execute(sa.text(query)).all():
        name = hashlib.sha256(address.rpartition("@")[2].encode()).hexdigest()[:32]
        connection.execute(sa.text("UPDATE outbox SET domain = :name WHERE id = :id"), {"name": name, "id": id_})


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_table("notice")
    op.drop_table("mail_domain")
    for name in ("silences", "refusals", "domain"):
        op.drop_column("outbox", name)
