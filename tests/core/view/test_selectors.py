"""Selectors: which tracks they select, and which error they raise if they select none."""

from __future__ import annotations

import pytest

from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.view.selectors import Selector, SelectorError, select
from support.exchanges import KEY, MODELS, cassette, listing, request, respond

READ = [
    *listing("ListRoles", {}, [{"Roles": []}]),
    *listing("ListRoles", {"PathPrefix": "/team-a/"}, [{"Roles": []}, {"Roles": []}]),
    (request("GetRole", {"RoleName": "DeployRole"}), respond("GetRole", {})),
    (request("ListAnalyzers", {}, region="eu-west-1"), respond("ListAnalyzers", {"analyzers": []})),
    (request("ListAnalyzers", {}, region="us-east-1"), respond("ListAnalyzers", {"analyzers": []})),
]


@pytest.fixture(scope="module")
def recorded() -> Cassette:
    return cassette(*READ)


def found(recorded: Cassette, *texts: str, key: Key | None = KEY) -> list[str]:
    chosen = select(MODELS, recorded, texts, Redactor(key) if key else None)
    return [f"{each.number} {each.track.operation} {each.track.region or ''}".strip() for each in chosen]


ALL = ["1 ListAnalyzers eu-west-1", "2 ListAnalyzers us-east-1", "3 GetRole", "4 ListRoles", "5 ListRoles"]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], ALL),
        (["*"], ALL),
        (["2"], ALL[1:2]),
        (["2", "ListRoles"], [ALL[1], *ALL[3:]]),
        (["ListRoles"], ALL[3:]),
        (["list-roles"], ALL[3:]),
        (["List*"], [*ALL[:2], *ALL[3:]]),
        (["ListRoles PathPrefix=*"], ALL[3:4]),
        (["ListRoles PathPrefix=/team-a/"], ALL[3:4]),
        (["GetRole RoleName=DeployRole"], ALL[2:3]),
        (["* RoleName=alias-*"], ALL[2:3]),
        (["ListAnalyzers region=us-*"], ALL[1:2]),
    ],
)
def test_selected_tracks(recorded: Cassette, texts: list[str], expected: list[str]) -> None:
    assert found(recorded, *texts) == expected


def test_a_real_value_needs_the_key(recorded: Cassette) -> None:
    with pytest.raises(SelectorError, match="no track matches"):
        found(recorded, "GetRole RoleName=DeployRole", key=None)
    alias = next(t.track.identity["RoleName"] for t in recorded.takes if t.track.operation == "GetRole")
    assert found(recorded, f"GetRole RoleName={alias}", key=None) == ALL[2:3]


def test_takes_are_counted_from_one(recorded: Cassette) -> None:
    both = [take for take in recorded.takes if take.track.region == "us-east-1"]
    twice = Cassette.of([*recorded.takes, both[0]])
    (one,) = select(MODELS, twice, ["2 take=2"])
    assert (one.number, one.numbers, len(one.takes)) == (2, (2,), 2)
    (all_of_it,) = select(MODELS, twice, ["2"])
    assert all_of_it.numbers == (1, 2)
    with pytest.raises(SelectorError):
        select(MODELS, twice, ["ListRoles take=2"])


@pytest.mark.parametrize(
    ("text", "problem", "tip"),
    [
        ("", "does not begin with an operation or a number", "OPERATION [MEMBER=GLOB]"),
        ("0", "does not begin with an operation or a number", ""),
        ("6", "there is no track 6", "the cassette has 5"),
        ("ListRolez", "the cassette has no such operation", "did you mean ListRoles?"),
        ("ListRoles PathPrefx=/", "no identity has a member PathPrefx", "did you mean PathPrefix?"),
        ("ListRoles PathPrefix=/other/", "no track matches", "awstape ls"),
        ("ListRoles nonsense", "has an unexpected 'nonsense'", "OPERATION"),
        ("ListRoles take=0", "has an unexpected 'take=0'", "OPERATION"),
        ("ListRoles take=1 take=2", "has an unexpected 'take=2'", "OPERATION"),
        ("ListRoles 'x", "has an unclosed quote", "OPERATION"),
    ],
)
def test_a_selector_that_selects_nothing_is_explained(recorded: Cassette, text: str, problem: str, tip: str) -> None:
    with pytest.raises(SelectorError) as caught:
        found(recorded, text)
    assert problem in str(caught.value)
    assert tip in caught.value.tip


def test_a_selector_is_parsed() -> None:
    text = "ListPolicyVersions PolicyArn='a b' region=us-* take=2"
    assert Selector.parse(text) == Selector(None, "ListPolicyVersions", "us-*", 2, (("PolicyArn", "a b"),))
