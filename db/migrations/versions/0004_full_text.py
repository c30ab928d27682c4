"""Full text, kept by triggers on `item` and outside the models (docs/decisions/0018), and the lines of dumps.

SQLite: an FTS5 index without a text of its own. It reads titles and abstracts from `item` through a view; the numbers
it knows items by are in `item_fts_row`, since `item` has no number that survives VACUUM. The view may not call
json_tree (FTS5 forbids table functions there), so authors' names are written beside the number.
PostgreSQL: a side table of one tsvector per item, so that an import can fill it afterwards.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# json_tree is innocuous in every SQLite since 3.31; json_extract is not before 3.41 and fails in a trigger there.
_NAMES = "coalesce((SELECT group_concat(atom, ' ') FROM json_tree({0}authors) WHERE key = 'name'), '')"
_COLUMNS = "title, abstract, authors"
_TAKE_OUT = """INSERT INTO item_fts (item_fts, rowid, title, abstract, authors)
        SELECT 'delete', number, old.title, old.abstract, authors FROM item_fts_row WHERE item_id = old.id;"""
_PUT_IN = """INSERT INTO item_fts (rowid, title, abstract, authors)
        SELECT number, new.title, new.abstract, authors FROM item_fts_row WHERE item_id = new.id;"""

_SQLITE = (
    "CREATE TABLE item_fts_row (number INTEGER PRIMARY KEY, item_id TEXT NOT NULL UNIQUE, authors TEXT NOT NULL)",
    """CREATE VIEW item_fts_text AS SELECT r.number, i.title, i.abstract, r.authors
    FROM item_fts_row AS r JOIN item AS i ON i.id = r.item_id""",
    f"""CREATE VIRTUAL TABLE item_fts USING fts5({_COLUMNS},
    content = 'item_fts_text', content_rowid = 'number', tokenize = 'unicode61 remove_diacritics 2')""",
    # 64 MB of new words are gathered before they are written: an import writes long runs, not many short ones.
    "INSERT INTO item_fts (item_fts, rank) VALUES ('hashsize', 67108864)",
    "INSERT INTO item_fts (item_fts, rank) VALUES ('rank', 'bm25(4.0, 1.0, 2.0)')",
    f"""CREATE TRIGGER item_fts_insert AFTER INSERT ON item BEGIN
        INSERT INTO item_fts_row (item_id, authors) VALUES (new.id, {_NAMES.format("new.")});
        {_PUT_IN}
    END""",  # noqa: S608 - parts of this file
    f"""CREATE TRIGGER item_fts_delete AFTER DELETE ON item BEGIN
        {_TAKE_OUT}
        DELETE FROM item_fts_row WHERE item_id = old.id;
    END""",  # noqa: S608
    f"""CREATE TRIGGER item_fts_update AFTER UPDATE OF id, {_COLUMNS} ON item
    WHEN old.id IS NOT new.id OR old.title IS NOT new.title OR old.abstract IS NOT new.abstract
        OR old.authors IS NOT new.authors BEGIN
        {_TAKE_OUT}
        UPDATE item_fts_row SET item_id = new.id, authors = {_NAMES.format("new.")} WHERE item_id = old.id;
        {_PUT_IN}
    END""",  # noqa: S608 - parts of this file
    f"INSERT INTO item_fts_row (item_id, authors) SELECT id, {_NAMES.format('')} FROM item ORDER BY id",  # noqa: S608
    "INSERT INTO item_fts (item_fts) VALUES ('rebuild')",
)
_SQLITE_GONE = (
    *(f"DROP TRIGGER IF EXISTS item_fts_{event}" for event in ("insert", "delete", "update")),
    "DROP TABLE item_fts",
    "DROP VIEW item_fts_text",
    "DROP TABLE item_fts_row",
)

# What parts words, besides blanks: without this, PostgreSQL takes "vision/language" for the name of one file.
_SIGNS = "[!-/\u003b-@[-`{-~\u00a1-\u00bf\u2010-\u206f\u3001-\u303f\u003a]"
_POSTGRES = (
    # Accents go as on SQLite: NFKD sets them apart, then they are dropped; ASCII, nearly everything, is let through.
    # Two regular expressions are ten times quicker here than translate().
    f"""CREATE FUNCTION item_fts_plain(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT regexp_replace(CASE WHEN octet_length(given) = char_length(given) THEN given
            ELSE regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]', '', 'g') END, '{_SIGNS}', ' ', 'g') $$""",
    # A tsvector holds at most a megabyte: of ten thousand authors the first are enough.
    """CREATE FUNCTION item_fts_document(title text, abstract text, authors jsonb) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT setweight(to_tsvector('simple', item_fts_plain(title)), 'A')
            || setweight(to_tsvector('simple', item_fts_plain(left(coalesce(
                (SELECT string_agg(author ->> 'name', ' ' ORDER BY place)
                 FROM jsonb_array_elements(authors) WITH ORDINALITY AS listed(author, place)), ''), 60000))), 'B')
            || setweight(to_tsvector('simple', item_fts_plain(coalesce(abstract, ''))), 'D') $$""",
    """CREATE FUNCTION item_fts_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO item_fts (item_id, document)
        VALUES (NEW.id, item_fts_document(NEW.title, NEW.abstract, NEW.authors))
        ON CONFLICT (item_id) DO UPDATE SET document = excluded.document;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER item_fts_insert AFTER INSERT ON item FOR EACH ROW
    WHEN (current_setting('shirube.full_text', true) IS DISTINCT FROM 'suspended') EXECUTE FUNCTION item_fts_keep()""",
    f"""CREATE TRIGGER item_fts_update AFTER UPDATE OF {_COLUMNS} ON item FOR EACH ROW
    WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.abstract IS DISTINCT FROM NEW.abstract
        OR OLD.authors IS DISTINCT FROM NEW.authors) EXECUTE FUNCTION item_fts_keep()""",
    "INSERT INTO item_fts SELECT id, item_fts_document(title, abstract, authors) FROM item",
    "CREATE INDEX ix_item_fts_document ON item_fts USING gin (document)",
)
_POSTGRES_GONE = (
    "DROP TRIGGER IF EXISTS item_fts_insert ON item",
    "DROP TRIGGER IF EXISTS item_fts_update ON item",
    "DROP TABLE item_fts",
    "DROP FUNCTION item_fts_keep()",
    "DROP FUNCTION item_fts_document(text, text, jsonb)",
    "DROP FUNCTION item_fts_plain(text)",
)


