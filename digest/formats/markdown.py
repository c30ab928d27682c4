"""The digest as Markdown (CommonMark), for notes and repositories; every word from strangers is escaped."""

import json
import re

from core.clock import iso
from digest import front, news, notices, sentences
from digest.model import Digest, Entry, StageSection
from digest.quotes import told
from digest.reasons import FILE, names_in, say_all
from digest.words import NBSP, Line, Part, Voice, voice, web

MEDIA_TYPE = "text/markdown"
SUFFIX = "md"

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")
_START = re.compile(r"^([#+=-])")
_UNSAFE = {"<": "%3C", ">": "%3E", "(": "%28", ")": "%29", "\\": "%5C"}
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")


def render(digest: Digest, lang: str) -> str:
    """Write the whole issue as Markdown, one paragraph a line."""
    v = voice(lang)
    blocks = [front_matter(digest, v), *_front(digest, v), *_hour(digest, v), _chart(digest, v)]
    for stage in digest.stages:
        blocks += _stage(digest, stage, v)
    blocks += [*_labs(digest, v), *_late(digest, v), *_second(digest, v), *_coverage(digest, v), *_cite(digest, v)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def front_matter(digest: Digest, v: Voice) -> str:
    """Write the head that note programs read: YAML, whose strings are those of JSON (yaml.org/spec/1.2.2, 1.3)."""
    moment = {"updated": iso(digest.made)} | ({"published": iso(digest.published)} if digest.published else {})
    values = {
        "title": str(v.t("%(month)s: Shirube", month=front.month(v, digest))).replace(NBSP, " "),
        "month": digest.month,
        **({"since": digest.since} if digest.since else {}),
        "lang": v.lang,
        "status": "view" if digest.since else digest.status,
        **moment,
        "considered": digest.considered,
        **({} if digest.filed is None else {"filed": digest.filed}),
        "posts": digest.posts,
        "chosen": digest.chosen,
        "minutes": digest.minutes,
        "errata": sum(banner.kind == "erratum" for banner in digest.banners),
        "model": digest.making.model,
        "shirube": digest.making.version,
        "inputs": digest.making.inputs_hash,
    }
    rows = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["---", *rows, "---"])


def written(value: Line | Part | str) -> str:
    """Write words as Markdown: links and bold where the sentence has them, everything else escaped."""
    if isinstance(value, Line):
        return "".join(written(part) for part in value.parts)
    if isinstance(value, str):
        return _escape(value)
    if value.kind == "code":
        return f"`{value.text.replace('`', '')}`"
    words = _escape(value.plain())
    if value.kind == "b":
        words = f"**{words}**"
    if value.href and web(value.href):
        return f"[{words}](<{''.join(_UNSAFE.get(char, char) for char in value.href)}>)"
    return words


def _escape(text: str) -> str:
    flat = " ".join(text.replace(NBSP, " ").split(" "))
    flat = re.sub(r"[\r\n\t\f\v\x00-\x1f\x7f]+", " ", flat)
    return _NUMBERED.sub(r"\1\\\2", _START.sub(r"\\\1", _SPECIAL.sub(r"\\\1", flat)))


def _bullets(lines: list[Line]) -> str:
    return "\n".join(f"- {written(line)}" for line in lines)


def _front(digest: Digest, v: Voice) -> list[str]:
    notes = [f"> **{written(head)}** {written(v.text(lines))}" for _, head, lines in notices.banners(v, digest, FILE)]
    facts = [
        v.tc("figure and what it counts", "%(figure)s %(what)s", figure=f, what=w) for f, w in front.facts(v, digest)
    ]
    return [
        f"# {written(front.heading(v, digest))}",
        written(front.state(v, digest)),
        *notes,
        written(v.text(front.deck(v, digest))),
        _bullets(facts),
    ]


def _hour(digest: Digest, v: Voice) -> list[str]:
    entries = front.hour_entries(digest)
    if not entries:
        return []
    names = names_in(digest)
    rows = [
        f"- **{written(v.duration(e.minutes))}** {written(v.title(e.title, href=web(e.url)))}  \n"
        f"  {written(v.text([sentences.hour_line(v, digest, e, names), sentences.gist(v, e)]))}"
        for e in entries
    ]
    note = written(v.text(front.hour_note(v, digest)))
    return [f"## {written(v.t('If you only have an hour'))}", note, "\n".join(rows)]


def _chart(digest: Digest, v: Voice) -> str:
    head = front.chart_heads(v, digest)
    rows = [
        f"| {s.number} {written(v.name(s.name))} | {v.number(s.counted)} | {v.number(s.chosen)} |"
        for s in digest.stages
    ]
    return "\n".join([f"| {' | '.join(written(cell) for cell in head)} |", "| --- | ---: | ---: |", *rows])


