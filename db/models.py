"""The tables. The ORM class is the stored model; there is no mirror class (docs/decisions)."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.types import Json, UTCDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of all tables; constraints are named, so that migrations can name them too."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        dict[str, Any]: Json,
        list[Any]: Json,
        str: Text(),
    }


class Item(Base):
    """A tracked paper or post: what is believed about it, with the source of each fact in `provenance`."""

    __tablename__ = "item"
    __table_args__ = (
        CheckConstraint("kind IN ('paper', 'post')", name="kind"),
        Index("ix_item_month_id", "month", "id"),
        Index("ix_item_month_submitted", "month", "submitted"),
        Index("ix_item_folded_title", "folded_title"),
        Index("ix_item_submitted_month_id", "submitted", "month", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    arxiv_id: Mapped[str | None] = mapped_column(unique=True)
    title: Mapped[str]
    folded_title: Mapped[str]
    abstract: Mapped[str | None]
    authors: Mapped[list[Any]]  # [{"name", "affiliation"}]
    categories: Mapped[list[Any]]  # primary first
    submitted: Mapped[datetime | None]
    submitted_from: Mapped[str | None] = mapped_column(String(8))  # arxiv | hf | id
    feed_date: Mapped[date | None]
    announced: Mapped[date | None]
    first_seen: Mapped[datetime]
    updated: Mapped[datetime]  # when what we believe last changed
    month: Mapped[str] = mapped_column(String(7))
    version: Mapped[int | None]
    withdrawn: Mapped[bool] = mapped_column(default=False)
    url: Mapped[str]
    pdf_url: Mapped[str | None]
    doi: Mapped[str | None] = mapped_column(index=True)
    journal_ref: Mapped[str | None]
    comment: Mapped[str | None]
    votes: Mapped[int | None]
    votes_at: Mapped[datetime | None]
    discussion: Mapped[int | None]
    daily_date: Mapped[date | None]
    organization: Mapped[str | None]
    organizations: Mapped[list[Any]]
    project_url: Mapped[str | None]
    keywords: Mapped[list[Any]]
    tasks: Mapped[list[Any]]
    sources: Mapped[list[Any]]  # names, sorted; ["recorded"] alone marks an item of the recorded month
    provenance: Mapped[dict[str, Any]]  # field -> [source, as_of], and what ingest.rows adds

    code: Mapped[list["Code"]] = relationship(lazy="raise", order_by="Code.url")
    topics: Mapped[list["TopicScore"]] = relationship(lazy="raise", order_by="TopicScore.fit.desc(), TopicScore.topic")
    labs: Mapped[list["LabScore"]] = relationship(lazy="raise", order_by="LabScore.confidence.desc(), LabScore.lab")
    rating: Mapped["Rating | None"] = relationship(lazy="raise")


class Code(Base):
    """A repository said to hold an item's code, by whom it was said and when it was last checked."""

    __tablename__ = "code"

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    official: Mapped[bool | None]
    stars: Mapped[int | None]
    source: Mapped[str]
    first_seen: Mapped[datetime]
    checked_at: Mapped[datetime]


class Version(Base):
    """One version of a paper as arXiv numbers them, with the moment it was submitted."""

    __tablename__ = "version"
    __table_args__ = ({"sqlite_with_rowid": False},)

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime]


class History(Base):
    """A number that grows (votes, discussion, stars of a repository): each value with the first time it was read."""

    __tablename__ = "history"
    __table_args__ = (CheckConstraint("what IN ('votes', 'discussion', 'stars')", name="what"),)

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    what: Mapped[str] = mapped_column(String(12), primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)  # the repository's address for stars, else empty
    value: Mapped[int] = mapped_column(primary_key=True)
    first_at: Mapped[datetime]


class Alias(Base):
    """A value that an item was once told by and others still may: a title, a DOI, a first author, a year, a post's id.

    Kept so that matching does not depend on which claim came last; an item that was always told by one has none.
    """

    __tablename__ = "alias"
    __table_args__ = (
        CheckConstraint("kind IN ('id', 'doi', 'title', 'author', 'year')", name="kind"),
        Index("ix_alias_kind_value", "kind", "value"),
    )

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)


