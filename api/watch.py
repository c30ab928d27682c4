"""The outermost layer: every answer is counted by its route, and what was slow is logged; nothing of who asked is."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.headers import request_id, route_of
from api.metrics import Metrics

log = logging.getLogger("shirube.api")
SLOW = 2.0  # seconds
GONE = 499  # the client left before an answer began; the number is nginx's


class Watch:
    """Count what the app beneath answers, and how long that took."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), GONE

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except Exception:
            status = 500  # written by what stands around all layers
            raise
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = route_of(scope), scope["method"]
        self.metrics.answered(route, method, status, seconds)
        if seconds >= SLOW:
            told = {"route": route, "method": method, "status": status, "seconds": round(seconds, 3)}
            log.warning("slow_request", extra={**told, "request_id": request_id(scope)})
