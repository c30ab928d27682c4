"""Items as they are filed under topics, in the orders that lists have: kept by triggers, outside the models.

A list of a topic is read from an index instead of sorted from thousands of rows (docs/decisions/0042).
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_COLUMNS = "item_id, topic, fit, placed, month, worth"
_SHOWN = "0.5"  # db.lists.SHOWN: lists that ask for less are sorted anew
_SQLITE_PLACED = "coalesce({0}submitted, {0}month || '-01 00:00:00.000000')"
_POSTGRES_PLACED = (
    "coalesce({0}submitted, make_timestamp(CAST(left({0}month, 4) AS integer), CAST(right({0}month, 2) AS integer),"
    " 1, 0, 0, 0) AT TIME ZONE 'UTC')"
)
_ROWS = """INSERT INTO filing ({columns}) SELECT t.item_id, t.topic, t.fit, {placed}, i.month, coalesce(r.worth, -1.0)
    FROM topic_score AS t JOIN item AS i ON i.id = t.item_id LEFT JOIN rating AS r ON r.item_id = t.item_id
    WHERE t.fit >= {shown}"""
_ONE = " AND t.item_id = {0}.item_id AND t.topic = {0}.topic"


def _rows(placed: str) -> str:
    return _ROWS.format(columns=_COLUMNS, placed=placed.format("i."), shown=_SHOWN)


_SQLITE_ONE = _rows(_SQLITE_PLACED) + _ONE.format("new")
_POSTGRES_ONE = _rows(_POSTGRES_PLACED) + _ONE.format("NEW")
_SQLITE = (
    f"CREATE TRIGGER filing_scored AFTER INSERT ON topic_score WHEN new.fit >= {_SHOWN} BEGIN {_SQLITE_ONE}; END",
    f"""CREATE TRIGGER filing_rescored AFTER UPDATE OF item_id, topic, fit ON topic_score BEGIN
        DELETE FROM filing WHERE item_id = old.item_id AND topic = old.topic;
        DELETE FROM filing WHERE item_id = new.item_id AND topic = new.topic;
        {_SQLITE_ONE}; END""",  # noqa: S608 - parts of this file
    f"""CREATE TRIGGER filing_moved AFTER UPDATE OF submitted, month ON item
    WHEN old.submitted IS NOT new.submitted OR old.month IS NOT new.month BEGIN
        UPDATE filing SET placed = {_SQLITE_PLACED.format("new.")}, month = new.month WHERE item_id = new.id; END""",  # noqa: S608
    """CREATE TRIGGER filing_rated AFTER INSERT ON rating WHEN new.worth IS NOT NULL BEGIN
        UPDATE filing SET worth = new.worth WHERE item_id = new.item_id; END""",
    """CREATE TRIGGER filing_rerated AFTER UPDATE OF worth ON rating WHEN old.worth IS NOT new.worth BEGIN
        UPDATE filing SET worth = coalesce(new.worth, -1.0) WHERE item_id = new.item_id; END""",
    """CREATE TRIGGER filing_unrated AFTER DELETE ON rating BEGIN
        UPDATE filing SET worth = -1.0 WHERE item_id = old.item_id; END""",
)
_POSTGRES = (
    f"""CREATE FUNCTION filing_scored() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM filing WHERE item_id = OLD.item_id AND topic = OLD.topic;
            DELETE FROM filing WHERE item_id = NEW.item_id AND topic = NEW.topic;
        END IF;
        {_POSTGRES_ONE};
        RETURN NULL; END $$""",  # noqa: S608 - parts of this file
    # Scores that another transaction is storing at this moment are waited for: they could not be seen, and would keep
    # the old day. One that stores scores afterwards waits for this one.
    f"""CREATE FUNCTION filing_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        LOCK TABLE topic_score IN SHARE MODE;
        UPDATE filing SET placed = {_POSTGRES_PLACED.format("NEW.")}, month = NEW.month WHERE item_id = NEW.id;
        RETURN NULL; END $$""",  # noqa: S608 - parts of this file
    """CREATE FUNCTION filing_rated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'DELETE' THEN
            UPDATE filing SET worth = -1.0 WHERE item_id = OLD.item_id;
        ELSE
            UPDATE filing SET worth = coalesce(NEW.worth, -1.0) WHERE item_id = NEW.item_id;
        END IF;
        RETURN NULL; END $$""",
    f"""CREATE TRIGGER filing_scored AFTER INSERT ON topic_score FOR EACH ROW WHEN (NEW.fit >= {_SHOWN})
    EXECUTE FUNCTION filing_scored()""",
    """CREATE TRIGGER filing_rescored AFTER UPDATE OF item_id, topic, fit ON topic_score FOR EACH ROW
    EXECUTE FUNCTION filing_scored()""",
    """CREATE TRIGGER filing_moved AFTER UPDATE OF submitted, month ON item FOR EACH ROW
    WHEN (OLD.submitted IS DISTINCT FROM NEW.submitted OR OLD.month IS DISTINCT FROM NEW.month)
    EXECUTE FUNCTION filing_moved()""",
    """CREATE TRIGGER filing_rated AFTER INSERT ON rating FOR EACH ROW WHEN (NEW.worth IS NOT NULL)
    EXECUTE FUNCTION filing_rated()""",
    """CREATE TRIGGER filing_rerated AFTER UPDATE OF worth ON rating FOR EACH ROW
    WHEN (OLD.worth IS DISTINCT FROM NEW.worth) EXECUTE FUNCTION filing_rated()""",
    "CREATE TRIGGER filing_unrated AFTER DELETE ON rating FOR EACH ROW EXECUTE FUNCTION filing_rated()",
)
_TRIGGERS = {
    "topic_score": ("filing_scored", "filing_rescored"),
    "item": ("filing_moved",),
    "rating": ("filing_rated", "filing_rerated", "filing_unrated"),
}


def upgrade() -> None:
    """Bring the tables to this revision; what is stored is filed."""
    postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "filing",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("fit", sa.Float(), nullable=False),
        sa.Column("placed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("worth", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id", "topic"],
            ["topic_score.item_id", "topic_score.topic"],
            name=op.f("fk_filing_item_id_topic_topic_score"),
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", "topic", name=op.f("pk_filing")),
        sqlite_with_rowid=False,
    )
    op.execute(sa.text(_rows(_POSTGRES_PLACED if postgres else _SQLITE_PLACED).replace(":", "\\:")))
    for key in ("placed", "worth", "fit"):
        op.create_index(f"ix_filing_topic_{key}", "filing", ["topic", key, "item_id"])
    op.create_index("ix_item_submitted_month_id", "item", ["submitted", "month", "id"])
    op.drop_index("ix_rating_best_stage", table_name="rating")
    op.create_index("ix_rating_best_stage_worth", "rating", ["best_stage", "worth"])
    for statement in _POSTGRES if postgres else _SQLITE:
        op.execute(sa.text(statement.replace(":", "\\:")))


def downgrade() -> None:
    """Take the tables back to the revision before."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for table, names in _TRIGGERS.items():
        for name in names:
            op.execute(f"DROP TRIGGER {name} ON {table}" if postgres else f"DROP TRIGGER {name}")
    for function in ("filing_scored", "filing_moved", "filing_rated") if postgres else ():
        op.execute(f"DROP FUNCTION {function}()")
    op.drop_index("ix_rating_best_stage_worth", table_name="rating")
    op.create_index("ix_rating_best_stage", "rating", ["best_stage"])
    op.drop_index("ix_item_submitted_month_id", table_name="item")
    op.drop_table("filing")
