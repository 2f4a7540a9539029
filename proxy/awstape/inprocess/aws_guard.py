"""Refuses connections to AWS while no tape is in use, for tests that reach for AWS without a cassette.

1. botocore sends a request only if none of its handlers answered: what moto or a Stubber answers is not refused, nor is
   a request to a host that is not AWS's, such as LocalStack on this machine.
2. A refused request raises an error, and is noted, since a program may handle errors.
3. A request that can't be signed, since there are no credentials, is refused as well: a user needs to know why it was
   to be sent, not how AWS would be reached.
4. Clients of aiobotocore have a class of endpoints of their own, which is met at their first request.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import botocore.endpoint
from botocore.exceptions import NoCredentialsError

from awstape.catalog.hosts import is_aws_host
from awstape.errors import UserError
from awstape.inprocess import botocore_handlers

#: The call under way: service and operation.
_call: ContextVar[str] = ContextVar("awstape_guarded_call", default="")


class AwsGuard:
    """Refuses from `install` until `remove`. reached: the refused calls. advice: what a test does instead."""

    def __init__(self, advice: str) -> None:
        self.reached: list[str] = []
        self._advice = advice
        self._undo: dict[type, Callable[..., Any]] = {}

    def install(self) -> None:
        """Begins to refuse."""
        endpoint: Any = botocore.endpoint.Endpoint
        self._make_request = make_request = endpoint.make_request

        @wraps(make_request)
        def note_call(this: Any, operation_model: Any, *args: Any, **options: Any) -> Any:
            _call.set(f"{operation_model.service_model.service_name} {operation_model.name}")
            for kind in type(this).__mro__:
                if "_send" in kind.__dict__ and kind not in self._undo:
                    self._guard(kind)
            try:
                return make_request(this, operation_model, *args, **options)
            except NoCredentialsError:
                self._refuse(this.host)
                raise

        endpoint.make_request = note_call

    def remove(self) -> None:
        """Ends it."""
        botocore.endpoint.Endpoint.make_request = self._make_request  # type: ignore[method-assign]
        while self._undo:
            kind, send = self._undo.popitem()
            kind._send = send  # type: ignore[attr-defined]

    def message(self, call: str) -> str:
        """Why a call is refused."""
        return f"it reached for AWS ({call}): {self._advice}"

    def _guard(self, kind: Any) -> None:
        send = self._undo[kind] = kind._send

        @wraps(send)
        def refuse(this: Any, request: Any) -> Any:
            self._refuse(request.url)
            return send(this, request)

        kind._send = refuse

    def _refuse(self, url: str) -> None:
        """Raises UserError for a URL of AWS while no tape is in use."""
        if not botocore_handlers.is_in_use() and is_aws_host(urlsplit(url).hostname or ""):
            self.reached.append(_call.get())
            raise UserError(self.message(_call.get())) from None