class Note(Base):
    """What was said of a paper before anyone named it (its deletion, its code): no item, but kept until it is one."""

    __tablename__ = "note"

    id: Mapped[str] = mapped_column(primary_key=True)  # the arXiv id
    claims: Mapped[dict[str, Any]]  # ingest.rows.to_note


class Evidence(Base):
    """A fact that speaks for a lab and that only a source knows, such as a link from the lab's feed."""

    __tablename__ = "evidence"

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    lab: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    detail: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    seen_at: Mapped[datetime]


class Imported(Base):
    """A line of a dump that was read into an item, as a digest: the next dump pays only for lines that are not here."""

    __tablename__ = "imported"
    __table_args__ = ({"sqlite_with_rowid": False},)

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Window(Base):
    """The ledger: one stretch of days asked of one channel of one source, and what came of it."""

    __tablename__ = "window"
    __table_args__ = (
        UniqueConstraint("source", "channel", "from_day", "to_day"),
        CheckConstraint("state IN ('open', 'closed', 'stale', 'error')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    channel: Mapped[str]
    from_day: Mapped[date]
    to_day: Mapped[date]
    state: Mapped[str] = mapped_column(String(8))
    expected: Mapped[int | None]
    received: Mapped[int] = mapped_column(default=0)
    stored: Mapped[int] = mapped_column(default=0, server_default="0")  # of those received: new or changed
    unchanged: Mapped[int] = mapped_column(default=0, server_default="0")
    errors: Mapped[int] = mapped_column(default=0)  # entries kept in ingest_error
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    token: Mapped[str | None]  # where an interrupted reading goes on; what was received before it is counted above
    # What an unchanged answer is told by (RFC 9110, 8.8), once it was stored in full, behind a digest of its address.
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    checked_at: Mapped[datetime | None]  # of the last reading or recount
    closed_at: Mapped[datetime | None]
    asked: Mapped[str | None]  # the categories it was complete for (db.followed); NULL: not noted
    newest: Mapped[date | None]  # of a dump: the newest day it tells of


class Place(Base):
    """A place requests go to, shared between processes: whose turn it is, the last request, how long to stay away."""

    __tablename__ = "place"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    last_at: Mapped[datetime | None]  # when the server had surely begun with the last request
    closed_until: Mapped[datetime | None]
    why: Mapped[str | None]


class IngestError(Base):
    """A record that could not be read, kept as received so that nothing is lost."""

    __tablename__ = "ingest_error"

    id: Mapped[int] = mapped_column(primary_key=True)
    window_id: Mapped[int] = mapped_column(ForeignKey("window.id", ondelete="CASCADE"), index=True)
    item_id: Mapped[str | None]
    reason: Mapped[str]
    raw: Mapped[bytes] = mapped_column(LargeBinary)  # capped at 64 kB
    raw_hash: Mapped[str] = mapped_column(String(32))
    seen_at: Mapped[datetime]


class Embedding(Base):
    """The vector of an item's text by one model at one precision; `text_hash` tells when it must be made anew."""

    __tablename__ = "embedding"

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)  # name@precision
    text_hash: Mapped[str] = mapped_column(String(32))
    vector: Mapped[bytes] = mapped_column(LargeBinary)  # float16, little endian, L2 = 1
    made_at: Mapped[datetime]
    item_updated: Mapped[datetime | None]  # `item.updated` of the text compared: another one is looked at again


class TopicScore(Base):
    """How well an item fits a topic, 0 to 1 (0.5 = file it here), and the phrase that earned it."""

    __tablename__ = "topic_score"
    __table_args__ = (Index("ix_topic_score_topic_fit", "topic", "fit"),)

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    topic: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[int]
    fit: Mapped[float]
    why: Mapped[dict[str, Any]]  # {"phrase", "field": title|abstract, "signals": {...}}


class LabScore(Base):
    """A lab an item is believed to come from, how surely, and by which evidence."""

    __tablename__ = "lab_score"
    __table_args__ = (Index("ix_lab_score_lab", "lab"),)

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    lab: Mapped[str] = mapped_column(primary_key=True)
    confidence: Mapped[float]
    evidence: Mapped[list[Any]]  # [{"kind", "detail"}], strongest first


class Rating(Base):
    """What ranking says of an item as a whole: best topic and stage, worth, reasons, summary, type."""

    __tablename__ = "rating"
    __table_args__ = (Index("ix_rating_worth", "worth"), Index("ix_rating_best_stage_worth", "best_stage", "worth"))

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str]
    input_hash: Mapped[str] = mapped_column(String(32))  # of everything ranking read: nothing is ranked twice
    best_topic: Mapped[str | None]
    best_stage: Mapped[int | None]
    worth: Mapped[float | None]  # null: no topic fits, so worth means nothing
    reasons: Mapped[list[Any]]  # [{"kind", "facts", "share"}], core.scores.Reason
    summary: Mapped[dict[str, Any] | None]  # {"text", "kind": extractive|machine, "model", "created"}
    read_first: Mapped[list[Any]]  # canon keys
    type: Mapped[str | None] = mapped_column(String(12))  # survey, benchmark, dataset, method; null: not told
    minutes: Mapped[int]
    minutes_guessed: Mapped[bool]
    ranked_at: Mapped[datetime]
    item_updated: Mapped[datetime | None]  # `item.updated` of what was rated: another one is ranked again


