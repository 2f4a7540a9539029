"""Takes that are set aside: one string keeps one take out of a cassette, and a rule brings it back."""

from __future__ import annotations

import base64
import json
import tomllib
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Response
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.takes import merge_recorded
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.set_aside import SetAside, fill_holes, read_set_aside, redact_again, write_set_aside
from awstape.core.recording.summary import Recording
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import Miss
from awstape.core.replay.replies import ServedPage
from awstape.core.text.encoded_text import decoded_variants
from awstape.report import recording_facts, recording_lines
from support import strategies
from support.exchanges import (
    ACCOUNT,
    KEY,
    MODELS,
    Exchange,
    fail,
    journalled,
    listing,
    player,
    record,
    recorder,
    request,
    respond,
    restored,
)

PASSWORD = "zreal-horse-battery"
#: A call that has the password in the place where the service model marks it as sensitive.
LOGIN: Exchange = (
    request("CreateLoginProfile", {"UserName": "zrealbob", "Password": PASSWORD}),
    respond("CreateLoginProfile", {"LoginProfile": {"UserName": "zrealbob", "CreateDate": "2026-01-01T00:00:00Z"}}),
)
TOLD = f"it is {PASSWORD}!"


def role(name: str, description: str = "") -> dict[str, Value]:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return {"RoleName": name, "Arn": arn, **({"Description": description} if description else {})}


def get_role(name: str, description: str = "") -> Exchange:
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": role(name, description)})


def recorded(*exchanges: Exchange) -> Recording:
    return record(*exchanges, include_writes=True)


def rules(**settings: object) -> Rules:
    return Rules.from_settings({name.replace("_", "-"): value for name, value in settings.items()}, MODELS)


def fill_hole(cassette: Cassette, aside: SetAside, take: Take) -> Cassette | None:
    """The cassette with one hole filled; None if what was set aside is obsolete."""
    filled, (is_in,) = fill_holes(MODELS, cassette, [(aside, take)])
    assert is_in or filled == cassette
    return filled if is_in else None


def recovered(recording: Recording, with_rules: Rules) -> Cassette:
    """The cassette of a recording, with everything taken in that the rules settle."""
    cassette = recording.merged
    for aside in recording.set_aside:
        take, leaks = redact_again(MODELS, aside, Redactor(KEY, with_rules))
        if not leaks:
            filled = fill_hole(cassette, aside, take)
            assert filled
            cassette = filled
    return cassette


# --- what is found is replaced ------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [TOLD, base64.b64encode(TOLD.encode()).decode(), quote(TOLD), TOLD.encode().hex()])
def test_a_real_value_in_another_text_is_replaced_there_and_sets_nothing_aside(told: str) -> None:
    recording = recorded(LOGIN, get_role("zrealjob", told))
    assert recording.set_aside == ()
    texts = list(decoded_variants(write_cassette(recording.cassette)))
    assert PASSWORD not in str(texts)
    assert any(Aliases(KEY).password(PASSWORD) in text for text in texts)
    assert all(take.hole is None for take in recording.cassette.takes)


# --- harmless strings -----------------------------------------------------------------------------------------------


def role_policy(statement: dict[str, object]) -> Exchange:
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]})
    asked: dict[str, Value] = {"RoleName": "zrealjob", "PolicyName": "zrealread"}
    return request("GetRolePolicy", asked), respond("GetRolePolicy", {**asked, "PolicyDocument": document})


LINKED = "The role with name AWSServiceRoleForSupport cannot be found."
HARMLESS: dict[str, tuple[list[Exchange], str]] = {
    "the digits of the account in a longer number": (
        [get_role("zrealjob", f"ticket 999{ACCOUNT}"), get_role("zrealother")],
        f"ticket 999{ACCOUNT}",
    ),
    "a secret that is named by a pattern": (
        [
            role_policy({"Action": "secretsmanager:*", "Resource": "arn:aws:secretsmanager:*:*:secret:database*"}),
            get_role("zrealjob", "may read the databases"),
        ],
        "may read the databases",
    ),
    "the resource of the service `account`": (
        [role_policy({"Action": "account:GetAccountInformation", "Resource": f"arn:aws:account::{ACCOUNT}:account"})],
        "account:GetAccountInformation",
    ),
    "a condition on a tag with a common word": (
        [
            role_policy({"Action": "*", "Condition": {"StringEquals": {"aws:ResourceTag/secret": "production"}}}),
            get_role("zrealjob", "for production, not for tests"),
        ],
        "for production, not for tests",
    ),
    "a service-linked role that an error names": (
        [
            (
                request("GetRole", {"RoleName": "AWSServiceRoleForSupport"}),
                fail("GetRole", 404, "NoSuchEntity", LINKED),
            ),
            get_role("AWSServiceRoleForSupport"),
        ],
        LINKED,
    ),
}


