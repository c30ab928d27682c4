"""What a browser says of a page: console, script errors, dialogs, policy reports, requests to elsewhere."""

from urllib.parse import urlsplit

from playwright.sync_api import Dialog, Page, Request

_STATUS = "Failed to load resource: the server responded with a status of"  # an error page that was asked for


class Watch:
    """Notes whatever a page says; `said` stays empty on a page that is in order."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self._page = page
        page.on("console", lambda message: self._note(message.text))
        page.on("pageerror", lambda error: self._note(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", self._request)

    def _note(self, words: str) -> None:
        if not words.startswith(_STATUS):
            self.said.append(f"{urlsplit(self._page.url).path}: {words}")

    def _dialog(self, dialog: Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self._note(f"asked for {request.url}")
