"""How often regular expressions are applied to a string: a count, since time can't be asserted."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from awstape.core.aws.call import Answer
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY, MODELS

LIST_ROLES = MODELS.operation("iam", "ListRoles")
#: Member → a text with a number in it, and how many regular expressions are applied to one that is new.
TEXTS = {
    "Arn": ("arn:aws:iam::123456789012:role/team/deploy-{}", 12),
    "CreateDate": ("2024-01-01T00:00:0{}Z", 4),
    "Description": ("Deploys the service {}", 4),
    "Path": ("/team{}/", 10),
    "RoleName": ("deploy-{}", 5),
}


@contextmanager
def passes() -> Iterator[list[str]]:
    """Collects the names of the methods of regular expressions that are called in the block."""
    called: list[str] = []

    def note(_: FrameType, event: str, what: object) -> None:
        if event == "c_call" and isinstance(getattr(what, "__self__", None), re.Pattern):
            called.append(getattr(what, "__name__", ""))

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


@pytest.fixture
def redact() -> Callable[[str, str], int]:
    """(member of a role, text) → the passes of its redaction, with the tables and patterns of its place in memory."""
    redactor = Redactor(KEY)

    def run(member: str, text: str) -> int:
        answer = Answer({"Roles": [{member: text}]})
        with passes() as called:
            redactor.redact_answer(LIST_ROLES, answer)
        return len(called)

    for member, (text, _) in TEXTS.items():
        run(member, text.format(0))
    return run


@pytest.mark.parametrize(("member", "text", "most"), [(member, *rest) for member, rest in TEXTS.items()])
def test_a_new_string_is_searched_a_few_times(
    member: str, text: str, most: int, redact: Callable[[str, str], int]
) -> None:
    for number in range(1, 5):
        assert redact(member, text.format(number)) <= most


@pytest.mark.parametrize("member", TEXTS)
def test_a_string_that_was_in_its_place_before_is_not_searched_again(
    member: str, redact: Callable[[str, str], int]
) -> None:
    text = TEXTS[member][0].format(1)
    redact(member, text)
    assert redact(member, text) == 0
