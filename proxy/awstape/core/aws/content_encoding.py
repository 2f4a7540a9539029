"""Undoes the content encoding of requests and responses, and detects a body that was cut off.

1. gzip, deflate, br and zstd are undone; br and zstd with the libraries that mitmproxy brings (`awstape[record]`).
   No `Accept-Encoding` is changed on its way to AWS: some SDKs sign it.
2. A body is decompressed in slices so small that one of them can't fill the memory, and refused above `MAX_BODY`.
3. A body may consist of several compressed parts in a row, as RFC 1952 (gzip) and RFC 8878 (zstd) allow it.
4. A body that is text is not compressed, whatever its header says: tools and proxies keep the header of a body that
   they decoded.
5. Clients of S3 send a body in chunks of their own, `aws-chunked`, with signatures or with a checksum behind it. It is
   the outermost encoding, wherever the header names it, and some clients only say so in `x-amz-content-sha256`. No
   response is in chunks, even if a stand-in kept the header of the request.
6. A body that is shorter than its tool says was cut off, unless it ends as XML or JSON does, because people shorten
   bodies, too.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeVar

from awstape.core.aws.wire import MAX_BODY, Request, Response, WireError
from awstape.core.text.lazy_pattern import lazy_pattern

_HEADER = "content-encoding"
_CHUNKED, _CONTENT_HASH = "aws-chunked", "x-amz-content-sha256"
_MAX_CHUNK_LINE = 1024  # bytes of a chunk's size and signature
_MAX_ENCODINGS = 3  # of one body
_GZIP_OR_ZLIB, _RAW_DEFLATE = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS
_ZSTD_WINDOW = 2**23  # RFC 9659: as content encoding, a window is no larger than 8 MiB
_CONTROL = lazy_pattern(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_SUPPORTED = ("compress", "x-compress", "dcb", "dcz")

_Message = TypeVar("_Message", Request, Response)


def decode_message(message: _Message, *, is_data: bool = False) -> _Message:
    """The message without its content encoding. Raises WireError if that can't be undone.

    is_data: whether the content encoding belongs to what is sent, as that of an object in S3, so that only its chunks
    are undone.
    """
    declared = ",".join(value for name, value in message.headers if name.lower() == _HEADER)
    encodings = [name for name in declared.lower().replace(" ", "").split(",") if name not in ("", "identity")]
    says_chunked = _CHUNKED in encodings or (message.header(_CONTENT_HASH) or "").startswith("STREAMING-")
    is_chunked = says_chunked and isinstance(message, Request)
    if not says_chunked and not (encodings and message.body):
        return message
    headers = tuple(header for header in message.headers if header[0].lower() != _HEADER)
    if len(encodings) > _MAX_ENCODINGS:
        raise WireError(f"the body has more than {_MAX_ENCODINGS} content encodings")
    body = _join_chunks(message.body) if is_chunked and message.body else message.body
    of_content = [name for name in encodings if name != _CHUNKED]
    if is_data:
        return replace(message, headers=headers + tuple((_HEADER, name) for name in of_content), body=body)
    for encoding in reversed(of_content):
        if not _is_text(body):
            body = _decompress(encoding, body)
    return replace(message, headers=headers, body=body)


def _join_chunks(body: bytes) -> bytes:
    """A body in `aws-chunked` encoding without its chunk sizes, signatures and trailers.

    Source: docs.aws.amazon.com/AmazonS3/latest/API, "Signature Calculations: Transfer Payload in Multiple Chunks".
    """
    whole, position = bytearray(), 0
    while True:
        line, is_there, _ = body[position : position + _MAX_CHUNK_LINE].partition(b"\r\n")
        size = line.partition(b";")[0].strip()
        if not is_there or not re.fullmatch(rb"[0-9a-fA-F]{1,8}", size):
            raise WireError("the body is not aws-chunked as its header says")
        start, length = position + len(line) + 2, int(size, 16)
        if not length:
            return bytes(whole)
        chunk = body[start : start + length]
        if len(chunk) < length:
            raise WireError("the body was cut off")
        whole += chunk
        position = start + length + 2


def check_complete(body: bytes, size: object) -> None:
    """Raises WireError for a body that was cut off. size: its length in bytes, if the tool states it."""
    if isinstance(size, int) and len(body) < size and body.rstrip()[-1:] not in (b">", b"}", b"]"):
        raise WireError("the body was cut off")


def _is_text(body: bytes) -> bool:
    with suppress(UnicodeDecodeError):
        return not _CONTROL.search(body.decode("utf-8"))
    return False


def _decompress(encoding: str, body: bytes) -> bytes:
    if encoding not in _DECODERS:
        name = f" {encoding}" if encoding in _NOT_SUPPORTED else ""
        raise WireError(f"the content encoding{name} of the body is not supported")
    start, slice_size = _DECODERS[encoding]
    whole, position, decompressor = bytearray(), 0, None
    while position < len(body):
        piece = body[position : position + slice_size]
        if decompressor is None or decompressor.eof:
            try:
                decompressor = start(piece)
            except ImportError:
                tip = "pip install 'awstape[record]'"
                raise WireError(f"the content encoding {encoding} of the body needs a library: {tip}") from None
        try:
            whole += decompressor.decompress(piece)
        except Exception:  # each library has an error of its own
            raise WireError("the body is not compressed as its header says") from None
        position += len(piece) - len(decompressor.unused_data)
        if len(whole) > MAX_BODY:
            raise WireError(f"the body is larger than {MAX_BODY // 2**20} MiB")
    if decompressor is None or not decompressor.eof:
        raise WireError("the body was cut off")
    return bytes(whole)


# --- decompressors ------------------------------------------------------------------------------------------------


class _Decompressor(Protocol):
    """A decompressor of one part, as in zlib. eof: whether its end was reached. unused_data: what came after it."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _inflate(_: bytes) -> _Decompressor:
    return zlib.decompressobj(_GZIP_OR_ZLIB)


