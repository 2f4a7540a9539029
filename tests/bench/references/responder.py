"""A bare server in asyncio that answers from memory: the least that a server in Python can do.

    python responder.py PAGES [--matching]

PAGES: a JSON file, form → body. Without `--matching`, each request gets the first body as soon as it has arrived. With
it, a request is parsed by httptools and its form is looked up. Prints its port. Imports nothing of awstape.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


class Bare(asyncio.Protocol):
    """Answers each request with the same bytes."""

    def __init__(self, responses: Mapping[bytes, bytes]) -> None:
        self._response = next(iter(responses.values()))
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head := self._received.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH.search(self._received, 0, head)
            end = head + (int(length[1]) if length else 0)
            if len(self._received) < end:
                return
            self._received = self._received[end:]
            self._write(self._response)


class Matching(asyncio.Protocol):
    """Answers each request with the response for its form."""

    def __init__(self, responses: Mapping[bytes, bytes]) -> None:
        import httptools

        self._responses = responses
        self._parser = httptools.HttpRequestParser(self)
        self._form = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._form += body

    def on_message_complete(self) -> None:
        form, self._form = self._form, b""
        self._write(self._responses[form])


async def main(pages: str, kind: type[Bare] | type[Matching]) -> None:
    bodies = json.loads(Path(pages).read_text("utf-8"))
    responses = {form.encode(): _HEAD % len(body.encode()) + body.encode() for form, body in bodies.items()}
    server = await asyncio.get_running_loop().create_server(lambda: kind(responses), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Matching if "--matching" in sys.argv else Bare))