@pytest.mark.parametrize(("traffic", "kept"), HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_string_sets_nothing_aside(traffic: list[Exchange], kept: str) -> None:
    recording = recorded(*traffic)
    assert [str(leak) for aside in recording.set_aside for leak in aside.leaks] == []
    assert all(take.hole is None for take in recording.merged.takes)
    assert kept in write_cassette(recording.merged)


hostile = st.lists(
    st.sampled_from(
        [
            *(
                ACCOUNT,
                f"9{ACCOUNT}",
                f"{ACCOUNT}0",
                ACCOUNT[:6],
                "arn:aws:iam::",
                f"arn:aws:iam::{ACCOUNT}:role/",
                ":",
            ),
            *(
                "secret",
                "database",
                "databases",
                "account",
                "account:Get",
                "zrealbob",
                "zrealbobs",
                "ZREALBOB",
                PASSWORD,
            ),
            *(
                "arn:aws:account::",
                "arn:aws:secretsmanager:*:*:secret:database*",
                "*",
                "/",
                " ",
                "-",
                ".",
                ",",
                "production",
            ),
            *(
                "AWSServiceRoleForSupport",
                "AKIAEXAMPLE000000000",
                "AROAEXAMPLE000000000",
                "x@zreal.example",
                "%3A",
                '"',
                "{",
            ),
        ]
    ),
    max_size=6,
).map("".join)


@strategies.few(80)
@given(st.lists(hostile, min_size=2, max_size=5), st.booleans())
def test_no_string_refuses_a_recording(texts: list[str], writes: bool) -> None:
    """Whatever texts meet, the recording is there; what is in it can be read, and nothing of it is a secret."""
    names = ["zrealbob", "database", "production", "account", "secretary"]
    traffic = [get_role(name, text) for name, text in zip(names, texts, strict=False)]
    recording = recorded(*traffic, *([LOGIN] if writes else []))
    text = write_cassette(recording.merged)
    assert read_cassette(text, MODELS) == recording.merged
    assert (
        len(recording.merged.takes) + sum(aside.hole is None for aside in recording.set_aside) == len(traffic) + writes
    )
    assert PASSWORD not in text or not writes
    for aside in recording.set_aside:
        assert read_set_aside(write_set_aside(aside), MODELS) == aside
        assert aside.hole is None or aside.hole in recording.merged.takes


# --- a real value ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("values_stand")
def test_only_the_take_with_the_value_is_set_aside() -> None:
    recording = recorded(LOGIN, get_role("zrealone"), get_role("zrealtwo", TOLD), get_role("zrealthree"))
    (aside,) = recording.set_aside
    (leak,) = aside.leaks
    assert (leak.kind, leak.member, leak.take, leak.page, leak.value) == (
        "password",
        "Role.Description",
        1,
        1,
        PASSWORD,
    )
    assert leak.rule == 'mask-members = ["Role.Description"]'
    holes = [take.hole for take in recording.merged.takes if take.track.operation == "GetRole"]
    assert sorted(map(str, holes)) == ["None", "None", "set aside: password in Role.Description"]
    assert PASSWORD not in write_cassette(recording.merged)
    assert PASSWORD not in f"{recording!r} {leak} {leak!r}"


@pytest.mark.usefixtures("values_stand")
def test_only_the_page_with_the_value_is_a_hole() -> None:
    pages: list[dict[str, Value]] = [{"Roles": [role("zrealone")]}, {"Roles": [role("zrealtwo", TOLD)]}, {"Roles": []}]
    recording = recorded(LOGIN, *listing("ListRoles", {}, pages))
    (take,) = (take for take in recording.merged.takes if take.track.operation == "ListRoles")
    assert [page.hole for page in take.pages] == [None, "set aside: password in Roles[].Description", None]


@pytest.mark.usefixtures("values_stand")
def test_replay_misses_at_the_hole_and_says_why() -> None:
    playing = player(recorded(LOGIN, get_role("zrealtwo", TOLD)).merged)
    reply = playing.answer(request("GetRole", {"RoleName": "zrealtwo"}))
    assert isinstance(reply, Miss)
    assert "why: set aside: password in Role.Description" in reply.text
    assert PASSWORD not in reply.text
    assert isinstance(playing.answer(LOGIN[0]), ServedPage)


@pytest.mark.usefixtures("values_stand")
def test_a_write_that_is_set_aside_still_counts() -> None:
    """The second write gets the answer that was recorded for it."""
    twice = [
        (request("CreateRole", {"RoleName": "zrealone"}), respond("CreateRole", {"Role": role("zrealone", text)}))
        for text in (TOLD, "harmless")
    ]
    playing = player(recorded(LOGIN, *twice).merged)
    first, second = (playing.answer(asked) for asked, _ in twice)
    assert isinstance(first, Miss)
    assert isinstance(second, ServedPage)
    assert second.response
    assert b"harmless" in second.response.body


@pytest.mark.usefixtures("values_stand")
def test_a_value_in_an_identity_is_masked_there() -> None:
    asked: dict[str, Value] = {"PolicyInputList": ["{}"], "ActionNames": [f"s3:{PASSWORD}"]}
    recording = recorded(LOGIN, (request("SimulateCustomPolicy", asked), respond("SimulateCustomPolicy")))
    text = write_cassette(recording.merged)
    assert PASSWORD not in text
    (aside,) = recording.set_aside
    assert aside.hole
    assert aside.hole.track.identity["ActionNames"] == [aside.hole.track.identity["ActionNames"][0]]  # type: ignore[index,call-overload]
    assert "set aside: password in identity.ActionNames[]" in text


def as_json(answered: Response, body: dict[str, object]) -> Response:
    return replace(answered, body=json.dumps(body).encode())


@pytest.mark.usefixtures("values_stand")
def test_a_name_that_aws_made_of_a_value_is_shown_nowhere() -> None:
    """It is neither in the member of a leak, nor in the rule, nor in a note; the rule that is named settles it."""
    empty = respond("ListAnalyzers", {"analyzers": []})
    invalid = fail("ListAnalyzers", 400, "ValidationException", "x")
    bodies = {"analyzers[].*": {"analyzers": [{PASSWORD: 1, "zrealbob": 2}]}, "members.*": {PASSWORD: PASSWORD}}
    for member, body in bodies.items():
        answered = as_json(invalid if "members" in member else empty, body)
        recording = recorded(LOGIN, (request("ListAnalyzers"), answered))
        (aside,) = recording.set_aside
        assert {leak.member for leak in aside.leaks} == {member}
        shown = "\n".join(recording_lines("team.yaml", recording)) + write_cassette(recording.merged)
        assert "zreal" not in shown + json.dumps(recording_facts("team.yaml", recording))
        (rule,) = {leak.rule for leak in aside.leaks}
        assert not redact_again(MODELS, aside, Redactor(KEY, Rules.from_settings(tomllib.loads(rule), MODELS)))[1]
    noted = recorded(LOGIN, (request("ListAnalyzers"), as_json(empty, {"analyzers": [{"zrealbob": 1}]})))
    (note,) = noted.notes
    assert note.startswith("ListAnalyzers: the service model has no member analyzers[].alias-")


@pytest.mark.usefixtures("values_stand")
def test_a_value_in_a_request_that_is_left_out_is_known() -> None:
    """The write with the password is not recorded; the read that tells it must not be written."""
    told = get_role("zrealtwo", TOLD)
    for recording in (record(LOGIN, told), restored(journalled(LOGIN, told)).finish()):
        assert [leak.kind for aside in recording.set_aside for leak in aside.leaks] == ["password"]
        assert PASSWORD not in write_cassette(recording.merged)


# --- back again -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("values_stand")
def test_a_rule_brings_a_take_back() -> None:
    exchanges = (LOGIN, get_role("zrealone"), get_role("zrealtwo", TOLD))
    recording = recorded(*exchanges)
    settled = rules(mask_members=["Role.Description"])
    whole = Recorder(MODELS, Redactor(KEY, settled), parse_response, include_writes=True)
    for asked, answered in exchanges:
        whole.feed(asked, answered)
    assert recovered(recording, Rules()) == recording.merged
    assert recovered(recording, settled) == whole.finish().merged


def test_a_take_comes_back_to_its_place() -> None:
    polls = [get_role("zrealtwo", text) for text in ("first", TOLD, "third")]
    recording = recorded(LOGIN, *polls)
    cassette = recovered(recording, rules(mask=["zreal-horse-battery"]))
    takes = [take for take in cassette.takes if take.track.operation == "GetRole"]
    answers = [str(take.pages[0].answer.output) for take in takes]
    assert ["first" in answers[0], "alias-" in answers[1], "third" in answers[2]] == [True] * 3


@pytest.mark.usefixtures("values_stand")
def test_a_take_is_obsolete_once_its_track_was_recorded_anew() -> None:
    recording = recorded(LOGIN, get_role("zrealtwo", TOLD))
    (aside,) = recording.set_aside
    anew = merge_recorded(MODELS, recording.merged, recorded(get_role("zrealtwo", "harmless")).merged)
    assert fill_hole(anew, aside, aside.take) is None
    assert fill_hole(Cassette(keys=anew.keys), aside, aside.take) is not None


@pytest.mark.usefixtures("values_stand")
def test_a_page_comes_back_between_pages_that_were_changed_since() -> None:
    """A later recording applied a rule to another page of the take; then somebody edited that page."""
    pages: list[dict[str, Value]] = [
        {"Roles": [role("zrealone", "plain")]},
        {"Roles": [role("zrealtwo", TOLD)]},
        {"Roles": [role("zrealthree")]},
    ]
    recording = recorded(LOGIN, *listing("ListRoles", {}, pages))
    (aside,) = recording.set_aside
    assert not any("not read to its end" in note for note in recording.notes)
    settled = Redactor(KEY, rules(mask_members=["Roles.Description"]))
    later = Recorder(MODELS, settled, parse_response)
    later.feed(*get_role("zrealfour"))
    masked = later.finish(recording.merged, recording.set_aside).merged
    edited = read_cassette(write_cassette(masked).replace("Description: alias-", "Description: edited-"), MODELS)
    take, leaks = redact_again(MODELS, aside, settled)
    assert not leaks
    for there, first in (masked, "Description: alias-"), (edited, "Description: edited-"):
        filled = fill_hole(there, aside, take)
        assert filled
        text = write_cassette(filled)
        assert "hole:" not in text
        assert text.count(first) == 1 + (there == masked)
        assert text.count("Description: alias-") == 1 + (there == masked)
        assert read_cassette(text, MODELS) == filled
    whole = fill_hole(recording.merged, aside, take)
    assert filled
    assert whole
    tokens = [[page.token for page in each.pages] for each in (*filled.takes, *whole.takes) if len(each.pages) == 3]
    assert tokens[0] == tokens[1], "the tokens are those of the place"


FAULTY = """\
version: 1
---
service: iam
operation: ListUsers
identity: {}
faults: [throttle]
pages: [{output: {}}]
"""


@pytest.mark.usefixtures("values_stand")
def test_faults_of_a_hole_stay() -> None:
    recording = recorded(LOGIN, get_role("zrealtwo", TOLD))
    (aside,) = recording.set_aside
    faults = read_cassette(FAULTY, MODELS).takes[0].faults
    takes = [replace(take, faults=faults) if take.hole else take for take in recording.merged.takes]
    filled = fill_hole(Cassette.of(takes, recording.merged.keys), aside, aside.take)
    assert filled
    assert [take.faults for take in filled.takes if take.track == aside.track] == [faults]


@pytest.mark.usefixtures("values_stand")
def test_a_hole_that_is_recorded_again_is_one_hole() -> None:
    """A recording that sets a take aside does not lose against an older one, and is not piled upon it."""
    older = recorded(get_role("zrealtwo", "harmless"))
    subject = recorder(LOGIN, get_role("zrealtwo", TOLD), include_writes=True)
    newer = subject.finish(older.merged)
    again = recorder(LOGIN, get_role("zrealtwo", TOLD), include_writes=True).finish(newer.merged)
    assert again.merged == newer.merged
    assert [take.hole is None for take in newer.merged.takes if take.track.operation == "GetRole"] == [False]
    assert again.made == {take.track for take in again.merged.takes}


@pytest.mark.usefixtures("values_stand")
def test_a_value_that_an_older_cassette_has_is_told_only() -> None:
    """It may have been taken in as it is; the older recording stays as it was."""
    recording = recorded(LOGIN, get_role("zrealtwo", TOLD))
    (aside,) = recording.set_aside
    as_it_is = fill_hole(recording.merged, aside, aside.take)
    assert as_it_is
    later = recorder(LOGIN, include_writes=True).finish(as_it_is)
    assert later.merged == as_it_is
    assert later.set_aside == ()
    assert "password in Role.Description of page 1, take 1 of iam GetRole: was in the cassette before" in later.notes


# --- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("values_stand")
def test_what_is_set_aside_is_restored_from_its_text() -> None:
    recording = recorded(LOGIN, get_role("zrealtwo", TOLD))
    (aside,) = recording.set_aside
    assert read_set_aside(write_set_aside(aside), MODELS) == aside
    without = SetAside(aside.take, aside.leaks, None)
    assert read_set_aside(write_set_aside(without), MODELS) == without


@pytest.mark.parametrize("text", ["", "{}\n", "leaks: '[]'\n", "leaks: '[[1]]'\n---\nservice: iam\n", "\0"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a take of this version"):
        read_set_aside(text, MODELS)


@pytest.mark.usefixtures("values_stand")
def test_a_restored_recording_sets_the_same_takes_aside() -> None:
    """What only the interrupted program saw is known to the recovery, too."""
    traffic = LOGIN, get_role("zrealone"), get_role("zrealtwo", TOLD)
    one = record(*traffic, include_writes=True)
    other = restored(journalled(*traffic, include_writes=True)).finish()
    assert (one.merged, one.set_aside, one.redacted) == (other.merged, other.set_aside, other.redacted)
    assert len(one.set_aside) == 1
