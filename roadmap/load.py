"""Reads a curriculum from a folder of TOML files and refuses one that is not whole, naming all its problems."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core.errors import ShirubeError
from roadmap.fields import Fields, Problems
from roadmap.model import Lab, Phrase, Roadmap, Stage, Term, Topic, Work

PACKAGED = Path(__file__).parent
STAGES, LABS, CANON, APPLIED, TOPICS = "stages.toml", "labs.toml", "canon.toml", "applied.toml", "topics"
GLOSSARY = "glossary.toml"
CHECKED = ("corpus", "gold", "memory")
ARXIV_ID = re.compile(r"\d{4}\.\d{4,5}|[a-z]+(-[a-z]+)?/\d{7}")
COINED = re.compile(r"[\w.-]*\w[A-Z0-9][\w.-]*")  # a capital or figure within a word: LoRA, BLIP-2; not Fine-Tuning
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class RoadmapError(ShirubeError):
    """The curriculum's files contradict themselves; the message lists every problem found, `problems` one by one."""

    def __init__(self, folder: Path, problems: list[str]) -> None:
        heading = f"The roadmap in {folder} is not whole (problems: {len(problems)}):"
        super().__init__("\n".join([heading, *problems]), "Correct the files named, then start again")
        self.problems = tuple(problems)


def load_roadmap(directory: Path | None = None) -> Roadmap:
    """Read the curriculum in a folder (default: the packaged one); RoadmapError lists all that is wrong with it."""
    folder = PACKAGED if directory is None else Path(directory)
    problems = Problems()
    stages = _stages(folder, problems)
    topics = _topics(folder, stages, problems)
    labs = _labs(folder, problems)
    canon = _canon(folder, problems)
    applied = _applied(folder, problems)
    glossary = _glossary(folder, problems)
    if stages:  # without them every topic would be said to be none
        _check_topics(topics, stages, problems)
    _check_canon(canon, stages, topics, problems)
    if problems.lines:
        raise RoadmapError(folder, problems.lines)
    return Roadmap(stages, topics, {lab.key: lab for lab in labs}, canon, applied, glossary)


