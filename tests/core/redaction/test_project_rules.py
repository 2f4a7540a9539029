"""A project's rules: which settings are refused, and what each rule does to text and to a whole recording."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.alias_grammar import is_alias, is_name_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import NO_RULES, RuleError, Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import TEXT, Place, StringContext
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support.exchanges import ACCOUNT, KEY, MODELS, Exchange, listing, request, respond

NAME = "zreal-deployer"
TEXT_PLACE = StringContext(Place(TEXT, ("Description",)))
ARN = f"arn:aws:iam::{ACCOUNT}:role/{NAME}"
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": ARN}, "Action": "sts:AssumeRole"}]})

#: Identifiers and secrets that only the rule `keep` can leave readable.
ALWAYS = {
    "account id": ACCOUNT,
    "unique id": "AROAEXAMPLEID12345678",
    "access key id": "AKIAEXAMPLEID1234567",
    "e-mail": "zreal@corporate.test",
    "organisation id": "o-zrealorg123",
    "unit": "ou-ab12-zrealunit1",
    "secret": "zReal7EXAMPLEkeybPxRfiCY123Q9wE4rT6yU8i0",
}


def rules(**settings: object) -> Rules:
    """The rules of settings; hyphens are underscores here."""
    return Rules.from_settings({name.replace("_", "-"): value for name, value in settings.items()}, MODELS)


def redacted(text: str, by: Rules) -> str:
    """A free text, redacted under rules."""
    once = Redactor(KEY, by).redact_string(text, TEXT_PLACE)
    assert Redactor(KEY, by).redact_string(once, TEXT_PLACE) == once, "redacting it again"
    return once


def role(**members: Value) -> Exchange:
    """A GetRole exchange with the role's name in every member of the answer that has one."""
    known: dict[str, Value] = {"RoleName": NAME, "Arn": ARN, "AssumeRolePolicyDocument": TRUST}
    return request("GetRole", {"RoleName": NAME}), respond("GetRole", {"Role": {**known, **members}})


def recorded(by: Rules, *exchanges: Exchange) -> Cassette:
    """The cassette of a recording under rules, written and read again."""
    recorder = Recorder(MODELS, Redactor(KEY, by), parse_response)
    for sent, received in exchanges:
        recorder.feed(sent, received)
    return read_cassette(write_cassette(recorder.finish().cassette), MODELS)


def recorded_role(by: Rules, **members: Value) -> dict[str, str]:
    """The texts of a role, as a recording under rules has them."""
    (take,) = recorded(by, role(**members)).takes
    output = take.pages[0].answer.output
    assert output and isinstance(output["Role"], dict)
    return {"identity": str(take.track.identity["RoleName"]), **{k: str(v) for k, v in output["Role"].items()}}


# --- settings ---------------------------------------------------------------------------------------------------


def test_no_settings_are_no_rules() -> None:
    assert rules() == NO_RULES == rules(keep=[], mask=[], mask_members=[], keep_names=False) == NO_RULES


@pytest.mark.parametrize(
    ("name", "value", "problem", "tip"),
    [
        ("kepe", [], "no such setting; did you mean keep?", "known: keep, mask, mask-members, keep-names"),
        ("keep_names", True, "no such setting; did you mean keep-names?", "known: keep"),
        ("keep", "x", "expected a list of texts", ""),
        ("keep", [1], "expected a list of texts that are not empty", ""),
        ("keep", ["*"], "'*' would keep everything", "keep the names that may be public"),
        ("keep", ["a", "?*"], "'?*' would keep everything", "keep the names that may be public"),
        ("keep", [ARN], "is an ARN; a rule keeps one name or id", "its account id and its names"),
        ("mask", None, "expected a list of texts", ""),
        ("mask", ["("], "'(' is not a regular expression: unexpected or unclosed at character 1", ""),
        ("mask", ["a*"], "'a*' matches the empty text", "match the text that is to be hidden"),
        ("mask", ["a||b"], "matches the empty text", "match the text"),
        ("mask", [r"\b"], "matches the empty text", "match the text"),
        ("mask", ["(?=x)"], "matches the empty text", "match the text"),
        ("mask", ["a{99999999999}"], "is not a regular expression", ""),
        ("mask-members", ["Descripton"], "no operation has a member Descripton; did you mean Description?", "spelled"),
        ("mask-members", ["Tags.Valeu"], "no operation has a member Valeu; did you mean Value?", "spelled as in"),
        ("mask-members", ["."], "no operation has a member ", "spelled as in"),
        ("keep-names", "yes", "expected true or false", ""),
        ("keep-names", 1, "expected true or false", ""),
    ],
)
def test_a_bad_setting_is_refused_by_its_name(name: str, value: object, problem: str, tip: str) -> None:
    with pytest.raises(RuleError) as caught:
        Rules.from_settings({"mask": ["fine"], name: value}, MODELS)
    assert caught.value.name == name
    assert str(caught.value) == f"{name}: {caught.value.problem}"
    assert problem in caught.value.problem
    assert tip in caught.value.tip
    assert not (isinstance(value, list) and value) or caught.value.value == value[-1], "to find its line"


