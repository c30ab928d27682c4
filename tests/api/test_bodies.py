"""A request's body, part by part: counted as it comes, given up where it drips (reliability.md, 37)."""

from contextlib import suppress
from typing import Any
from unittest import mock

import anyio
import pytest
from starlette.types import Receive

from api.bodies import MOST_BYTES, bounded
from api.errors import Problem


def test_a_body_is_counted_as_it_comes() -> None:
    parts = [{"type": "http.request", "body": b"a" * 16_384, "more_body": True} for _ in range(3)]

    async def receive() -> Any:
        return parts.pop()

    async def read() -> int:
        receiving, count = bounded(receive), 0
        with suppress(Problem):
            while True:
                await receiving()
                count += 1
        return count

    assert anyio.run(read) == MOST_BYTES // 16_384


async def _to_the_end(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


def test_a_body_that_drips_is_given_up_and_the_wait_for_the_end_is_not() -> None:
    async def never() -> Any:
        await anyio.sleep_forever()

    async def drip() -> Any:
        await anyio.sleep(0.001)
        return {"type": "http.request", "body": b"a", "more_body": True}

    async def whole() -> Any:
        return {"type": "http.request", "body": b"a", "more_body": False}

    async def read() -> None:
        for receive in (never, drip):
            with pytest.raises(Problem) as raised:
                await _to_the_end(bounded(receive, seconds=0.05))
            assert raised.value.status == 408
        receiving = bounded(mock.AsyncMock(side_effect=[await whole(), {"type": "http.disconnect"}]), seconds=0.0)
        await anyio.sleep(0.01)
        assert (await receiving())["body"] == b"a"
        assert (await receiving())["type"] == "http.disconnect"

    anyio.run(read)
