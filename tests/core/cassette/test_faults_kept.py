"""Faults in a cassette: their text, refusals, the takes that they apply to, and the edits that keep them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, write_cassette
from awstape.core.editing.rekey import AliasRenewer
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY, MODELS, OTHER_KEY, Exchange, cassette, listing, player, recorder, request, respond
from support.paging import codes, follow, recording, users

_TEXT = """\
version: 1
---
service: iam
operation: ListUsers
identity: {}
faults:
- throttle page=2
- slow times=always seconds=0.5
pages:
- output:
    IsTruncated: true
    Users:
    - UserName: alias-Tsr76sms7l
    Marker: page-2.vwdd
- token: page-2.vwdd
  output:
    IsTruncated: false
    Users: []
"""
_FAULTS = (Fault("throttle", page=2), Fault("slow", times=None, seconds=0.5))


def test_the_faults_of_a_take_are_text() -> None:
    read = read_cassette(_TEXT, MODELS)
    assert read.takes[0].faults == _FAULTS
    assert write_cassette(read) == SCHEMA_LINE + _TEXT
    playing = player(read)
    assert [page.served.delay for page in follow(playing, "ListUsers", {})] == [0.5]
    assert codes(playing, "page-2.vwdd") == ["-"], "the second page was throttled once"
    assert playing.facts()["faults"] == ["throttle page=2", "slow times=always seconds=0.5"]


def test_the_faults_of_a_replay_come_before_those_of_the_take() -> None:
    playing = player(read_cassette(_TEXT, MODELS), faults=["denied page=2", "internal times=1"])
    assert codes(playing, None, "page-2.vwdd", "page-2.vwdd", None) == [
        "ServiceFailure",
        "AccessDenied",
        "Throttling",
        "-",
    ]


def test_the_faults_of_a_take_apply_to_that_take_only() -> None:
    one, two = recording("ListUsers", {}, users(1), users(1, 1)).takes
    playing = player(Cassette((one, replace(two, faults=(Fault("throttle"),)))))
    assert codes(playing, None, None, None) == ["-", "Throttling", "-"]


@pytest.mark.parametrize(
    ("line", "path", "problem", "tip"),
    [
        ("- throtle", "faults[0]", "does not begin with one of", "did you mean throttle?"),
        ("- throttle page=x", "faults[0]", "has 'page=x'", "page is a number, counted from 1"),
        (
            "- throttle ListUsers",
            "faults[0]",
            "a fault of a take names no operation",
            "it belongs to the take: throttle …",
        ),
        ("- throttle *", "faults[0]", "a fault of a take names no operation", "it belongs to the take"),
        ("- 7", "faults[0]", "expected text, got a number", ""),
        ("- throttle: 2", "faults[0]", "expected text, got a mapping", ""),
    ],
)
def test_a_bad_fault_is_refused_with_its_place(line: str, path: str, problem: str, tip: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_cassette(_TEXT.replace("- throttle page=2", line), MODELS)
    assert (caught.value.line, caught.value.path) == (7, path)
    assert problem in caught.value.problem
    assert tip in caught.value.tip


def test_faults_that_are_not_a_list_are_refused() -> None:
    listed = "faults:\n- throttle page=2\n- slow times=always seconds=0.5\n"
    with pytest.raises(DocumentError, match="line 6: faults: expected a list, got text"):
        read_cassette(_TEXT.replace(listed, "faults: throttle\n"), MODELS)
    assert read_cassette(_TEXT.replace(listed, "faults: []\n"), MODELS).takes[0].faults == ()


def exchanged(*pages: str, token: str = "T") -> list[Exchange]:
    return listing("ListUsers", {}, [{"Users": [{"UserName": name} for name in page]} for page in pages], token)


def faulty(recorded: Cassette, *faults: str) -> Cassette:
    """The cassette with a fault in each take, as a user adds them."""
    takes = (replace(t, faults=(Fault.parse(f),)) for t, f in zip(recorded.takes, faults, strict=True))
    return read_cassette(write_cassette(replace(recorded, takes=tuple(takes))), MODELS)


def faults_of(recorded: Cassette) -> list[list[str]]:
    return [[str(fault) for fault in take.faults] for take in recorded.takes]


def test_faults_survive_a_recording() -> None:
    old = faulty(cassette(*exchanged("a", "b"), *exchanged("a", "c", token="U")), "throttle", "drop page=2")

    def merged(*exchanges: Exchange) -> list[list[str]]:
        return faults_of(recorder(*exchanges).finish(old).merged)

    assert merged((request("ListGroups"), respond("ListGroups", {"Groups": []}))) == [[], ["throttle"], ["drop page=2"]]
    assert merged(*exchanged("a", "b"), *exchanged("a", "c", token="U")) == [["throttle"], ["drop page=2"]]
    assert merged(*exchanged("x", "y"), *exchanged("x", "z", token="U")) == [["throttle"], ["drop page=2"]]
    assert merged(*exchanged("a", "b")) == [["throttle", "drop page=2"]], "the last one gets the rest"
    assert merged(*exchanged("a", "b")[:1]) == [["throttle"], ["drop page=2"]], "what was broken off replaces nothing"
    assert merged(*exchanged("x"), *exchanged("y"), *exchanged("z")) == [["throttle"], ["drop page=2"], []]


def test_faults_survive_another_key_and_another_redaction() -> None:
    old = faulty(cassette(*exchanged("a", "b"), *exchanged("a", "c", token="U")), "throttle", "drop page=2")
    redactor = Redactor(KEY)
    for new in (
        redactor.redact_cassette(MODELS, old),
        redactor.replace_known_names(MODELS, old),
        AliasRenewer(OTHER_KEY).rekey_cassette(MODELS, old),
    ):
        assert faults_of(new) == [["throttle"], ["drop page=2"]]
