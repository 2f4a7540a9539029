"""Encoded runs: what a base64 run encodes."""

from __future__ import annotations

import base64
import binascii

from hypothesis import example, given
from hypothesis import strategies as st

from awstape.core.text.encoded_text import decode_base64_text

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"


def decoded(run: str) -> str | None:
    """The text of a run by the standard library alone."""
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else None


@given(st.text(BASE64, max_size=40) | st.text(max_size=20).map(lambda text: base64.b64encode(text.encode()).decode()))
@example("")
def test_a_run_is_decoded_where_it_encodes_text(run: str) -> None:
    assert decode_base64_text(run) == decoded(run)
    for first in BASE64:
        assert decode_base64_text(first + run) == decoded(first + run)
