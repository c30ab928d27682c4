"""What a browser says of a page: console, script errors, dialogs, policy reports, requests to elsewhere."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Dialog, Page, Request

_STATUS = "Failed to load resource: the server responded with a status of"


class Watch:
    """Notes whatever a page says; `said` stays empty on a page that is in order.

    An error page that was gone to is in order: its own status is not noted, that of what it loads is.
    """

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self._page = page
        self._gone_to: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._note(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    def _note(self, words: str) -> None:
        self.said.append(f"{urlsplit(self._page.url).path}: {words}")

    def _console(self, message: ConsoleMessage) -> None:
        address = message.location["url"]
        if not (message.text.startswith(_STATUS) and address in self._gone_to):
            self._note(f"{message.text} {urlsplit(address).path}".strip())

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self._page.main_frame:
            self._gone_to.add(request.url.partition("#")[0])
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self._note(f"asked for {request.url}")
