"""Windows know what was asked for, and those of dumps up to which day they tell."""

from datetime import UTC, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_AGE = timedelta(days=14)  # arXiv's dump is a week old at most when it comes out
_WINDOW = sa.table(
    "window",
    sa.column("id", sa.Integer),
    sa.column("source", sa.Text),
    sa.column("closed_at", sa.DateTime(timezone=True)),
    sa.column("newest", sa.Date),
)


def upgrade() -> None:
    """Bring the tables to this revision. What older windows were asked for is not known, nor how old a dump was.

    Of a dump that was read before, the day is set so that changes are followed from where they were until now.
    """
    op.add_column("window", sa.Column("asked", sa.Text(), nullable=True))
    op.add_column("window", sa.Column("newest", sa.Date(), nullable=True))
    dumps = sa.select(_WINDOW.c.id, _WINDOW.c.closed_at).where(
        _WINDOW.c.source == "arxiv-snapshot", _WINDOW.c.closed_at.is_not(None)
    )
    connection = op.get_bind()
    for id_, closed_at in connection.execute(dumps).all():
        moment = closed_at.astimezone(UTC) if closed_at.tzinfo else closed_at  # SQLite keeps UTC without saying so
        connection.execute(sa.update(_WINDOW).where(_WINDOW.c.id == id_).values(newest=(moment - _AGE).date()))


def downgrade() -> None:
    """Take the tables back to the revision before."""
    op.drop_column("window", "newest")
    op.drop_column("window", "asked")
