"""Recordings of several callers: whose track an exchange is, in the cassette, in captures and in what is set aside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.set_aside import fill_holes, read_set_aside, redact_again, write_set_aside
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.text.hidden import Hidden
from support import strategies
from support.exchanges import (
    KEY,
    MODELS,
    Exchange,
    cassette,
    fail,
    journalled,
    listing,
    record,
    request,
    respond,
    restored,
)

ACCOUNTS = ("111122223333", "444455556666")
A, B = map(access_key_of_account, ACCOUNTS)
ALIASES = [Aliases(KEY).account(account) for account in ACCOUNTS]
UNKNOWN = "AKIAEXAMPLE000000000"


def role(caller: str, description: str = "") -> Exchange:
    asked: dict[str, Value] = {"RoleName": "zreal"}
    answer: dict[str, Value] = {"Role": {"RoleName": "zreal", "Description": description}}
    return request("GetRole", asked, caller=caller), respond("GetRole", answer)


def test_two_callers_are_two_tracks() -> None:
    made = cassette(role(A), role(A), role(B), role(A))
    assert [(take.track.account, len(take.pages)) for take in made.takes] == [(alias, 1) for alias in sorted(ALIASES)]
    assert made.account == min(ALIASES), "of two with as many tracks, the smaller one"
    text = write_cassette(made)
    assert not any(real in text for real in (*ACCOUNTS, A, B))


def test_an_id_without_an_account_has_a_tag_of_its_own() -> None:
    (take,) = cassette(role(UNKNOWN)).takes
    assert take.track.account == Aliases(KEY).caller(Hidden(UNKNOWN))
    assert UNKNOWN not in write_cassette(cassette(role(UNKNOWN)))


def test_no_rule_keeps_an_access_key_id() -> None:
    for rules in Rules(keep_names=True), Rules(keep=("AKIA*", "testing")):
        for caller in UNKNOWN, "testing":
            assert Aliases(KEY, rules).caller(Hidden(caller)) == Aliases(KEY).caller(Hidden(caller))
    assert Aliases(KEY, Rules(keep=("111122223333",))).caller(Hidden(A)) == "111122223333"


def test_the_words_of_an_access_key_id_are_no_leaks() -> None:
    """Stand-ins take any id: `testing` in a description is a word."""
    made = record(role("testing", "for testing only"))
    assert not made.set_aside
    assert "for testing only" in write_cassette(made.cassette)


@strategies.few(40)
@given(st.lists(st.tuples(st.sampled_from([A, B, UNKNOWN]), st.sampled_from(["ListRoles", "GetUser"])), max_size=6))
def test_the_order_of_callers_does_not_show(program: list[tuple[str, str]]) -> None:
    def exchange(caller: str, operation: str) -> Exchange:
        return request(operation, caller=caller), respond(operation, {} if operation == "GetUser" else {"Roles": []})

    pairs = [exchange(*each) for each in program]
    assert write_cassette(cassette(*pairs)) == write_cassette(cassette(*pairs[::-1]))


def test_the_pages_of_two_callers_are_chained_apart() -> None:
    both = [listing("ListUsers", {}, [{"Users": []}, {"Users": [{"UserName": name}]}], token="T") for name in "ab"]
    pairs = [
        (request("ListUsers", caller=caller), answered) if i == 0 else (asked_with(caller, "T1"), answered)
        for caller, pages in zip((A, B), both, strict=True)
        for i, (_, answered) in enumerate(pages)
    ]
    made = cassette(pairs[0], pairs[2], pairs[1], pairs[3])
    assert [len(take.pages) for take in made.takes] == [2, 2]


def asked_with(caller: str, token: str) -> Request:
    return request("ListUsers", {"Marker": token}, caller=caller)


def test_what_comes_after_a_write_names_whose_it_was() -> None:
    asked: dict[str, Value] = {"RoleName": "zreal"}
    deleted = request("DeleteRole", asked, caller=B), respond("DeleteRole")
    gone = request("GetRole", asked, caller=A), fail("GetRole", 404, "NoSuchEntity", "gone")
    made = cassette(role(A, "there"), deleted, gone, include_writes=True)
    (after,) = (take.after for take in made.takes if take.after)
    assert (after.track.operation, after.track.account) == ("DeleteRole", ALIASES[1])
    assert read_cassette(write_cassette(made), MODELS) == made


def test_journals_have_the_account() -> None:
    made = restored(journalled(role(A), role(B))).finish().merged
    assert made == record(role(A), role(B)).merged
    assert len(made.takes) == 2


@pytest.mark.parametrize("caller", [A, UNKNOWN])
@pytest.mark.usefixtures("values_stand")
def test_a_take_that_is_set_aside_comes_back_as_that_of_its_caller(caller: str) -> None:
    secret = "zreal-horse-battery"
    login = (
        request("CreateLoginProfile", {"UserName": "bobby", "Password": secret}, caller=caller),
        respond("CreateLoginProfile", {"LoginProfile": {"UserName": "bobby"}}),
    )
    made = record(login, role(caller, f"it is {secret}!"), role(B), include_writes=True)
    (aside,) = made.set_aside
    aside = read_set_aside(write_set_aside(aside), MODELS)
    assert aside.track.account == Aliases(KEY).caller(Hidden(caller))
    rules = Rules.from_settings({"mask-members": ["Role.Description"]}, MODELS)
    take, leaks = redact_again(MODELS, aside, Redactor(KEY, rules))
    assert not leaks
    filled, (is_in,) = fill_holes(MODELS, made.merged, [(aside, take)])
    assert is_in
    assert {each.track for each in filled.takes} == {each.track for each in made.merged.takes}
    assert not any(each.hole for each in filled.takes)
