"""Reads flow files of mitmproxy, mitmdump and mitmweb, of any size: one flow at a time.

A file is read twice: first the places of the flows and their times, then each flow at its place, in the order of the
responses. mitmdump saves flows in this order, mitmproxy and mitmweb in that of their view.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awstape.core.aws.wire import Request, Response, WireError
from awstape.errors import UserError
from awstape.files.limited_reading import MAX_BYTES
from awstape.formats.imports.entries import Entry, ImportOptions, Unusable, read_item
from awstape.formats.imports.time_order import Times, sort_by_time

if TYPE_CHECKING:
    from mitmproxy import http

TITLE = "flows of mitmproxy"


class _Capped(io.BufferedReader):
    """A file whose reads are capped at the size of a cassette: each flow states its own length, which may be wrong."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(MAX_BYTES if size is None or size < 0 else min(size, MAX_BYTES))


def recognises(content: Any) -> bool:
    """Whether a file holds flows: those are not parsed, and their content is the head as bytes."""
    return isinstance(content, bytes)


def read(path: Path, _: Any, __: ImportOptions) -> Iterator[Entry]:
    """Yields the flows of a file, in the order of their responses, up to the first damaged one.

    Raises UserError if mitmproxy is not installed.
    """
    if find_spec("mitmproxy") is None:
        raise UserError(f"{path}: reading flows of mitmproxy needs mitmproxy", "pip install 'awstape[record]'")
    from mitmproxy import http
    from mitmproxy.io import FlowReader

    places: list[tuple[int, Times | None]] = []
    is_damaged = False
    with _Capped(io.FileIO(path)) as file:
        flows = iter(FlowReader(file).stream())
        while True:
            place = file.tell()
            try:
                flow = next(flows, None)
            except Exception:  # mitmproxy raises various errors for a bad flow; their messages quote it
                is_damaged = True
                break
            if flow is None:
                break
            places.append((place, _times(flow) if isinstance(flow, http.HTTPFlow) else None))
        for number, place, overlapping in sort_by_time(places):
            file.seek(place)
            flow = next(iter(FlowReader(file).stream()))
            where = f"{path}, entry {number}"
            if isinstance(flow, http.HTTPFlow):
                yield read_item(where, _exchange, flow, overlapping)
            else:
                yield Unusable(where, "not HTTP")
    if is_damaged:
        where = f"{path}, entry {len(places) + 1}"
        yield Unusable(where, "the file is damaged here, or of another version of mitmproxy")


def _times(flow: http.HTTPFlow) -> Times | None:
    """The times of a flow, None if it has none: mitmproxy checks the types of no member."""
    sent: Any = flow.request.timestamp_start
    ends: tuple[Any, ...] = (flow.response and flow.response.timestamp_end, flow.error and flow.error.timestamp, sent)
    known = [end for end in ends if isinstance(end, int | float)]
    return Times(sent, max(sent, known[0])) if isinstance(sent, int | float) else None


def _exchange(flow: http.HTTPFlow) -> tuple[Request, Response | None]:
    from awstape.proxying.flow_conversion import request_of, response_of

    request, response = request_of(flow), flow.response
    if response is None or (response.raw_content is None and flow.error):
        return request, None
    if response.raw_content is None:
        raise WireError("the body was not kept")
    return request, response_of(response)
