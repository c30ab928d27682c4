"""The curriculum as the API tells it: stages with their reading lists, topics, labs."""

from fastapi import APIRouter, Response

from api.curriculum import lab_json, stage_json, topic_json, work_json
from api.errors import Problem
from api.replies import json_reply
from api.schemas import CanonJson, LabsJson, StagesJson, TopicsJson
from api.site import TheSite

router = APIRouter(prefix="/api/v1", tags=["roadmap"])


@router.get("/stages", responses={200: {"model": StagesJson}}, response_class=Response)
def stages(site: TheSite) -> Response:
    """List the stages of the road, in order."""
    body: StagesJson = {"items": [stage_json(stage) for stage in site.roadmap.stages], "next": None}
    return json_reply(body)


@router.get("/stages/{number}/canon", responses={200: {"model": CanonJson}}, response_class=Response)
def canon(site: TheSite, number: int) -> Response:
    """List the works to read in a stage, in the order to read them, each with one sentence on why."""
    if number not in {stage.number for stage in site.roadmap.stages}:
        raise Problem(404, f"There is no stage {number}", "See /api/v1/stages for those there are")
    body: CanonJson = {"items": [work_json(work) for work in site.roadmap.canon_of(number)], "next": None}
    return json_reply(body)


@router.get("/topics", responses={200: {"model": TopicsJson}}, response_class=Response)
def topics(site: TheSite) -> Response:
    """List the topics papers are filed under, in study order, each with its feed."""
    body: TopicsJson = {"items": [topic_json(site, topic) for topic in site.roadmap.topics.values()], "next": None}
    return json_reply(body)


@router.get("/labs", responses={200: {"model": LabsJson}}, response_class=Response)
def labs(site: TheSite) -> Response:
    """List the labs that are watched."""
    body: LabsJson = {"items": [lab_json(lab) for lab in site.roadmap.labs.values()], "next": None}
    return json_reply(body)