def _inflate_raw_or_zlib(body: bytes) -> _Decompressor:
    """RFC 9110, 8.4.1.2: deflate is zlib's format, but some senders omit its frame."""
    return zlib.decompressobj(_GZIP_OR_ZLIB if body[0] & 0x0F == zlib.DEFLATED else _RAW_DEFLATE)


class _Brotli:
    """A decompressor of brotli, which raises an error for data after the end."""

    unused_data = b""

    def __init__(self, _: bytes) -> None:
        import brotli

        decompressor = brotli.Decompressor()
        self.decompress: Callable[[bytes], bytes] = decompressor.process
        self._is_finished: Callable[[], bool] = decompressor.is_finished

    @property
    def eof(self) -> bool:
        return self._is_finished()


def _zstd(_: bytes) -> _Decompressor:
    """mitmproxy 11 brings zstandard; later versions use Python 3.14's own module, or backports.zstd before that."""
    with suppress(ImportError):
        import zstandard

        zstandard_decompressor: _Decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        return zstandard_decompressor
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    decompressor: _Decompressor = zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW.bit_length() - 1}
    )
    return decompressor


class _Decoder(NamedTuple):
    """start: makes a decompressor for a part that begins so. slice_size: bytes that grow to 32 MiB at most."""

    start: Callable[[bytes], _Decompressor]
    slice_size: int


#: A part grows 1032-fold with deflate, from 4 bytes to 128 KiB with zstd, from 6 bytes to 16 MiB with brotli.
_DECODERS: Mapping[str, _Decoder] = {
    "gzip": _Decoder(_inflate, 4096),
    "x-gzip": _Decoder(_inflate, 4096),
    "deflate": _Decoder(_inflate_raw_or_zlib, 4096),
    "br": _Decoder(_Brotli, 12),
    "zstd": _Decoder(_zstd, 1024),
}
