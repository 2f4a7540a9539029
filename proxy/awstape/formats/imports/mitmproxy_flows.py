"""Reads flow files of mitmproxy, mitmdump and mitmweb, of any size: one flow at a time."""

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

if TYPE_CHECKING:
    from mitmproxy import http


class _Capped(io.BufferedReader):
    """A file whose reads are capped at the size of a cassette: each flow states its own length, which may be wrong."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(MAX_BYTES if size is None or size < 0 else min(size, MAX_BYTES))


def recognises(content: Any) -> bool:
    """Whether a file holds flows: those are not parsed, and their content is the head as bytes."""
    return isinstance(content, bytes)


def read(path: Path, _: Any, __: ImportOptions) -> Iterator[Entry]:
    """Yields the flows of a file, up to the first damaged one. Raises UserError if mitmproxy is not installed."""
    if find_spec("mitmproxy") is None:
        raise UserError(f"{path}: reading flows of mitmproxy needs mitmproxy", "pip install 'awstape[record]'")
    from mitmproxy import http
    from mitmproxy.io import FlowReader

    number = 0
    with _Capped(io.FileIO(path)) as file:
        flows = iter(FlowReader(file).stream())
        while True:
            number += 1
            where = f"{path}, entry {number}"
            try:
                flow = next(flows, None)
            except Exception:  # mitmproxy raises various errors for a bad flow; their messages quote it
                yield Unusable(where, "the file is damaged here, or of another version of mitmproxy")
                return
            if flow is None:
                return
            if not isinstance(flow, http.HTTPFlow):
                yield Unusable(where, "not HTTP")
            else:
                yield read_item(where, _exchange, flow)


def _exchange(flow: http.HTTPFlow) -> tuple[Request, Response | None]:
    from awstape.proxying.flow_conversion import request_of, response_of

    request, response = request_of(flow), flow.response
    if response is None or (response.raw_content is None and flow.error):
        return request, None
    if response.raw_content is None:
        raise WireError("the body was not kept")
    return request, response_of(response)
