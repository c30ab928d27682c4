"""The curriculum in its wire shapes: stages, works of the reading lists, topics, labs."""

from api.schemas import CanonWorkJson, LabJson, NamesJson, StageJson, TopicJson
from api.site import Site
from roadmap.model import Lab, Stage, Text, Topic, Work


def stage_json(stage: Stage) -> StageJson:
    """Write a stage in its wire shape."""
    return {
        "number": stage.number,
        "key": stage.key,
        "name": _names(stage.name),
        "description": _names(stage.description),
        "topics": list(stage.topics),
    }


def work_json(work: Work) -> CanonWorkJson:
    """Write a work of the reading list."""
    return {
        "key": work.key,
        "arxiv_id": work.arxiv_id,
        "url": work.url,
        "title": work.title,
        "authors": list(work.authors),
        "others": work.others,
        "year": work.year,
        "stage": work.stage,
        "topic": work.topic,
        "why": _names(work.why),
        "minutes": work.minutes,
        "prerequisites": list(work.prerequisites),
    }


def topic_json(site: Site, topic: Topic) -> TopicJson:
    """Write a topic, with its feed's address."""
    return {
        "key": topic.key,
        "stage": topic.stage,
        "name": _names(topic.name),
        "description": _names(topic.description),
        "prerequisites": list(topic.prerequisites),
        "feed": site.options.absolute(site.links.topic_feed(topic.key)),
    }


def lab_json(lab: Lab) -> LabJson:
    """Write a lab."""
    return {"key": lab.key, "name": _names(lab.name), "homepage": lab.homepage, "feed": lab.feed}


def _names(text: Text) -> NamesJson:
    return {"en": text.en, "ja": text.ja}
