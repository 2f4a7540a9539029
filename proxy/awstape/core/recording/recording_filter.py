"""`RecordingFilter`: decides which calls are recorded.

1. Only calls of recorded services are recorded; of these only the selected operations, and writes only on request.
2. What is left out is counted with its reason. Its request counts all the same: the values in it are real values, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from awstape.core.aws.call import Call
from awstape.core.aws.error_codes import NO_RESPONSE
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.recording.summary import SkippedExchanges
from awstape.core.text.advice import ON_COMMAND_LINE


class FilteredCall(NamedTuple):
    """The call of a request. is_recorded: False if only the values in it count."""

    call: Call
    is_recorded: bool


class RecordingFilter:
    """Decides which exchanges are recorded, and counts the others in `skipped`.

    operations: globs; only operations that one of them matches are recorded. include_writes: whether writes are.
    writes_option: what the user sets to have them recorded.
    """

    def __init__(
        self,
        models: Models,
        operations: Sequence[str] = ("*",),
        include_writes: bool = False,
        writes_option: str = ON_COMMAND_LINE.writes,
    ) -> None:
        self.models = models
        self.skipped = SkippedExchanges()
        self._operations = operations
        self._include_writes = include_writes
        self._writes_option = writes_option

    def apply(
        self, request: Request, response: Response | None, no_response: str = NO_RESPONSE, place: str = ""
    ) -> FilteredCall | None:
        """The call of a request; None if it is for no recorded service, or can't be read."""
        try:
            call = recognise_call(self.models, request)
        except WireError as error:
            self.skipped.add(str(error), place)
            return None
        if call is None:
            return None
        reason = self.reason_to_skip(call.operation)
        if reason:
            was_sent = response or no_response == NO_RESPONSE
            self.skipped.add(reason if was_sent else f"{call.operation.name}: {no_response}", place)
        return FilteredCall(call, not reason)

    def reason_to_skip(self, operation: Operation) -> str | None:
        """Why calls of an operation are not recorded, None if they are."""
        name = operation.name
        if not any(fnmatchcase(name, glob) for glob in self._operations):
            return f"{name}: not among the selected operations"
        if not operation.is_read and not self._include_writes:
            return f"{name}: a write operation; {self._writes_option} records it"
        return None