# --- keep -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("glob", [NAME, "zreal-*", "zreal-deploye?", "[xyz]real-deployer"])
def test_a_kept_name_stays_everywhere_and_only_it(glob: str) -> None:
    found = recorded_role(rules(keep=[glob]), Description=f"{NAME} is not zreal-1", Path="/zreal/")
    account = Aliases(KEY).account(ACCOUNT)
    assert found["identity"] == found["RoleName"] == NAME
    assert found["Arn"] == ARN.replace(ACCOUNT, account)
    assert found["AssumeRolePolicyDocument"] == TRUST.replace(ACCOUNT, account)
    assert found["Description"].startswith(NAME)
    assert is_name_alias(found["Path"].strip("/")), "a glob is for the whole of a name"


def test_a_kept_account_id_stays_in_a_recording() -> None:
    found = recorded_role(rules(keep=[ACCOUNT]), Description=f"of {ACCOUNT}")
    assert found["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/alias-")
    assert found["Description"] == f"of {ACCOUNT}"


def test_a_kept_account_id_stays_as_it_is_spelled() -> None:
    assert redacted("of 1111-2222-3333", rules(keep=[ACCOUNT])) == "of 1111-2222-3333"


@pytest.mark.parametrize(
    "value", [ACCOUNT, "AROAEXAMPLEID12345678", "zreal@corp.example", "o-zrealorg123", "vpc-0a1b2c3d4e5f67890"]
)
def test_other_identifiers_can_be_kept(value: str) -> None:
    assert redacted(f"of {value}, so", rules(keep=[value])) == f"of {value}, so"
    assert value not in redacted(f"of {value}, so", rules(keep=[f"{value}x"]))


@pytest.mark.parametrize("settings", [{"keep": ["Stack-*"]}, {"keep_names": True}], ids=["keep", "keep-names"])
def test_a_kept_name_may_look_random(settings: dict[str, object]) -> None:
    """Names that CloudFormation generates do."""
    name = "Stack-ExecutionRoleD5C26073-1A2B3C4D5E6F"
    found = recorded_role(rules(**settings), RoleName=name, Description=f"assumes {name} at night")
    assert [found["RoleName"], found["Description"]] == [name, f"assumes {name} at night"]


def test_secrets_are_never_kept() -> None:
    secret = "zReal7EXAMPLEkey/bPxRfiCY1234567890abcdef"
    assert redacted(f"use {secret}", rules(keep=["zReal*"])).startswith("use alias-")
    key: dict[str, Value] = {"UserName": NAME, "AccessKeyId": "AKIAEXAMPLEID1234567", "SecretAccessKey": secret}
    recorder = Recorder(MODELS, Redactor(KEY, rules(keep=["zReal*"])), parse_response, include_writes=True)
    recorder.feed(request("CreateAccessKey", {"UserName": NAME}), respond("CreateAccessKey", {"AccessKey": key}))
    assert secret not in write_cassette(recorder.finish().cassette)


# --- mask -------------------------------------------------------------------------------------------------------

ENCODED: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "double percent": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "URL-safe base64": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "JSON": lambda text: json.dumps({"note": text}),
    "JSON in JSON": lambda text: json.dumps({"note": json.dumps({"note": text})}),
}


@pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)
def test_masked_text_has_the_same_alias_in_every_encoding(encode: Callable[[str], str]) -> None:
    by = rules(mask=[r"JIRA-\d+"])
    alias = redacted("JIRA-12345", by)
    assert is_name_alias(alias)
    assert alias.startswith("alias-")
    assert redacted(encode("what is this??? JIRA-12345 now"), by) == encode(f"what is this??? {alias} now")


@pytest.mark.parametrize("pattern", [r"\w+", r"\S+", ".+", r"\b\w+\b", "[^ ]+", "masked", r"[\w-]+"])
def test_a_pattern_may_match_aliases(pattern: str) -> None:
    redacted(f"masked: see {ARN}, ask zreal@corp.example or JIRA-12345 in {ACCOUNT}", rules(mask=[pattern]))


@pytest.mark.parametrize("pattern", ["acme", "[a-z]+", r"\d", "-", "e"])
def test_masked_text_within_a_word_is_recognised_as_an_alias(pattern: str) -> None:
    """Otherwise the leak search of a recording would find masked text, and rekeying would not renew it."""
    redacted("theacmecorp, JIRA-12345", rules(mask=[pattern]))


@pytest.mark.parametrize("pattern", [r"\d{4,}", "(?i)zreal", r"\baws\b", r"\biam\b"])
def test_a_mask_does_not_change_the_alias_of_an_identifier(pattern: str) -> None:
    """In spite of a mask, an ARN agrees with the name beside it, and an account id's alias has twelve digits."""
    without, found = recorded_role(NO_RULES), recorded_role(rules(mask=[pattern]))
    assert [found[name] for name in ("RoleName", "Arn")] == [without[name] for name in ("RoleName", "Arn")]


@pytest.mark.parametrize("pattern", [r"\d{3}", r"\baws\b", "EXAMPLE", "(?i)zreal"])
def test_a_mask_shows_nothing_that_is_hidden_without_it(pattern: str) -> None:
    """A mask must not cut identifiers and secrets into pieces that are no longer recognised."""
    shown = set()
    for kind, value in {**ALWAYS, "ARN": f"arn:aws:iam::{ACCOUNT}:role/lonely-name"}.items():
        text = Redactor(KEY, rules(mask=[pattern])).redact_string(f"with {value}, so", TEXT_PLACE)
        shown |= {kind for part in re.split(r"\W|123|EXAMPLE", value) if len(part) > 5 and part in text}
    assert shown == set()


@pytest.mark.parametrize("pattern", [r"\d+", "[a-z]{3}", "(?i)users?"])
def test_the_check_applies_no_mask_to_text_that_awstape_writes(pattern: str) -> None:
    by = rules(mask=[pattern])
    pages = listing("ListUsers", {}, [{"Users": []}, {"Users": []}])
    assert check_text(write_cassette(recorded(by, *pages)), MODELS, by) == []


def test_a_mask_counts_when_a_request_is_matched() -> None:
    """Even if the rule is gone by then: the key shows what the alias stands for."""

    def ask(ticket: str) -> Request:
        context: Value = [{"ContextKeyName": "zreal:ticket", "ContextKeyValues": [f"for {ticket}"]}]
        return request("SimulateCustomPolicy", {"PolicyInputList": ["{}"], "ContextEntries": context})

    sent, by = ask("JIRA-12345"), rules(mask=[r"JIRA-\d+"])
    cassette = recorded(by, (sent, respond("SimulateCustomPolicy", {"EvaluationResults": []})))
    assert "JIRA" not in write_cassette(cassette)
    for at_replay in (by, NO_RULES):
        playing = Player(MODELS, cassette, Redactor(KEY, at_replay), has_key=True)
        assert isinstance(playing.answer(sent), ServedPage)
        assert isinstance(playing.answer(ask("JIRA-54321")), Miss)