def _read(path: Path, name: str, problems: Problems) -> dict[str, object] | None:
    """Read one TOML file; None, and one problem rather than one per missing key, when it cannot be read.

    It may begin with the mark that some editors put before UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        problems.add(name, "file", f"is missing; write it in {path.parent}")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.add(name, "file", f"cannot be read ({error}); correct it")
    return None


def _rows(folder: Path, name: str, kind: str, problems: Problems) -> Iterator[Fields]:
    """Yield the tables of one kind in a file, each under its own key; anything else in the file is a problem."""
    content = _read(folder / name, name, problems)
    if content is None:
        return
    for other in sorted(content.keys() - {kind}):
        problems.add(name, other, f"is not a known key; delete it or write [[{kind}]] tables")
    rows = content.get(kind, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.add(name, kind, f"should be a list of tables; write each as [[{kind}]]")
        return
    for index, row in enumerate(rows, start=1):
        yield Fields(name, str(row.get("key", f"{kind} {index}")), row, problems)


def _key(fields: Fields) -> str:
    key = fields.string("key")
    if key and not KEY.fullmatch(key):
        fields.problem("key", f"should be lowercase words joined by hyphens, is {key!r}; rename it")
    return key


def _report_twice(values: Iterable[str], file: str, what: str, problems: Problems) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            problems.add(file, value, what)
        seen.add(value)


def _stages(folder: Path, problems: Problems) -> tuple[Stage, ...]:
    stages = tuple(_stage(fields) for fields in _rows(folder, STAGES, "stage", problems))
    if not stages and not problems.lines:  # else the file was not understood, and that is said
        problems.add(STAGES, "stage", "has no stage; write at least one [[stage]]")
    numbers = [stage.number for stage in stages]
    if numbers != list(range(1, len(stages) + 1)):
        problems.add(STAGES, "number", f"should count 1, 2, 3 ... in file order, is {numbers}; renumber")
    _report_twice((stage.key for stage in stages), STAGES, "is the key of two stages; rename one", problems)
    topics = (topic for stage in stages for topic in stage.topics)
    _report_twice(topics, STAGES, "stands in two stages; leave it in one", problems)
    return stages


def _stage(fields: Fields) -> Stage:
    stage = Stage(
        number=fields.integer("number", 1, 99),
        key=_key(fields),
        name=fields.text("name"),
        description=fields.text("description"),
        topics=fields.strings("topics", required=True),
    )
    fields.finish()
    return stage


def _topics(folder: Path, stages: tuple[Stage, ...], problems: Problems) -> dict[str, Topic]:
    """Read the topics in the order of the stages; files and stages must name the same topics."""
    files = {path.stem: path for path in sorted((folder / TOPICS).glob("*.toml"))}
    named = {key: stage for stage in reversed(stages) for key in stage.topics}  # of two stages the first has it
    for key in sorted(named.keys() - files.keys()):
        problems.add(STAGES, f"{named[key].key}.topics", f"{key!r} has no file; write {TOPICS}/{key}.toml")
    for key in sorted(files.keys() - named.keys()) if stages else ():
        problems.add(f"{TOPICS}/{key}.toml", key, f"is a topic in no stage; add it to one in {STAGES}")
    read = {key: _topic(files[key], key, named[key].number if key in named else 0, problems) for key in files}
    ordered = (key for stage in stages for key in stage.topics)
    topics = {key: topic for key in ordered if (topic := read.get(key))}
    return {key: _neighbourly(topic, topics) for key, topic in topics.items()}


def _neighbourly(topic: Topic, topics: dict[str, Topic]) -> Topic:
    """Let a topic name as its neighbours those that name it too, so that a new one is said in its own file alone."""
    others = (key for key, other in topics.items() if topic.key in other.neighbours and key not in topic.neighbours)
    return replace(topic, neighbours=(*topic.neighbours, *others))


def _topic(path: Path, key: str, stage: int, problems: Problems) -> Topic | None:
    name = f"{TOPICS}/{path.name}"
    content = _read(path, name, problems)
    if content is None:
        return None
    fields = Fields(name, key, content, problems)
    if not KEY.fullmatch(key):
        fields.problem("", "the file's name should be lowercase words joined by hyphens; rename it")
    topic = Topic(
        key=key,
        stage=stage,
        name=fields.text("name"),
        short=fields.text("short"),
        description=fields.text("description"),
        queries=fields.strings("queries", required=True),
        queries_ja=fields.strings("queries_ja"),
        phrases=fields.phrases("phrases"),
        near_misses=fields.strings("near_misses"),
        neighbours=fields.strings("neighbours"),
        prerequisites=fields.strings("prerequisites"),
        categories=fields.strings("categories"),
    )
    fields.finish()
    return topic


def _check_topics(topics: dict[str, Topic], stages: tuple[Stage, ...], problems: Problems) -> None:
    known = {key for stage in stages for key in stage.topics}
    for topic in topics.values():
        for name, keys in (("neighbours", topic.neighbours), ("prerequisites", topic.prerequisites)):
            for key in keys:
                if key not in known or key == topic.key:
                    what = f"{key!r} is not another topic; use the key of a file in {TOPICS}/"
                    problems.add(f"{TOPICS}/{topic.key}.toml", f"{topic.key}.{name}", what)


def _labs(folder: Path, problems: Problems) -> tuple[Lab, ...]:
    """Read the labs to watch; a curriculum without the file watches none."""
    if not (folder / LABS).exists():
        return ()
    labs = tuple(_lab(fields) for fields in _rows(folder, LABS, "lab", problems))
    _report_twice((lab.key for lab in labs), LABS, "is the key of two labs; rename one", problems)
    return labs


def _lab(fields: Fields) -> Lab:
    lab = Lab(
        key=_key(fields),
        name=fields.text("name"),
        homepage=_url(fields, "homepage"),
        feed=_url(fields, "feed", required=False) or None,
        github=fields.strings("github"),
        hf=fields.strings("hf"),
        hf_names=fields.strings("hf_names"),
        pwc=fields.strings("pwc"),
        domains=fields.strings("domains"),
        authors=fields.strings("authors"),
        affiliations=fields.strings("affiliations"),
        not_affiliations=fields.strings("not_affiliations"),
        since=fields.string("since", required=False) or None,
    )
    if lab.since and not re.fullmatch(r"\d{4}-\d{2}", lab.since):
        fields.problem("since", f"should be a month such as 2023-04, is {lab.since!r}; correct it")
    fields.finish()
    return lab


def _url(fields: Fields, name: str, required: bool = True) -> str:
    url = fields.string(name, required)
    if url and not re.fullmatch(r"https?://[^\s/]+\.[^\s/]+(/\S*)?", url):
        fields.problem(name, f"should be a web address, is {url!r}; correct it")
    return url


def _canon(folder: Path, problems: Problems) -> tuple[Work, ...]:
    """Read the reading list; a curriculum without the file has none."""
    if not (folder / CANON).exists():
        return ()
    return tuple(_work(fields) for fields in _rows(folder, CANON, "work", problems))


def _applied(folder: Path, problems: Problems) -> tuple[Phrase, ...]:
    """Read the words of fields a method may merely be applied to; a curriculum without the file knows none."""
    if not (folder / APPLIED).exists():
        return ()
    content = _read(folder / APPLIED, APPLIED, problems)
    if content is None:
        return ()
    fields = Fields(APPLIED, "applied", content, problems)
    phrases = fields.phrases("phrases")
    fields.finish()
    return phrases


def _glossary(folder: Path, problems: Problems) -> tuple[Term, ...]:
    """Read the words of the field in both languages; a curriculum without the file knows its own names alone."""
    if not (folder / GLOSSARY).exists():
        return ()
    content = _read(folder / GLOSSARY, GLOSSARY, problems)
    if content is None:
        return ()
    fields = Fields(GLOSSARY, "glossary", content, problems)
    terms, second = fields.terms("terms"), fields.lists("second")
    for ja in sorted(second.keys() - {term.ja for term in terms if len(term.en) > 1}):
        fields.problem("second", f"{ja!r} has no second English name under terms; give it one or delete the line")
    fields.finish()
    return tuple(replace(term, beside=second.get(term.ja, ())) for term in terms)


def _work(fields: Fields) -> Work:
    arxiv_id = fields.string("arxiv_id", required=False)
    if arxiv_id and not ARXIV_ID.fullmatch(arxiv_id):
        fields.problem("arxiv_id", f"{arxiv_id!r} is not an arXiv id such as 1706.03762 without version; correct it")
    # The address follows from the id, so that only books and courses need to write one.
    url = _url(fields, "url", required=not arxiv_id) or f"https://arxiv.org/abs/{arxiv_id}"
    title = fields.string("title")
    work = Work(
        key=_key(fields),
        arxiv_id=arxiv_id or None,
        url=url,
        title=title,
        authors=fields.strings("authors", required=True),
        others=fields.boolean("others"),
        year=fields.integer("year", 1700, 2200),
        stage=fields.integer("stage", 1, 99),
        topic=fields.string("topic"),
        why=fields.text("why"),
        minutes=fields.integer("minutes", 1, 6000),
        prerequisites=fields.strings("prerequisites"),
        checked=fields.string("checked"),
        names=_names(fields, title),
    )
    if work.checked and work.checked not in CHECKED:
        fields.problem("checked", f"should be one of {', '.join(CHECKED)}, is {work.checked!r}; correct it")
    fields.finish()
    return work


def _names(fields: Fields, title: str) -> tuple[str, ...]:
    """Give what a work is called by: the coined word that its title begins with, and the names that are written."""
    written = fields.strings("names")
    for name in written:
        if not re.search(r"\w", name) or name != " ".join(name.split()):
            fields.problem("names", f"{name!r} should be words, parted by one space or hyphen; correct it")
    head, colon, _ = title.partition(":")
    coined = (head,) if colon and COINED.fullmatch(head) else ()
    return tuple(dict.fromkeys((*coined, *written)))


def _check_canon(
    canon: tuple[Work, ...], stages: tuple[Stage, ...], topics: dict[str, Topic], problems: Problems
) -> None:
    _report_twice((work.key for work in canon), CANON, "is the key of two works; rename one", problems)
    ids = (work.arxiv_id for work in canon if work.arxiv_id)
    _report_twice(ids, CANON, "is the arXiv id of two works; delete one", problems)
    keys = {work.key for work in canon}
    for work in canon:
        if stages:
            _check_place(work, stages, topics, problems)
        for key in work.prerequisites:
            if key not in keys or key == work.key:
                problems.add(CANON, f"{work.key}.prerequisites", f"{key!r} is not another work's key; correct it")


def _check_place(work: Work, stages: tuple[Stage, ...], topics: dict[str, Topic], problems: Problems) -> None:
    if work.stage not in {stage.number for stage in stages}:
        problems.add(CANON, f"{work.key}.stage", f"there is no stage {work.stage}; use a number in {STAGES}")
    elif work.topic not in {topic for stage in stages for topic in stage.topics}:
        problems.add(CANON, f"{work.key}.topic", f"{work.topic!r} is not a topic; use the key of a file in {TOPICS}/")
    elif work.topic in topics and topics[work.topic].stage != work.stage:
        what = f"is {work.stage}, but its topic {work.topic!r} is in stage {topics[work.topic].stage}; correct one"
        problems.add(CANON, f"{work.key}.stage", what)
