"""Undoes the content encoding of a body, and detects a body that was cut off.

1. Tools store a compressed body encoded or decoded, and some keep the header in both cases. A body that begins as XML
   or JSON is not compressed, whatever the header says.
2. gzip and deflate are undone, up to `MAX_DECODED_BYTES`. AWS uses no other encoding; with another one the exchange is
   not imported.
3. A body that is shorter than its tool says was cut off, unless it ends as XML or JSON does, because people shorten
   bodies, too.
"""

from __future__ import annotations

import zlib

from awstape.core.aws.wire import Headers, WireError, find_header

#: As large as a file that is read (`files.cassette_files.MAX_BYTES`).
MAX_DECODED_BYTES = 64 * 1024 * 1024

_GZIP_OR_ZLIB, _RAW_DEFLATE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_KNOWN = ("br", "zstd", "compress")


def decode_body(headers: Headers, body: bytes) -> bytes:
    """The body, which a tool stored, without content encoding. Raises WireError if the encoding cannot be undone."""
    return body if body.lstrip()[:1] in (b"<", b"{", b"[") else decode_declared_encoding(headers, body)


def decode_declared_encoding(headers: Headers, body: bytes) -> bytes:
    """As `decode_body`, for a body from the wire, whose header is true."""
    encodings = (find_header(headers, "content-encoding") or "").lower().replace(" ", "").split(",")
    for encoding in reversed(encodings if body else ()):
        match encoding:
            case "gzip" | "x-gzip":
                body = _inflate(body, _GZIP_OR_ZLIB)
            case "deflate":
                is_zlib = body[:1] and body[0] & 0x0F == zlib.DEFLATED
                body = _inflate(body, _GZIP_OR_ZLIB if is_zlib else _RAW_DEFLATE)
            case "" | "identity":
                pass
            case _:
                name = f" {encoding}" if encoding in _KNOWN else ""
                raise WireError(f"the content encoding{name} of the body is not supported")
    return body


def _inflate(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        whole = inflater.decompress(body, MAX_DECODED_BYTES)
    except zlib.error:
        raise WireError("the body is not compressed as its header says") from None
    if inflater.unconsumed_tail:
        raise WireError(f"the body is larger than {MAX_DECODED_BYTES // 2**20} MiB")
    if not inflater.eof:
        raise WireError("the body was cut off")
    return whole


def check_complete(body: bytes, size: object) -> None:
    """Raises WireError for a body that was cut off. size: its length in bytes, if the tool states it."""
    if isinstance(size, int) and len(body) < size and body.rstrip()[-1:] not in (b">", b"}", b"]"):
        raise WireError("the body was cut off")
