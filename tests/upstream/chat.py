"""A model endpoint in the form of OpenAI's chat completions: it summarises as told, honestly or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.upstream.answer import Answer, as_json

ROUTE = "/v1/chat/completions"
KEY = "sk-invented-0123456789"

Says = Callable[[str, str], str]  # of title and abstract: the content of the message


def honest(title: str, abstract: str) -> str:
    """Say the abstract's first two sentences in the form that was asked for."""
    return summary(". ".join(abstract.split(". ")[:2]).rstrip(".") + ".")


def summary(text: str) -> str:
    """Write a text in the form that was asked for."""
    return json.dumps({"summary": text})


class Chat:
    """What the model says and how it ends; tests set both."""

    def __init__(self) -> None:
        """Start honest."""
        self.asked: list[dict[str, Any]] = []
        self.reset()

    def reset(self) -> None:
        """Be honest again and forget what was asked."""
        self.says: Says = honest
        self.finish_reason = "stop"
        self.asked.clear()

    def answer(self, body: str) -> Answer:
        """Answer one request; one without schema, limit or a message of the user is refused as real servers do."""
        try:
            asked = json.loads(body)
            form = asked["response_format"]
            paper = json.loads(asked["messages"][-1]["content"])
            strict = form["type"] == "json_schema" and form["json_schema"]["schema"]["additionalProperties"] is False
        except (ValueError, KeyError, IndexError, TypeError) as problem:
            return as_json({"error": {"message": f"not understood: {problem!r}", "type": "invalid_request_error"}}, 400)
        if not strict or asked["max_tokens"] > 500:
            return as_json({"error": {"message": "no schema or no limit", "type": "invalid_request_error"}}, 400)
        self.asked.append(asked)
        return as_json(self._completion(asked["model"], self.says(paper["title"], paper["abstract"])))

    def _completion(self, model: str, content: str) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": content, "refusal": None},
            "logprobs": None,
            "finish_reason": self.finish_reason,
        }
        usage = {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360}
        return {
            "id": "chatcmpl-invented",
            "object": "chat.completion",
            "created": 1_780_000_000,
            "model": model,
            "choices": [choice],
            "usage": usage,
        }