class MachineSummary(Base):
    """One text asked of a model endpoint, and what came: nothing is paid for twice, whatever becomes of the item."""

    __tablename__ = "machine_summary"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)  # of the whole request, model and task included
    item_id: Mapped[str]
    model: Mapped[str]
    requests: Mapped[int]
    asked_at: Mapped[datetime] = mapped_column(index=True)  # of the last request
    text: Mapped[str | None]
    refusal: Mapped[str | None]  # why the answer may not be shown; neither: no answer came yet


class Shortlist(Base):
    """The ordered candidates of one month and stage, near-twins folded; about 40 rows each."""

    __tablename__ = "shortlist"

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    stage: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), index=True)
    section: Mapped[str] = mapped_column(String(8), default="main")  # main | left-out
    twins: Mapped[list[Any]]  # ids folded under this one
    reason: Mapped[str | None]  # why it was left out


class Issue(Base):
    """One month's digest as stored: the Digest value as JSON; page, mail, feed and API render this row."""

    __tablename__ = "issue"
    __table_args__ = (CheckConstraint("status IN ('draft', 'sample', 'final')", name="status"),)

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    status: Mapped[str] = mapped_column(String(8))
    digest: Mapped[dict[str, Any]]
    inputs_hash: Mapped[str] = mapped_column(String(32))
    made_at: Mapped[datetime]  # of the last change of its inputs, not of the clock
    published_at: Mapped[datetime | None]
    erratum: Mapped[list[Any]]  # [{"date", "item_id", "kind", "detail"}]


class IssueItem(Base):
    """An item considered in a final issue, and whether it was printed: considered in one, printed at most once."""

    __tablename__ = "issue_item"

    item_id: Mapped[str] = mapped_column(ForeignKey("item.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[str] = mapped_column(ForeignKey("issue.month"), index=True)
    printed: Mapped[bool]


class Subscriber(Base):
    """A person who asked for the digest, and confirmed it or was added by the operator."""

    __tablename__ = "subscriber"
    __table_args__ = (CheckConstraint("state IN ('pending', 'active', 'left', 'suppressed')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)  # normalised, for comparison
    lang: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(12))
    state_at: Mapped[datetime | None]  # when it last changed; null: never
    state_why: Mapped[str | None]
    stages: Mapped[list[Any]]
    topics: Mapped[list[Any]]
    labs: Mapped[list[Any]]
    minutes: Mapped[int | None]
    consent_source: Mapped[str]
    consent_at: Mapped[datetime]
    created: Mapped[datetime]
