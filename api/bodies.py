"""Bodies of requests: bounded in size and in the time they may take, whoever reads them."""

from http import HTTPStatus

import anyio
from starlette.types import Message, Receive

from api.errors import Problem

MOST_BYTES = 32_768  # every stage, topic and lab ticked makes two thousand
MOST_SECONDS = 20.0  # for all of it, first byte to last


def too_long() -> Problem:
    """Say that a body is too long."""
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is longer than {MOST_BYTES} bytes", "Send less")


def bounded(receive: Receive, most: int = MOST_BYTES, seconds: float = MOST_SECONDS) -> Receive:
    """Count what comes in, whatever length was announced; raises Problem 413 or 408 to whoever reads on.

    When the body is complete, what follows is the wait for the end of the connection, which may take long.
    """
    taken, more, end = 0, True, 0.0

    async def receiving() -> Message:
        nonlocal taken, more, end
        if not more:
            return await receive()
        end = end or anyio.current_time() + seconds  # most requests have no body, and nobody asks for it
        try:
            with anyio.fail_after(max(0.0, end - anyio.current_time())):
                message = await receive()
        except TimeoutError as problem:
            raise Problem(408, f"The body took longer than {seconds:g} seconds", "Send it in one go") from problem
        taken += len(message.get("body", b""))
        more = bool(message.get("more_body"))
        if taken > most:
            raise too_long()
        return message

    return receiving
