"""A roadmap of two stages and three topics, small enough to judge by eye; no trained weights know it."""

from roadmap.model import Lab, Phrase, Roadmap, Stage, Text, Topic, Work


def text(words: str) -> Text:
    """Say the same in both languages."""
    return Text(words, words)


def topic(key: str, stage: int, *phrases: tuple[str, float], queries: tuple[str, ...] = ()) -> Topic:
    """Make a topic that is known by a few phrases."""
    words = key.replace("-", " ")
    return Topic(
        key=key,
        stage=stage,
        name=text(words),
        short=text(words),
        description=text(f"{words} and whatever {words} need"),
        queries=queries or (f"{words} observed", f"praise for {words}"),
        queries_ja=(),
        phrases=tuple(Phrase(*phrase) for phrase in phrases),
        near_misses=(f"market prices of {words}",),
        neighbours=(),
        prerequisites=(),
        categories=(),
    )


def lab(key: str, **known: tuple[str, ...]) -> Lab:
    """Make a lab of which only some names are known."""
    names = ("github", "hf", "hf_names", "pwc", "domains", "authors", "affiliations", "not_affiliations")
    empty: dict[str, tuple[str, ...]] = dict.fromkeys(names, ())
    return Lab(key=key, name=text(key), homepage="https://lab.example", feed=None, since=None, **{**empty, **known})


def work(key: str, stage: int, topic: str) -> Work:
    """Make an entry of the reading list."""
    words = key.replace("-", " ")
    return Work(
        key, None, "https://book.example", words, ("A. Author",), False, 2020, stage, topic, text(words), 30, (), "gold"
    )


TOY = Roadmap(
    stages=(
        Stage(1, "garden", text("Garden"), text("What grows"), ("brass-herons", "quiet-ponds")),
        Stage(2, "sky", text("Sky"), text("What flies"), ("paper-kites",)),
    ),
    topics={
        "brass-herons": topic("brass-herons", 1, ("brass heron", 1.0), ("brass herons", 1.0), ("heron casting", 0.6)),
        "quiet-ponds": topic("quiet-ponds", 1, ("quiet pond", 1.0), ("still water", 0.5)),
        "paper-kites": topic("paper-kites", 2, ("paper kite", 1.0), ("paper kites", 1.0)),
    },
    labs={
        "millpond": lab("millpond", authors=("Millpond Team",), github=("millpond",), affiliations=("Millpond Labs",))
    },
    canon=(work("brass-herons-in-full", 1, "brass-herons"), work("paper-kites-for-beginners", 2, "paper-kites")),
)
