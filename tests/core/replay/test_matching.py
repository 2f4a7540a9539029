"""Matching: a request finds the track that means the same, and no other."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog import service_models
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette, Track
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import Miss
from awstape.core.replay.nearest_track import identity_differences
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support.exchanges import ACCOUNT, KEY, Exchange, cassette, operation, player, request, respond

ALIASES = Aliases(KEY)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/zreal"
JOB = "5d2f9c1e-0000-4000-8000-00000000000"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": ["*"]},
    ],
}
TEXT = json.dumps(POLICY)


def simulation(*actions: str, **members: Value) -> dict[str, Value]:
    return {"PolicySourceArn": ROLE, "ActionNames": list(actions), **members}


def generation(time: str) -> dict[str, Value]:
    trail: dict[str, Value] = {"cloudTrailArn": f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/zreal", "regions": []}
    details: dict[str, Value] = {"trails": [trail], "accessRole": ROLE, "startTime": time}
    return {"policyGenerationDetails": {"principalArn": ROLE}, "cloudTrailDetails": details}


def raw(name: str, identity: dict[str, Value]) -> Request:
    """Returns the request of an Access Analyzer operation with members in the body exactly as they are given."""
    asked = request("ListAnalyzers")
    op = operation(name)
    return Request(
        op.method, asked.host, op.uri, "", (("Content-Type", "application/json"),), json.dumps(identity).encode()
    )


def answered(playing: Player, asked: Request) -> Track | None:
    """Returns the track of the answer; None for a miss."""
    reply = playing.answer(asked)
    assert isinstance(reply, ServedPage | Miss)
    return reply.track if isinstance(reply, ServedPage) else None


def validate(document: str) -> Request:
    return request("ValidatePolicy", {"policyDocument": document, "policyType": "IDENTITY_POLICY"})


def with_policy(**changes: Any) -> str:
    return json.dumps({**POLICY, **changes})


FIRST, SECOND = POLICY["Statement"]
SAME_DOCUMENTS = {
    "indented": json.dumps(POLICY, indent=2),
    "compact": json.dumps(POLICY, separators=(",", ":")),
    "members in another order": json.dumps(dict(reversed(POLICY.items()))),
    "actions in another order": with_policy(Statement=[{**FIRST, "Action": FIRST["Action"][::-1]}, SECOND]),  # type: ignore[index, dict-item]
    "one action in a list": with_policy(Statement=[FIRST, {**SECOND, "Action": ["iam:*"]}]),  # type: ignore[dict-item]
    "escaped": TEXT.replace("iam:", "\\u0069am:"),
}
OTHER_DOCUMENTS = {
    "statements in another order": with_policy(Statement=[SECOND, FIRST]),
    "a statement twice": with_policy(Statement=[FIRST, FIRST, SECOND]),
    "another action": TEXT.replace("PutObject", "DeleteObject"),
    "an action less": TEXT.replace(', "s3:PutObject"', ""),
    "a member twice": TEXT.replace('"Version"', '"Version": "2012-10-17", "Version"'),
    "no JSON": TEXT[:-1],
}


@pytest.mark.parametrize("key", [KEY, None], ids=["with the key", "without a key"])
def test_a_document_that_is_formatted_otherwise_is_the_same(key: Key | None) -> None:
    playing = player(cassette((validate(TEXT), respond("ValidatePolicy", {"findings": []}))), key=key)
    found = {about: answered(playing, validate(text)) is not None for about, text in SAME_DOCUMENTS.items()}
    assert found == dict.fromkeys(SAME_DOCUMENTS, True)
    found = {about: answered(playing, validate(text)) is not None for about, text in OTHER_DOCUMENTS.items()}
    assert found == dict.fromkeys(OTHER_DOCUMENTS, False)


def test_of_two_spellings_that_were_recorded_the_exact_one_is_found() -> None:
    texts = [TEXT, SAME_DOCUMENTS["indented"]]
    exchanges = [(validate(text), respond("ValidatePolicy", {"findings": [], "nextToken": None})) for text in texts]
    recorded = cassette(*exchanges)
    playing = player(recorded)
    for asked, _ in exchanges:
        found = answered(playing, asked)
        assert found
        assert found.identity["policyDocument"] == json.loads(asked.body)["policyDocument"]
    assert answered(playing, validate(SAME_DOCUMENTS["compact"])), "both were answered the same"


def simulate(*actions: str, **members: Value) -> Exchange:
    asked = simulation(*actions, **members)
    results: list[Value] = [{"EvalActionName": action, "EvalDecision": "allowed"} for action in actions]
    return request("SimulatePrincipalPolicy", asked), respond("SimulatePrincipalPolicy", {"EvaluationResults": results})


def test_the_order_of_a_set_means_nothing_unless_two_tracks_differ_by_it() -> None:
    actions = ("iam:PassRole", "s3:GetObject", "s3:PutObject")
    playing = player(cassette(simulate(*actions)))
    assert answered(playing, simulate(*reversed(actions))[0])
    assert not answered(playing, simulate(*actions[:2])[0])
    assert not answered(playing, simulate(*actions, actions[0])[0])

    playing = player(cassette(simulate(*actions), simulate(*reversed(actions))))
    for order in (actions, actions[::-1]):
        found = answered(playing, simulate(*order)[0])
        assert found
        assert found.identity["ActionNames"] == list(order)
    miss = playing.answer(simulate(actions[1], actions[0], actions[2])[0])
    assert isinstance(miss, Miss)
    assert "2 tracks differ from it only in spelling or order, and were answered differently" in miss.text
    assert [difference.member for difference in miss.differences] == ["ActionNames"]


def test_sets_match_in_any_order_and_lists_in_theirs_only() -> None:
    """Context entries and filters are sets; the order of simulated policies counts."""
    entries: list[Value] = [
        {"ContextKeyName": name, "ContextKeyValues": ["a", "b"], "ContextKeyType": "stringList"}
        for name in ("aws:a", "aws:b")
    ]
    recorded = simulate("s3:Get*", ContextEntries=entries, PolicyInputList=["{}", '{"Version": "2012-10-17"}'])
    playing = player(cassette(recorded))
    turned: list[Value] = [{**entry, "ContextKeyValues": ["b", "a"]} for entry in entries[::-1]]  # type: ignore[dict-item]
    policies: list[Value] = ["{}", '{"Version":"2012-10-17"}']
    assert answered(playing, simulate("s3:Get*", ContextEntries=turned, PolicyInputList=policies)[0])
    assert not answered(playing, simulate("s3:Get*", ContextEntries=turned, PolicyInputList=policies[::-1])[0])

    filters: list[dict[str, Value]] = [
        {"status": {"eq": values}} for values in (["ACTIVE", "ARCHIVED"], ["ARCHIVED", "ACTIVE"])
    ]
    arn = f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zreal"
    asked, other = (request("ListFindings", {"analyzerArn": arn, "filter": each}) for each in filters)
    assert answered(player(cassette((asked, respond("ListFindings", {"findings": []})))), other)


@pytest.mark.parametrize(
    "time", ["2026-03-02T11:11:12+01:00", "2026-03-02T10:11:12.000Z", 1772446272, "Mon, 02 Mar 2026 10:11:12 GMT"]
)
def test_a_time_that_is_spelled_otherwise_is_the_same(time: Value) -> None:
    start = generation("2026-03-02T10:11:12Z")
    exchange = (raw("StartPolicyGeneration", start), respond("StartPolicyGeneration", {"jobId": f"{JOB}1"}))
    playing = player(cassette(exchange, include_writes=True))
    start["cloudTrailDetails"]["startTime"] = time  # type: ignore[index, call-overload]
    assert answered(playing, raw("StartPolicyGeneration", start))
    start["cloudTrailDetails"]["startTime"] = "2026-03-02T10:11:13Z"  # type: ignore[index, call-overload]
    assert not answered(playing, raw("StartPolicyGeneration", start))


# --- names in documents -----------------------------------------------------------------------------------------


def names() -> list[Exchange]:
    """A role and its instance profile of one name, and a user: what other traffic tells about names."""
    return [
        (request("GetRole", {"RoleName": "zreal"}), respond("GetRole", {"Role": {"RoleName": "zreal"}})),
        (
            request("GetInstanceProfile", {"InstanceProfileName": "zreal"}),
            respond("GetInstanceProfile", {"InstanceProfile": {"InstanceProfileName": "zreal"}}),
        ),
        (request("GetUser", {"UserName": "zuser"}), respond("GetUser", {"User": {"UserName": "zuser"}})),
    ]


def naming(role: str, user: str, account: str = ACCOUNT) -> str:
    """A policy whose condition values and resources have names in them, as a program makes it from other answers."""
    conditions = {"StringEquals": {"aws:PrincipalTag/owner": user, "aws:ResourceTag/for": role}}
    resources = [f"arn:aws:iam::{account}:role/{role}", f"arn:aws:s3:::{user}"]
    return json.dumps({"Statement": [{"Effect": "Allow", "Resource": resources, "Condition": conditions}]})


def asking(document: str) -> list[Request]:
    simulated = {"PolicyInputList": [document], "ActionNames": ["s3:GetObject"]}
    return [validate(document), request("SimulateCustomPolicy", simulated)]


def test_documents_with_names_from_other_traffic_match_with_the_key_and_by_aliases() -> None:
    asked = asking(naming("zreal", "zuser"))
    answers = [respond("ValidatePolicy", {"findings": []}), respond("SimulateCustomPolicy", {"EvaluationResults": []})]
    recorded = cassette(*names(), *zip(asked, answers, strict=True))
    assert "zreal" not in write_cassette(recorded)
    for kind in ("role", "instance-profile"):
        aliased = naming(ALIASES.name(kind, "zreal"), ALIASES.name("user", "zuser"), ALIASES.account(ACCOUNT))
        for key in (KEY, None):
            playing = player(recorded, key=key)
            assert [answered(playing, each) is not None for each in asking(aliased)] == [True, True], (kind, key)
    playing = player(recorded)
    assert [answered(playing, each) is not None for each in asked] == [True, True]
    assert [answered(playing, each) for each in asking(naming("zreal", "zother"))] == [None, None]


# --- other versions of botocore ---------------------------------------------------------------------------------


@contextmanager
def changed_models(edit: Callable[[dict[str, Any]], None]) -> Iterator[Models]:
    """Yields the models of a botocore whose shapes `edit` changed."""
    load = service_models.load_service_model

    def load_changed(name: str) -> Any:
        model = copy.deepcopy(load(name))
        edit(model["shapes"])
        return model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_models, "load_service_model", load_changed)
        yield service_models.load_models.__wrapped__()


def fewer_enums_and_marks(shapes: dict[str, Any]) -> None:
    for shape in shapes.values():
        shape.pop("enum", None)
        shape.pop("sensitive", None)


def more_marks(shapes: dict[str, Any]) -> None:
    for name in ("ContextKeyValueType", "ContextKeyTypeEnum", "PolicyDocument", "policyDocumentType"):
        if name in shapes:
            shapes[name]["sensitive"] = True


def between_versions() -> list[Exchange]:
    entry: dict[str, Value] = {
        "ContextKeyName": "aws:PrincipalTag/zreal",
        "ContextKeyType": "string",
        "ContextKeyValues": ["zreal value"],
    }
    document = naming("zreal", "zuser")
    check: dict[str, Value] = {
        "newPolicyDocument": document,
        "existingPolicyDocument": "{}",
        "policyType": "IDENTITY_POLICY",
    }
    return [
        (request("GetRole", {"RoleName": "zreal"}), respond("GetRole", {"Role": {"RoleName": "zreal"}})),
        simulate("s3:Get*", ContextEntries=[entry]),
        (validate(document), respond("ValidatePolicy", {"findings": []})),
        (request("CheckNoNewAccess", check), respond("CheckNoNewAccess", {"result": "PASS"})),
        (request("ListPolicies", {"Scope": "Local"}), respond("ListPolicies", {"Policies": []})),
    ]


@pytest.mark.parametrize("edit", [fewer_enums_and_marks, more_marks])
def test_cassettes_replay_with_another_botocore(edit: Callable[[dict[str, Any]], None]) -> None:
    exchanges = between_versions()
    with changed_models(edit) as other:
        for recording, replaying in ((service_models.load_models(), other), (other, service_models.load_models())):
            recorder = Recorder(recording, Redactor(KEY), parse_response)
            for asked, answer in exchanges:
                recorder.feed(asked, answer)
            text = write_cassette(recorder.finish().cassette)
            playing = Player(replaying, read_cassette(text, replaying), Redactor(KEY), has_key=True)
            assert [answered(playing, asked) is not None for asked, _ in exchanges] == [True] * len(exchanges)


# --- the rule ---------------------------------------------------------------------------------------------------

_TEXTS = st.sampled_from(["a", "b", '{"Statement": []}', '{"Statement":[]}', '{"a": 1}'])
_IDENTITIES = st.fixed_dictionaries(
    {
        "ActionNames": st.lists(st.sampled_from(["s3:Get*", "iam:Get*"]), max_size=3),
        "PolicyInputList": st.lists(_TEXTS, max_size=2),
    },
    optional={"CallerArn": _TEXTS, "ResourcePolicy": _TEXTS},
)


@given(_IDENTITIES, _IDENTITIES)
def test_a_track_is_found_exactly_where_no_member_differs(recorded: dict[str, Value], asked: dict[str, Value]) -> None:
    name = "SimulateCustomPolicy"
    made = cassette((request(name, recorded), respond(name, {"EvaluationResults": []})))
    reply = player(made).answer(request(name, asked))
    found = isinstance(reply, ServedPage)
    assert found == (not differences(made, operation(name), asked))
    if isinstance(reply, Miss):
        assert reply.differences


def differences(made: Cassette, op: Operation, asked: dict[str, Value]) -> list[str]:
    ((track, _),) = made.tracks()
    redacted = Redactor(KEY).redact_identity(op, asked)
    return [difference.member for difference in identity_differences(op, redacted, track)]


# --- names in other letters, and names that a program makes ------------------------------------------------------

NAMED = ("zReal-Role", "zreal-role", "ZREAL-ROLE", "zREAL-role")


def get_role(name: str, recorded: str = NAMED[0]) -> Exchange:
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": {"RoleName": recorded, "Path": "/"}})


def test_names_of_iam_are_found_in_other_letters_with_the_key_and_by_aliases() -> None:
    recorded = cassette(get_role(NAMED[1]))
    for name in NAMED:
        assert answered(player(recorded), get_role(name)[0]), name
    alias = ALIASES.name("role", NAMED[1])
    for spelled in (alias, alias.upper(), ALIASES.name("role", NAMED[0])):
        assert answered(player(recorded, key=None), request("GetRole", {"RoleName": spelled})), spelled
        assert answered(player(recorded), request("GetRole", {"RoleName": spelled})), spelled
    assert not answered(player(recorded), get_role("zreal-rol")[0])


def test_a_program_sees_in_which_letters_a_name_was_recorded() -> None:
    """It asked for one spelling and was answered with another: so in the replay, and the two differ in case only."""
    ((track, takes),) = cassette(get_role(NAMED[1])).tracks()
    output = takes[0].pages[0].answer.output
    assert output
    asked, got = track.identity["RoleName"], output["Role"]["RoleName"]  # type: ignore[index, call-overload]
    assert isinstance(asked, str)
    assert asked != got
    assert asked.lower() == got.lower()


def test_of_two_letterings_that_were_recorded_the_exact_one_is_found() -> None:
    playing = player(cassette(*(get_role(name, name) for name in NAMED[:3])))
    for name in NAMED[:3]:
        found = answered(playing, get_role(name)[0])
        assert found
        assert found.identity == {"RoleName": ALIASES.name("role", name)}
    assert not answered(playing, get_role(NAMED[3])[0])


def test_paths_and_names_of_other_services_keep_their_case() -> None:
    path: dict[str, Value] = {"PathPrefix": "/Zreal/"}
    analyzer: dict[str, Value] = {"analyzerName": "Zreal"}
    playing = player(
        cassette(
            (request("ListRoles", path), respond("ListRoles", {"Roles": []})),
            (request("GetAnalyzer", analyzer), respond("GetAnalyzer", {"analyzer": {}})),
        )
    )
    for name, asked in (("ListRoles", path), ("GetAnalyzer", analyzer)):
        assert answered(playing, request(name, asked))
        lower: dict[str, Value] = {member: str(value).lower() for member, value in asked.items()}
        assert not answered(playing, request(name, lower))


INLINE: dict[str, Value] = {"RoleName": "zReal", "PolicyName": "zReal-inline"}


def made_of(alias: str, name: str) -> Request:
    return request("GetRolePolicy", {"RoleName": alias, "PolicyName": name.format(alias)})


def test_a_name_that_a_program_makes_of_a_recorded_one_is_found_or_explained() -> None:
    recorded = cassette((request("GetRolePolicy", INLINE), respond("GetRolePolicy", {"PolicyDocument": "{}"})))
    alias = ALIASES.name("role", "zReal")
    assert answered(player(recorded), made_of(alias, "{}-inline"))
    for made in ("{}-inline", "deny-{}", "x.{}_y", "Deny{}"):
        miss = player(recorded, key=None).answer(made_of(alias, made))
        assert isinstance(miss, Miss), made
        assert [difference.member for difference in miss.differences] == ["PolicyName"]
        assert (f"PolicyName was made of the recorded name {alias}: " in miss.text) == (made != "Deny{}")
        assert ('keep = ["NAME*"] or keep-names = true' in miss.text) == (made != "Deny{}")
    miss = player(recorded).answer(made_of(alias, "{}-other"))
    assert isinstance(miss, Miss)
    assert "keep-names" not in miss.text, "with the key, the name that was made is known"


@pytest.mark.parametrize("name", ["{}-{}", "{}_{}", "{}.{}", "{}-{}-{}-{}"])
@pytest.mark.parametrize("key", [KEY, None])
def test_a_name_that_is_made_of_recorded_ones_only_is_found_without_the_key(name: str, key: Key | None) -> None:
    made: dict[str, Value] = {"RoleName": "zReal-one", "PolicyName": name.replace("{}", "zReal-one")}
    recorded = cassette((request("GetRolePolicy", made), respond("GetRolePolicy", {"PolicyDocument": "{}"})))
    assert answered(player(recorded, key=key), made_of(ALIASES.name("role", "zReal-one"), name.replace("{}", "{0}")))


@pytest.mark.parametrize("name", ["deny-{}", "x.{}_y", "{}/{}", "a-b-c-d-e-f-{}-{}-x"])
def test_with_the_key_a_name_that_a_program_makes_is_found(name: str) -> None:
    real = name.replace("{}", "zReal")
    profile: dict[str, Value] = {"InstanceProfileName": real}
    recorded = cassette(
        (request("GetInstanceProfile", profile), respond("GetInstanceProfile", {})), get_role("zReal", "zReal")
    )
    made = request("GetInstanceProfile", {"InstanceProfileName": name.replace("{}", ALIASES.name("role", "zReal"))})
    assert answered(player(recorded), made)


def test_a_name_that_a_program_makes_is_no_name_of_what_it_was_made_of() -> None:
    """The role's inline policy has the name of the role; `deny-` and that name is another policy."""
    same: dict[str, Value] = {"RoleName": "zReal", "PolicyName": "zReal"}
    recorded = cassette((request("GetRolePolicy", same), respond("GetRolePolicy", {**same, "PolicyDocument": "{}"})))
    alias = ALIASES.name("role", "zReal")
    for key in (KEY, None):
        assert answered(player(recorded, key=key), made_of(alias, "{}"))
        assert not answered(player(recorded, key=key), made_of(alias, "deny-{}"))


def test_a_checked_document_is_the_same_in_every_format() -> None:
    """The model marks it as sensitive; the cassette holds it as any policy, with aliases for what a customer named."""
    members: dict[str, Value] = {"existingPolicyDocument": "{}", "policyType": "IDENTITY_POLICY"}

    def check(document: str) -> Exchange:
        asked = request("CheckNoNewAccess", {**members, "newPolicyDocument": document})
        return asked, respond("CheckNoNewAccess", {"result": "PASS", "message": document[:1]})

    recorded = cassette(check(TEXT))
    assert "s3:GetObject" in write_cassette(recorded)
    for text in SAME_DOCUMENTS.values():
        assert answered(player(recorded), check(text)[0])
    for text in OTHER_DOCUMENTS.values():
        assert not answered(player(recorded), check(text)[0])
    both = player(cassette(check(TEXT), check(SAME_DOCUMENTS["indented"])))
    first, second = (answered(both, check(text)[0]) for text in (TEXT, SAME_DOCUMENTS["indented"]))
    assert first != second