def _stage(digest: Digest, stage: StageSection, v: Voice) -> list[str]:
    blocks = [f"## {stage.number}\\. {written(v.name(stage.name))}", written(v.name(stage.description))]
    blocks.append(written(sentences.counts(v, stage)))
    if changed := news.changed(v, stage):
        blocks.append(written(v.text([v.t("What changed:"), *changed])))
    if stage.read_first:
        work = v.title(stage.read_first.title, href=web(stage.read_first.url))
        note = sentences.work_note(v, stage.read_first)
        blocks.append(written(sentences.reasoned(v, v.t("Read first: %(work)s", work=work), note)))
    if not stage.entries:
        blocks.append(written(v.text(sentences.nothing(v, digest, stage, FILE))))
    for entry in stage.entries:
        blocks += _entry(digest, entry, v)
    if stage.left_out:
        left = [
            sentences.reasoned(v, v.title(x.title, href=web(x.url)), sentences.left_out(v, x)) for x in stage.left_out
        ]
        blocks += [f"### {written(v.t('Left out, and why'))}", _bullets(left)]
    return blocks


def _entry(digest: Digest, entry: Entry, v: Voice) -> list[str]:
    tags = sentences.marks(v, entry)
    tags += [str(v.t("withdrawn"))] if entry.withdrawn else []
    about = [sentences.topic_name(v, entry), *tags, sentences.minutes(v, entry, digest)]
    pieces = [written(v.join([word for word in about if word]))]
    pieces += [written(piece) for piece in sentences.byline(v, digest, entry)]
    reasons = [
        v.t("%(label)s: %(line)s", label=s.label, line=s.line) for s in say_all(told(entry), v.lang, names_in(digest))
    ]
    first = sentences.read_before(v, entry)
    links = [(str(v.t("Code")), web(ref.url)) for ref in entry.code[:2]]
    named = [("PDF", web(entry.pdf_url)), *links]
    return [
        f"### {entry.number} {written(v.title(entry.title, href=web(entry.url)))}",
        " · ".join(pieces),
        written(news.stood(v, entry.stood)) if entry.stood else "",
        _summary(digest, entry, v),
        _bullets([*reasons, first] if first else reasons),
        " · ".join(written(Part(name, href=url)) for name, url in named if url),
    ]


def _summary(digest: Digest, entry: Entry, v: Voice) -> str:
    if entry.summary:
        source = sentences.summary_source(v, entry, entry.summary, digest)
        summary = v.line(v.title(entry.summary.text))
        return written(v.t("%(summary)s (%(source)s)", summary=summary, source=source) if source else summary)
    said = entry.has_abstract or digest.status == "sample"  # there the banner says so once
    return "" if said else written(sentences.title_only(v))


def _labs(digest: Digest, v: Voice) -> list[str]:
    rows = []
    for lab in digest.labs:
        count = sentences.lab_count(v, digest, lab.count)
        rows.append(f"- {written(v.t('%(label)s: %(line)s', label=v.bold(v.name(lab.name)), line=count))}")
        for line in lab.lines:
            mark = line.number or (str(v.t("post")) if line.kind == "post" else "")
            rows.append(f"  - {mark} {written(sentences.lab_title(v, line, web(line.url)))}".replace("-  ", "- "))
        rows += [f"  - {written(more)}"] if (more := sentences.lab_more(v, lab)) else []
    return [f"## {written(v.t('From the labs'))}", "\n".join(rows)] if rows else []


def _late(digest: Digest, v: Voice) -> list[str]:
    if not (digest.late or digest.late_more):
        return []
    rows = [
        v.t(
            "%(title)s (%(place)s). %(late)s",
            title=v.title(entry.title, href=web(entry.url)),
            place=sentences.late_place(v, digest, entry),
            late=sentences.late_line(v, entry),
        )
        for entry in digest.late
    ]
    return [f"## {written(v.t('Late arrivals'))}", written(sentences.late_note(v, digest)), _bullets(rows)]


def _second(digest: Digest, v: Voice) -> list[str]:
    if not (digest.second or digest.second_more):
        return []
    rows = [
        sentences.reasoned(v, news.second_title(v, look, web(look.url)), news.second_line(v, look))
        for look in digest.second
    ]
    return [f"## {written(v.t('Second looks'))}", written(news.second_note(v, digest)), _bullets(rows)]


def _coverage(digest: Digest, v: Voice) -> list[str]:
    rows = [v.t("%(label)s: %(line)s", label=what, line=figure) for what, figure in notices.coverage_rows(v, digest)]
    rows += [v.text([head, detail]) for head, detail in notices.gaps(v, digest)]
    read = notices.votes_read(v, digest)
    heading = f"## {written(notices.missing_title(v, digest))}"
    return [heading, _bullets([*rows, read] if read else rows)]


def _cite(digest: Digest, v: Voice) -> list[str]:
    return [f"## {written(v.t('Cite, take along'))}", written(v.text(front.cite(v, digest)))]
