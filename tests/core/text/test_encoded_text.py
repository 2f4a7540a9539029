"""Encoded runs: what a base64 run encodes."""

from __future__ import annotations

import base64
import binascii
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from awstape.core.text.encoded_text import decode_base64_text, rewrite_encoded_runs

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"


def decoded(run: str) -> str | None:
    """The text of a run by the standard library alone."""
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
        zeros = data[:8:2].count(0), data[1:8:2].count(0)
        text = data.decode("utf-16-be" if zeros[0] > 2 else "utf-16-le" if zeros[1] > 2 else "utf-8")
    except (binascii.Error, ValueError):
        return None
    return text if all(c in "\r\n\t" or unicodedata.category(c) not in ("Cc", "Cn", "Co", "Cs") for c in text) else None


@given(st.text(BASE64, max_size=40) | st.text(max_size=20).map(lambda text: base64.b64encode(text.encode()).decode()))
@example("")
def test_a_run_is_decoded_where_it_encodes_text(run: str) -> None:
    assert decode_base64_text(run) == decoded(run)
    for first in BASE64:
        assert decode_base64_text(first + run) == decoded(first + run)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_text_in_base64_and_in_hexadecimal_digits_is_rewritten_in_its_encoding(encoding: str) -> None:
    old, new = "the name of bob is here".encode(encoding), "the name of eve is here".encode(encoding)

    def rewrite(text: str) -> str:
        return rewrite_encoded_runs(text, lambda plain: plain.replace("bob", "eve"))

    assert rewrite(f"x {base64.b64encode(old).decode()} y") == f"x {base64.b64encode(new).decode()} y"
    assert rewrite(f"x {old.hex()} y") == f"x {new.hex()} y"
    assert rewrite(f"x 0x{old.hex()} y") == f"x 0x{new.hex()} y"
    assert rewrite(old.hex().upper()) == new.hex().upper()


@pytest.mark.parametrize("character", ["\u00a0", "\u3000", "\u2028", "\u200b", "\ufeff", "\u00ad", "\U0001f600"])
def test_text_with_any_blanks_and_marks_is_rewritten(character: str) -> None:
    """They are not printable, but common in text."""
    old, new = (f"f\u00fcr{character}{name} und so weiter".encode() for name in ("bob", "eve"))
    for encode in (bytes.hex, lambda data: base64.b64encode(data).decode()):
        assert rewrite_encoded_runs(encode(old), lambda plain: plain.replace("bob", "eve")) == encode(new)


def test_a_digest_is_no_text() -> None:
    digest = "3f8a1c9d2b7e4f6a0c5d8e1b9a7f3c2d4e6b8a10"
    assert rewrite_encoded_runs(digest, lambda plain: plain.upper()) == digest
