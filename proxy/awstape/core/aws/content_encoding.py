"""A body as it was meant: without its content encoding, and whole.

1. Tools keep a compressed body as it came or as it was meant, and some keep the header either way. What begins as XML
   or JSON does is not compressed, whatever the header says.
2. gzip and deflate are undone, up to a size. AWS uses no other; another one is a reason not to take the exchange.
3. A body that is shorter than its tool says was cut off, unless it ends as XML and JSON do: people shorten bodies, too.
"""

from __future__ import annotations

import zlib

from awstape.core.aws.wire import Headers, WireError, find_header
from awstape.files.limited_reading import MAX_BYTES

_GZIP_OR_ZLIB, _RAW_DEFLATE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_KNOWN = ("br", "zstd", "compress")


def plain(headers: Headers, body: bytes) -> bytes:
    """The body without its content encoding. Raises WireError if that can't be undone."""
    return body if body.lstrip()[:1] in (b"<", b"{", b"[") else undone(headers, body)


def undone(headers: Headers, body: bytes) -> bytes:
    """As `plain`, of a body that is as its header says, as on the wire."""
    encodings = (find_header(headers, "content-encoding") or "").lower().replace(" ", "").split(",")
    for encoding in reversed(encodings if body else ()):
        match encoding:
            case "gzip" | "x-gzip":
                body = _inflated(body, _GZIP_OR_ZLIB)
            case "deflate":
                is_zlib = body[:1] and body[0] & 0x0F == zlib.DEFLATED
                body = _inflated(body, _GZIP_OR_ZLIB if is_zlib else _RAW_DEFLATE)
            case "" | "identity":
                pass
            case _:
                name = f" {encoding}" if encoding in _KNOWN else ""
                raise WireError(f"the content encoding{name} of the body is not undone")
    return body


def _inflated(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        whole = inflater.decompress(body, MAX_BYTES)
    except zlib.error:
        raise WireError("the body is not compressed as its header says") from None
    if inflater.unconsumed_tail:
        raise WireError(f"the body is larger than {MAX_BYTES // 2**20} MiB")
    if not inflater.eof:
        raise WireError("the body was cut off")
    return whole


def check_whole(body: bytes, size: object) -> None:
    """Raises WireError for a body that was cut off. size: how long it was, if the tool says so."""
    if isinstance(size, int) and len(body) < size and body.rstrip()[-1:] not in (b">", b"}", b"]"):
        raise WireError("the body was cut off")