# --- mask-members -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "hidden"),
    [
        ("Description", {"Zreal words"}),
        ("Role.Description", {"Zreal words"}),
        ("Roles.Description", set()),
        ("Tags.Value", {"Zreal Person"}),
        ("Tags[].Value", {"Zreal Person"}),
        ("Key", {"zowner"}),
    ],
)
def test_a_member_is_masked_by_its_name_or_the_end_of_its_path(member: str, hidden: set[str]) -> None:
    tags: Value = [{"Key": "zowner", "Value": "Zreal Person"}]
    text = write_cassette(recorded(rules(mask_members=[member]), role(Description="Zreal words", Tags=tags)))
    assert {words for words in ("Zreal words", "zowner", "Zreal Person") if words not in text} == hidden
    assert len(re.findall(r": alias-[A-Za-z2-7]{10}\n", text)) == len(hidden)


def test_the_values_of_a_map_are_masked_by_the_name_of_the_map() -> None:
    arn = f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zreal-guard"
    tags = respond("ListTagsForResource", {"tags": {"owner": "Zreal Person", "Description": "words"}})
    pair = request("ListTagsForResource", {"resourceArn": arn}), tags
    assert "Zreal" not in write_cassette(recorded(rules(mask_members=["tags"]), pair))
    assert "words" in write_cassette(recorded(rules(mask_members=["Description"]), pair)), "a key of the data"


def test_members_that_are_names_are_masked_where_names_are_kept() -> None:
    assert is_alias(recorded_role(rules(keep_names=True, mask_members=["RoleName"]))["RoleName"])


def test_numbers_and_times_are_not_masked() -> None:
    """No SDK can parse an alias as a time."""
    found = recorded_role(rules(mask_members=["CreateDate"]), CreateDate="2026-03-02T10:00:00Z")
    assert found["CreateDate"] == "2026-03-02T10:00:00Z"


@pytest.mark.parametrize(
    "settings", [{"mask_members": ["Tags.Value"]}, {"mask": ["(?<=ticket )zproduction"]}], ids=["member", "mask"]
)
def test_text_masked_in_one_member_may_be_a_word_of_another(settings: dict[str, list[str]]) -> None:
    tags: Value = [{"Key": "stage", "Value": "zproduction"}, {"Key": "x", "Value": "ticket zproduction"}]
    found = recorded_role(rules(**settings), Tags=tags, Description="for zproduction use")
    assert found["Description"] == "for zproduction use"


# --- keep-names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ALWAYS.values(), ids=ALWAYS)
def test_with_all_names_kept_other_identifiers_become_aliases(value: str) -> None:
    found = recorded_role(rules(keep_names=True), Description=f"{NAME} uses {value} now", Path="/zreal/path/")
    assert found["identity"] == found["RoleName"] == NAME
    assert found["Path"] == "/zreal/path/"
    assert found["Arn"].endswith(f":role/{NAME}")
    words = found["Description"].split()
    assert words[:2] + words[3:] == [NAME, "uses", "now"]
    assert is_alias(words[2])


def test_with_all_names_kept_external_ids_become_aliases() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": {"sts:ExternalId": "zreal-external"}}}]}
    found = recorded_role(rules(keep_names=True), AssumeRolePolicyDocument=json.dumps(trust))
    assert "zreal-external" not in found["AssumeRolePolicyDocument"]


# --- services that are redacted by default-deny -----------------------------------------------------------------

ALL = load_models()


@pytest.mark.parametrize(
    ("service", "operation", "output"),
    [
        ("logs", "FilterLogEvents", {"events": [{"message": '{"status": "active", "n": [5432, "8050"]}'}]}),
        ("logs", "FilterLogEvents", {"events": [{"message": "active"}, {"message": "8050"}]}),
        ("ec2", "DescribeTags", {"Tags": [{"Key": "active", "Value": "8050"}]}),
    ],
)
def test_masks_apply_in_every_service(service: str, operation: str, output: Any) -> None:
    redactor = Redactor(KEY, rules(mask=["active", "8050", "5432"]))
    answer = redactor.redact_answer(ALL.operation(service, operation), Answer(output=output))
    found = json.dumps(answer.output)
    assert not any(real in found for real in ("active", "8050", "5432"))


def test_a_member_of_a_service_that_is_not_recorded_is_known() -> None:
    assert Rules.from_settings({"mask-members": ["Birthdate"]}, ALL.of(["iam"])).masks(("Birthdate",))