def upgrade() -> None:
    """Bring the tables to this revision; what is stored is indexed."""
    op.create_table(
        "imported",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_imported_item_id_item"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "digest", name=op.f("pk_imported")),
        sqlite_with_rowid=False,
    )
    run("CREATE TABLE item_fts_state (unfinished INTEGER NOT NULL)")
    run("INSERT INTO item_fts_state VALUES (0)")
    if op.get_bind().dialect.name == "postgresql":
        op.create_table(
            "item_fts",
            sa.Column("item_id", sa.Text(), nullable=False),
            sa.Column("document", sa.dialects.postgresql.TSVECTOR(), nullable=False),
            sa.ForeignKeyConstraint(
                ["item_id"],
                ["item.id"],
                name=op.f("fk_item_fts_item_id_item"),
                ondelete="CASCADE",
                onupdate="CASCADE",
            ),
            sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item_fts")),
        )
    for statement in _POSTGRES if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        run(statement)


def downgrade() -> None:
    """Take the tables back to the revision before."""
    for statement in _POSTGRES_GONE if op.get_bind().dialect.name == "postgresql" else _SQLITE_GONE:
        run(statement)
    op.drop_table("item_fts_state")
    op.drop_table("imported")


def run(statement: str) -> None:
    """Run one statement; none holds a colon before a word, which would be a parameter."""
    op.execute(sa.text(statement))
