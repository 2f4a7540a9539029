"""Refuses connections to AWS while no tape is in use, for tests that reach for AWS without a cassette.

1. What is not sent is not refused (`inprocess.sent_requests`), nor is a request to a host that is not AWS's, such as
   LocalStack on this machine.
2. A refused request raises an error, and is noted, since a program may handle errors.
3. A request that can't be signed, since there are no credentials, is refused as well: a user needs to know why it was
   to be sent, not how AWS would be reached.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from awstape.catalog.hosts import is_aws_host
from awstape.errors import UserError
from awstape.inprocess import botocore_handlers, sent_requests


class AwsGuard:
    """Refuses from `install` until `remove`. reached: the refused calls. advice: what a test does instead."""

    def __init__(self, advice: str) -> None:
        self.reached: list[str] = []
        self._advice = advice
        self._observer = sent_requests.Observer(send=self._refuse)

    def install(self) -> None:
        """Begins to refuse."""
        sent_requests.observe(self._observer)

    def remove(self) -> None:
        """Ends it."""
        sent_requests.ignore(self._observer)

    def message(self, call: str) -> str:
        """Why a call is refused."""
        return f"it reached for AWS ({call}): {self._advice}"

    def _refuse(self, service: str, operation: str, url: str) -> None:
        if not botocore_handlers.is_in_use() and is_aws_host(urlsplit(url).hostname or ""):
            call = f"{service} {operation}"
            self.reached.append(call)
            raise UserError(self.message(call)) from None
