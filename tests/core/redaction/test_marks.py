"""Marks: two values never share an alias; the header tells which is not spelled from its first digest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from awstape.cli.main import main
from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.takes import normalise_cassette
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.compare.cassette_diff import diff_cassettes
from awstape.core.compare.change_lines import change_lines
from awstape.core.editing.edits import merge_cassettes
from awstape.core.editing.rekey import AliasRenewer
from awstape.core.editing.rename import rename
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.alias_grammar import is_alias, spell_account
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.cassette_aliases import find_ambiguous_alias
from awstape.core.redaction.marks import Marks
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import Miss
from awstape.core.replay.replies import ServedPage
from support.exchanges import KEY, MODELS, OTHER_KEY, Exchange, journalled, player, recorder, request, respond, restored

MARKS = frozenset({"abcdefghijkl", "mnopqrstuvwx"})


def find_twins() -> tuple[str, str]:
    """Two account ids of one first alias."""
    seen: dict[str, str] = {}
    for i in range(100_000):
        account = f"7{i:011}"
        twin = seen.setdefault(spell_account(KEY.digest("account", account)), account)
        if twin != account:
            return twin, account
    raise AssertionError


TWINS = find_twins()
ACCOUNTS = [*TWINS, *(f"8{i:011}" for i in range(4_998))]


def trust(accounts: Iterable[str]) -> str:
    principals = [f"arn:aws:iam::{account}:root" for account in accounts]
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def roles(accounts: list[str], size: int = 50) -> Exchange:
    groups = [accounts[i : i + size] for i in range(0, len(accounts), size)]
    listed: list[Any] = [
        {"RoleName": f"role{i}", "AssumeRolePolicyDocument": trust(group)} for i, group in enumerate(groups)
    ]
    return request("ListRoles"), respond("ListRoles", {"Roles": listed, "IsTruncated": False})


def versions(account: str) -> Exchange:
    """A policy of an account has as many versions as its id has in its last two digits."""
    listed: list[Any] = [{"VersionId": f"v{account[-4:]}"}]
    return (
        request("ListPolicyVersions", {"PolicyArn": f"arn:aws:iam::{account}:policy/x"}),
        respond("ListPolicyVersions", {"Versions": listed, "IsTruncated": False}),
    )


def accounts_in(cassette: Cassette) -> list[str]:
    """The accounts in the trust policies of a cassette, in their order."""
    (take,) = (take for take in cassette.takes if take.track.operation == "ListRoles")
    output: Any = take.pages[0].answer.output
    documents = (json.loads(role["AssumeRolePolicyDocument"]) for role in output["Roles"])
    return [arn.split(":")[4] for each in documents for arn in each["Statement"][0]["Principal"]["AWS"]]


def record(*traffic: Exchange, old: Cassette | None = None) -> Cassette:
    recording = recorder(*traffic, old=old or Cassette()).finish(old or Cassette())
    assert not recording.set_aside
    assert read_cassette(write_cassette(recording.merged), MODELS) == recording.merged
    return recording.merged


def test_thousands_of_accounts_have_as_many_aliases() -> None:
    cassette = record(roles(ACCOUNTS))
    made = accounts_in(cassette)
    assert len(set(made)) == len(ACCOUNTS) == len(made)
    assert all(map(is_alias, made))
    assert 1 <= len(cassette.apart) < 20
    assert made[0] == Aliases(KEY).account(TWINS[0])
    assert f"apart:\n- {min(cassette.apart)}\n" in write_cassette(cassette).partition("---")[0]


def test_a_recording_without_such_values_has_no_marks() -> None:
    cassette = record(roles(ACCOUNTS[1:20]))
    assert not cassette.apart and "apart" not in write_cassette(cassette)


@pytest.mark.parametrize("first", [0, 1])
def test_a_live_request_finds_what_was_recorded_for_its_account(first: int) -> None:
    order = [TWINS[first], TWINS[1 - first]]
    cassette = record(*map(versions, order))
    assert len(cassette.apart) == 1
    playing = player(cassette)
    for account in (*order, *reversed(order)):
        served = playing.answer(versions(account)[0])
        assert isinstance(served, ServedPage) and f"v{account[-4:]}" in served.response.body.decode()
    only = player(record(versions(order[0]), roles([order[1]])))
    assert isinstance(only.answer(versions(order[1])[0]), Miss)
    assert isinstance(only.answer(versions(order[0])[0]), ServedPage)


def test_callers_whose_accounts_share_a_first_alias_are_two() -> None:
    callers = [access_key_of_account(account) for account in TWINS]
    asked = [request("GetUser", caller=caller) for caller in callers]
    cassette = record(*((each, respond("GetUser", {"User": {"UserName": f"u{i}"}})) for i, each in enumerate(asked)))
    assert len(cassette.accounts) == 2
    playing = player(cassette)
    served = [playing.answer(each) for each in asked]
    assert all(isinstance(each, ServedPage) for each in served) and served[0] != served[1]


def test_an_account_that_the_recording_did_not_meet_takes_no_alias_in_replay() -> None:
    playing = player(record(versions(TWINS[0])))
    playing.answer(versions(TWINS[1])[0])
    assert isinstance(playing.answer(versions(TWINS[0])[0]), ServedPage)


def test_a_second_recording_has_the_same_aliases_in_any_order() -> None:
    one, other = map(versions, TWINS)
    cassette = record(one, other, roles(ACCOUNTS[:200]))
    again = record(roles(ACCOUNTS[:200]), other, one, old=cassette)
    assert write_cassette(again) == write_cassette(cassette)
    partly = record(other, old=cassette)
    assert write_cassette(partly) == write_cassette(cassette)


def test_a_recovered_journal_gives_the_same_bytes() -> None:
    traffic = [*map(versions, reversed(TWINS)), roles(ACCOUNTS[:200])]
    first = Recorder(MODELS, Redactor(KEY), read_nothing, old=Cassette())
    for asked, answered in traffic:
        first.feed(asked, answered)
    again = restored(journalled(*traffic), old=Cassette())
    assert first.finish().merged.apart
    assert write_cassette(again.finish().merged) == write_cassette(first.finish().merged)


def read_nothing(*_: object) -> dict[str, Any]:
    return {}


def test_thousands_of_addresses_in_a_policy_have_as_many_aliases() -> None:
    addresses = [f"93.{i // 250}.{i % 250}.7/32" for i in range(2_000)]
    condition = {"IpAddress": {"aws:SourceIp": addresses}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    asked = request("GetRolePolicy", {"RoleName": "r", "PolicyName": "p"})
    answer = respond("GetRolePolicy", {"RoleName": "r", "PolicyName": "p", "PolicyDocument": document})
    cassette = record((asked, answer))
    output: Any = cassette.takes[0].pages[0].answer.output
    made = json.loads(output["PolicyDocument"])["Statement"]["Condition"]["IpAddress"]["aws:SourceIp"]
    assert len(set(made)) == 2_000 and cassette.apart
    assert not set(made) & set(addresses)


def test_all_spellings_of_a_name_have_aliases_of_their_own() -> None:
    spellings = ["".join(letters) for letters in product(*zip("admin", "ADMIN", strict=True))]
    aliases = Aliases(KEY)
    made = {name: aliases.name("role", name) for name in spellings}
    assert len(set(made.values())) == len(spellings)
    assert len({alias.lower() for alias in made.values()}) == 1
    again = Aliases(KEY, apart=aliases.marks.known)
    assert {name: again.name("role", name) for name in reversed(spellings)} == made


def test_a_room_that_is_used_up_ends_no_recording() -> None:
    aliases = Aliases(KEY)
    made = [aliases.code(f"{i + 100_000}") for i in range(10_500)]
    assert 9_500 < len(set(made)) <= 10_000


def test_a_mark_takes_the_key() -> None:
    made = record(*map(versions, TWINS)).apart
    spelled = spell_account(KEY.digest("account", TWINS[0]))
    mine, others = (
        {Marks(key.digest).make("account", account, 0, spelled) for account in TWINS} for key in (KEY, OTHER_KEY)
    )
    assert made < mine
    assert not made & others


# --- several cassettes ----------------------------------------------------------------------------------------------


def test_an_alias_that_may_stand_for_different_values_in_two_cassettes_is_found() -> None:
    one, other = TWINS
    marked, alone, apart = record(*map(versions, TWINS)), record(roles([other])), record(roles(ACCOUNTS[2:20]))
    shared = Aliases(KEY).account(one)
    assert find_ambiguous_alias(MODELS, [marked, alone]) == (1, 0, shared)
    assert find_ambiguous_alias(MODELS, [apart, alone, marked]) == (1, 2, shared)
    assert find_ambiguous_alias(MODELS, [marked, apart, marked]) is None
    assert find_ambiguous_alias(MODELS, [alone, apart]) is None, "there is no mark"
    assert find_ambiguous_alias(MODELS, [marked, replace(alone, keys=frozenset({"abcdefghijkl"}))]) is None


def test_a_second_cassette_with_the_marks_of_the_first_is_recorded_alike() -> None:
    marked = record(*map(versions, TWINS))
    alone = record(roles([TWINS[1]]), old=Cassette(apart=marked.apart))
    assert find_ambiguous_alias(MODELS, [marked, alone]) is None
    aliases = {account: Aliases(KEY, apart=marked.apart).account(account) for account in TWINS}
    assert accounts_in(alone) == [aliases[TWINS[1]]] and len({*aliases.values()}) == 2


@pytest.mark.parametrize("command", ["replay", "merge"])
def test_cassettes_with_an_ambiguous_alias_are_refused_together(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, cassette in (("a", record(*map(versions, TWINS))), ("b", record(roles([TWINS[1]])))):
        (tmp_path / f"{name}.yaml").write_text(write_cassette(cassette), "utf-8")
    rest = ("-o", str(tmp_path / "c.yaml")) if command == "merge" else ("--", "true")
    assert main([command, str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"), *rest]) == 2
    error = capfd.readouterr().err
    assert f"b.yaml: the alias {Aliases(KEY).account(TWINS[0])} may stand for another value than in" in error
    assert "copy the marks under `apart:`" in error


# --- the header -----------------------------------------------------------------------------------------------------


def marked() -> Cassette:
    return replace(record(versions(ACCOUNTS[5])), apart=MARKS)


CARRIERS: dict[str, Callable[[Cassette], Cassette]] = {
    "text": lambda c: CassetteText.read([write_cassette(c)], MODELS).cassette,
    "written": lambda c: CassetteText.write(c).cassette,
    "changed": lambda c: rewrite_cassette(MODELS, [CassetteText.write(c)], c.with_takes([])).written.cassette,
    "into a text without": lambda c: (
        rewrite_cassette(MODELS, [CassetteText.write(replace(c, apart=frozenset()))], c).written.cassette
    ),
    "normalised": lambda c: normalise_cassette(MODELS, c, ()),
    "redacted": lambda c: Redactor(KEY).redact_cassette(MODELS, c),
    "renamed": lambda c: rename(MODELS, c, "x", "y", Aliases(KEY)),
    "merged": lambda c: merge_cassettes(MODELS, [replace(c, apart=frozenset({mark})) for mark in sorted(MARKS)], None),
    "recorded again": lambda c: record(versions(ACCOUNTS[6]), old=c),
}


@pytest.mark.parametrize("change", CARRIERS.values(), ids=CARRIERS)
def test_marks_stay(change: Callable[[Cassette], Cassette]) -> None:
    assert change(marked()).apart == MARKS


def test_marks_of_another_key_go() -> None:
    assert not AliasRenewer(OTHER_KEY).rekey_cassette(MODELS, marked()).apart


def test_a_marked_value_is_found_when_it_is_rekeyed() -> None:
    cassette = record(*map(versions, TWINS))
    renewer = AliasRenewer(OTHER_KEY)
    renewer.learn([*TWINS, "x"], KEY, cassette.apart)
    playing = player(renewer.rekey_cassette(MODELS, cassette), key=OTHER_KEY)
    assert renewer.matched == {*TWINS, "x"}
    assert all(isinstance(playing.answer(versions(account)[0]), ServedPage) for account in TWINS)


def test_a_difference_of_marks_is_shown() -> None:
    changes = diff_cassettes(MODELS, marked(), replace(marked(), apart=frozenset()))
    assert [*change_lines(changes)] == ['~ apart: "abcdefghijkl, mnopqrstuvwx" → none']


@pytest.mark.parametrize("wrong", ["apart: x", "apart: [short]", "apart: [1]", "apart: [abcdefghijkl, {}]"])
def test_what_is_no_mark_is_refused(wrong: str) -> None:
    text = write_cassette(marked()).replace("apart:\n- abcdefghijkl\n- mnopqrstuvwx\n", f"{wrong}\n")
    with pytest.raises(DocumentError, match="apart"):
        read_cassette(text, MODELS)
