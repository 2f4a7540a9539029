"""Page tokens in a cassette: each names its position in a track.

`page-2.h7qk` asks for the second page of a track's first take, `take-3.page-2.h7qk` for that of its third. The last
part is a hash of the redacted track, never of the real token; it distinguishes the tokens of one track from those of
another. The account is no part of it: the names stay where cassettes of several callers are joined. Where the last page
of a take gives out the token of a page before it, or its own, it has that page's name: a client that follows it gets
that page again. A token that is the key of the last item is data, and stays.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from awstape.core.aws.call import Answer
from awstape.core.aws.member_paths import put_value, value_at
from awstape.core.aws.model import Operation
from awstape.core.aws.paging import given_token, next_token, replace_token
from awstape.core.cassette.cassette import Page, Take, Track, with_pages


def token_name(request_key: tuple[str, ...], take: int, page: int) -> str:
    """The token that asks for `page` of `take`, both counted from 1."""
    tag = track_tag(request_key)
    return f"page-{page}.{tag}" if take == 1 else f"take-{take}.page-{page}.{tag}"


def track_tag(request_key: tuple[str, ...], length: int = 4) -> str:
    """The part of a token that identifies the track, at most 8 characters: two tracks share 4 once in a million."""
    import hashlib  # not at the top: only a recording or an edit needs it

    digest = hashlib.sha256(json.dumps(request_key).encode()).digest()
    return base64.b32encode(digest[:5]).decode("ascii").lower()[:length]


def replace_next_token(operation: Operation, answer: Answer, token: str) -> Answer:
    """The answer with its page token, if it has one, replaced. An empty token asks for no page and stays."""
    return _rename_next_token(operation, answer, lambda: token)


def _rename_next_token(operation: Operation, answer: Answer, name: Callable[[], str]) -> Answer:
    """As `replace_next_token`. name: makes the token, if there is one to replace."""
    if not answer.output or not _gives_token(operation, answer):
        return answer
    return replace(answer, output=replace_token(operation, answer.output, name()))


def _rename_echo(operation: Operation, answer: Answer, token: str | None) -> Answer:
    """The answer in which the token of the request, where it is repeated, is the one given."""
    path = operation.paging.echo if operation.paging else None
    if path is None or token is None or not answer.output or not value_at(answer.output, path):
        return answer
    return replace(answer, output=put_value(answer.output, path, token))


def find_repeated_page(operation: Operation, pages: Sequence[Page]) -> int | None:
    """The page, from 1, that the token of the last page asks for again; None if it asks for none of these pages."""
    output = pages[-1].answer.output
    token = None if output is None else next_token(operation, output)
    return next((i for i, page in enumerate(pages, 1) if token is not None and page.token == token), None)


def name_tokens(operation: Operation, track: Track, number: int, pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages of a track's take, counted from 1, with their tokens named by position."""
    return _rename_tokens(operation, pages, lambda page: token_name(track.request_key, number, page))


def mask_tokens(operation: Operation, take: Take) -> Take:
    """The take with tokens that name the page only, to be compared with other takes of its track."""
    return with_pages(take, _rename_tokens(operation, take.pages, lambda page: f"page-{page}"))


def _rename_tokens(operation: Operation, pages: Sequence[Page], name: Callable[[int], str]) -> tuple[Page, ...]:
    """The pages with new tokens. name: the token that asks for a page, counted from 1."""
    if len(pages) == 1 and pages[0].token is None and not _gives_token(operation, pages[0].answer):
        return tuple(pages)
    after_last = (find_repeated_page(operation, pages) if pages else None) or len(pages) + 1
    following = [*range(2, len(pages) + 1), after_last]
    renamed: list[Page] = []
    token: str | None = None
    for i, (page, next_page) in enumerate(zip(pages, following, strict=True), 1):
        answer = _rename_echo(operation, _rename_next_token(operation, page.answer, partial(name, next_page)), token)
        is_same = token == page.token and answer is page.answer
        renamed.append(page if is_same else replace(page, token=token, answer=answer))
        token = (answer.output and next_token(operation, answer.output)) or name(i + 1)
    return tuple(renamed)


def _gives_token(operation: Operation, answer: Answer) -> bool:
    return bool(operation.paging and answer.output and given_token(operation, answer.output))
