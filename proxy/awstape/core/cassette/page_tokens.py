"""Page tokens in a cassette: each names its position in a track.

`page-2.h7qk` asks for the second page of a track's first take, `take-3.page-2.h7qk` for that of its third. The last
part is a hash of the redacted track, never of the real token; it distinguishes the tokens of one track from those of
another.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Operation
from awstape.core.cassette.cassette import Page, Take, Track


def token_name(track_key: tuple[str, ...], take: int, page: int) -> str:
    """The token that asks for `page` of `take`, both counted from 1."""
    tag = track_tag(track_key)
    return f"page-{page}.{tag}" if take == 1 else f"take-{take}.page-{page}.{tag}"


def track_tag(track_key: tuple[str, ...], length: int = 4) -> str:
    """The part of a token that identifies the track, at most 8 characters: two tracks share 4 once in a million."""
    digest = hashlib.sha256(json.dumps(track_key).encode()).digest()
    return base64.b32encode(digest[:5]).decode("ascii").lower()[:length]


def replace_next_token(operation: Operation, answer: Answer, token: str) -> Answer:
    """The answer with its page token, if it has one, replaced. An empty token asks for no page and stays."""
    name = operation.paging.output_token if operation.paging else None
    real = answer.output.get(name) if name and answer.output else None
    if not (isinstance(real, str) and real and name and answer.output):
        return answer
    return replace(answer, output={**answer.output, name: token})


def name_tokens(operation: Operation, track: Track, number: int, pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages of a track's take, counted from 1, with their tokens named by position."""
    return tuple(
        replace(
            page,
            token=token_name(track.key, number, i) if i > 1 else None,
            answer=replace_next_token(operation, page.answer, token_name(track.key, number, i + 1)),
        )
        for i, page in enumerate(pages, 1)
    )


def mask_tokens(operation: Operation, take: Take) -> Take:
    """The take with all tokens in its outputs alike, to be compared with other takes of its track."""
    pages = (replace(page, answer=replace_next_token(operation, page.answer, "token")) for page in take.pages)
    return replace(take, pages=tuple(pages))
