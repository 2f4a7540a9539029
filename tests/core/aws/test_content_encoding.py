"""The content encoding of bodies; what the imports read of it is in tests/formats."""

from __future__ import annotations

from awstape.core.aws.content_encoding import MAX_DECODED_BYTES
from awstape.files.limited_reading import MAX_BYTES


def test_a_decoded_body_is_limited_as_a_file_is() -> None:
    assert MAX_DECODED_BYTES == MAX_BYTES
