"""Flow files of mitmproxy, mitmdump and mitmweb. They are read one flow at a time, however large they are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from awstape.core.aws.content_encoding import plain
from awstape.core.aws.wire import Request, Response, WireError
from awstape.errors import UserError
from awstape.files.limited_reading import MAX_BYTES
from awstape.formats.imports.entries import Entry, ImportOptions, Unusable, read_item

if TYPE_CHECKING:
    from mitmproxy import http


class _Capped(io.BufferedReader):
    """A file that gives no more at once than a flow may have: a flow says by itself how long it is."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(MAX_BYTES if size is None or size < 0 else min(size, MAX_BYTES))


def recognises(content: Any) -> bool:
    """Whether a file is one: it is not parsed, but for its head."""
    return isinstance(content, bytes)


def read(path: Path, _: Any, __: ImportOptions) -> Iterator[Entry]:
    """The flows of a file, up to where it breaks off. Raises UserError without mitmproxy."""
    if find_spec("mitmproxy") is None:
        raise UserError(f"{path}: to read mitmproxy's flows takes mitmproxy", "pip install 'awstape[record]'")
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
            except Exception:  # mitmproxy's state of a flow, whatever is wrong with it; its messages quote it
                yield Unusable(where, "here the file is damaged, or of another version of mitmproxy")
                return
            if flow is None:
                return
            if not isinstance(flow, http.HTTPFlow):
                yield Unusable(where, "not HTTP")
            else:
                yield read_item(where, _exchange, flow)


def _exchange(flow: http.HTTPFlow) -> tuple[Request, Response | None]:
    from awstape.proxying.mitmproxy_flows import headers_of, request_of

    request, answered = request_of(flow), flow.response
    if answered is None or (answered.raw_content is None and flow.error):
        return request, None
    if answered.raw_content is None:
        raise WireError("the body was not kept")
    headers = headers_of(answered)
    return request, Response(answered.status_code, headers, plain(headers, answered.raw_content))
