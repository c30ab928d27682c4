"""Which papers come from which laboratory, and the traces that show it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.upstream.chance import number
from tests.upstream.decoration import daily, slug
from tests.upstream.model import Author, Paper, Repo


@dataclass(frozen=True)
class Lab:
    """The names a laboratory goes by in the different sources."""

    key: str
    affiliation: str
    collective: str
    handle: str
    fullname: str
    owner: str
    organization: str


LABS = (
    Lab("openai", "OpenAI", "OpenAI", "openai", "OpenAI", "openai", "OpenAI"),
    Lab("deepseek", "DeepSeek-AI", "DeepSeek-AI", "deepseek-ai", "DeepSeek", "deepseek-ai", "DeepSeek"),
    Lab("qwen", "Qwen Team, Alibaba Group", "Qwen Team", "Qwen", "Qwen", "QwenLM", "Qwen"),
    Lab("anthropic", "Anthropic", "Anthropic", "Anthropic", "Anthropic", "anthropics", "Anthropic"),
    Lab("google-deepmind", "Google DeepMind", "Gemma Team", "deepmind", "Deepmind", "google-deepmind", "DeepMind"),
    Lab("meta-fair", "FAIR at Meta", "Llama Team", "facebook", "AI at Meta", "facebookresearch", "Meta AI"),
)
# deepseek keeps no feed, so it has no posts either.
WITHOUT_FEED = ("deepseek",)
KINDS = ("affiliation", "collective", "hf", "github", "pwc", "feed")


def assign(paper: Paper, turn: int) -> None:
    """Make the paper one of a laboratory's: labs take turns, and so do the kinds of evidence."""
    lab = LABS[turn % len(LABS)]
    paper.lab = lab.key
    first = KINDS[(turn + turn // len(LABS)) % len(KINDS)]
    # A second trace for every other paper: real records often agree with each other.
    second = KINDS[(turn + turn // len(LABS) + 3) % len(KINDS)]
    for kind in [first, second] if turn % 2 else [first]:
        # Without a feed there is no link in one: such a paper is signed by the team.
        _trace(paper, lab, "collective" if kind == "feed" and lab.key in WITHOUT_FEED else kind)


def _trace(paper: Paper, lab: Lab, kind: str) -> None:
    """Leave one trace of the laboratory; a feed's link is made where the posts are."""
    paper.evidence.append(kind)
    if kind == "affiliation":
        paper.authors = [Author(author.name, lab.affiliation) for author in paper.authors]
    elif kind == "collective":
        paper.authors = [Author(lab.collective), *paper.authors]
    elif kind == "hf":
        paper.daily = paper.daily or daily(paper)
        paper.daily.organization = (lab.handle, lab.fullname)
    elif kind == "github":
        paper.repo = Repo(lab.owner, slug(paper.title), 40 + number(paper.arxiv_id, 4000))
    elif kind == "pwc":
        paper.catalogued = True
        paper.organizations = [lab.organization]
