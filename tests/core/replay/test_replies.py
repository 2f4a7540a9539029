"""How often a page is encoded: once for each protocol, however often it is requested."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.replay import replies
from support.exchanges import cassette, listing, player, request, traverse

PAGES = 4


def pages(number: int) -> list[dict[str, Value]]:
    return [{"Roles": [{"RoleName": f"role-{page}"}]} for page in range(number)]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the pages that are encoded, by their outputs."""
    counted: Counter[str] = Counter()
    write = replies.write_response

    def count(operation: Any, answer: Answer, *rest: Any) -> Any:
        counted[str(answer.output)] += 1
        return write(operation, answer, *rest)

    monkeypatch.setattr(replies, "write_response", count)
    return counted


def test_a_page_is_encoded_once_for_all_clients(encoded: Counter[str]) -> None:
    playing = player(cassette(*listing("ListRoles", {}, pages(PAGES))))
    bodies = {tuple(page.response.body for page in traverse(playing, "ListRoles", {})) for _ in range(5)}
    assert len(bodies) == 1
    assert len(encoded) == PAGES
    assert set(encoded.values()) == {1}


def test_another_session_and_client_cause_no_other_encoding(encoded: Counter[str]) -> None:
    playing = player(cassette(*listing("ListRoles", {}, pages(2))))
    for session in ("", "a", "b"):
        for invocation in ("one", "two"):
            playing.answer(request("ListRoles", {}, invocation=invocation), session)
    assert sum(encoded.values()) == 1
