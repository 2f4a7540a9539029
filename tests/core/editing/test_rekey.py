"""Rekeying: every alias is renewed, nothing else changes, and learned values match real values."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.access_keys import account_of_access_key
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.wire import Response
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.editing.rekey import AliasRenewer
from awstape.core.redaction.alias_grammar import is_alias, replace_aliases
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.name_codes import spell_code_of_account
from awstape.core.replay.misses import Miss
from awstape.core.replay.replies import ServedPage
from awstape.core.text.encoded_text import decoded_variants
from support import strategies
from support.exchanges import (
    ACCOUNT,
    KEY,
    MODELS,
    OTHER_KEY,
    Exchange,
    cassette,
    listing,
    operation,
    player,
    recorder,
    request,
    respond,
    traverse,
)

ARN = f"arn:aws:iam::{ACCOUNT}:role/zreal/zreal-deployer"
ALIASES = Aliases(KEY)
#: Kind → an alias under the key, and its grammar.
KINDS: Mapping[str, tuple[str, str]] = {
    "account": (ALIASES.account(ACCOUNT), r"000\d{9}"),
    "role": (ALIASES.name("role", "zreal"), r"alias-[A-Za-z2-7]{10}"),
    "kind of two words": (ALIASES.name("instance profile", "zreal"), r"alias-[a-z2-7]{10}"),
    "unique id": (ALIASES.unique_id("AROAEXAMPLEID12345678"), r"AROATAPE[A-Z2-7]{13}"),
    "access key id": (ALIASES.unique_id("AKIAEXAMPLEID123"), r"AKIAtape[a-z2-7]{8}"),
    "temporary key": (ALIASES.unique_id("ASIAY34FZKBOKMUTVV7A"), r"ASIA[Q-Z2-7][A-Z2-7]{8}tape[a-z2-7]{12}"),
    "long id": (ALIASES.unique_id("AIDA" + "EXAMPLE7" * 15 + "ABCD"), r"AIDATAPE[A-Z2-7]{120}"),
    "id without prefix": (ALIASES.unique_id("12345678EXAMPLE90ABCDEF"), r"TAPE[A-Z2-7]{19}"),
    "organisation": (ALIASES.organization_id("o-zrealorg123"), r"o-[a-z2-7]{12}"),
    "unit": (ALIASES.organization_id("ou-ab12-zrealunit1"), r"ou-[a-z2-7]{12}-[a-z2-7]{12}"),
    "canonical user id": (ALIASES.canonical_id("a1" * 32), r"0{8}[0-9a-f]{56}"),
    "resource": (ALIASES.resource_id("vpc-0a1b2c3d4e5f67890"), r"vpc-000[0-9a-f]{14}"),
    "e-mail": (ALIASES.email("zreal@corp.example"), r"alias-[a-z2-7]{10}@example\.com"),
    "secret": (ALIASES.secret("secret", "zreal"), r"alias-[a-z2-7]{10}"),
    "URL": (ALIASES.url("https://zreal.example/x"), r"https://alias-[a-z2-7]{10}\.example/"),
    "SAML": (ALIASES.saml_metadata("zreal"), r'<EntityDescriptor entityID="alias-[a-z2-7]{10}"> +</E.*>'),
}
ENCODED: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "percent": lambda text: quote(text, safe=""),
    "double percent": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "URL-safe base64": lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "JSON": lambda text: json.dumps({"x": text}),
    "JSON in JSON": lambda text: json.dumps({"x": json.dumps([text])}),
}
each_kind = pytest.mark.parametrize(("old", "grammar"), KINDS.values(), ids=KINDS)
each_encoding = pytest.mark.parametrize("encode", ENCODED.values(), ids=ENCODED)


def role(name: str = "zreal-deployer", **members: Value) -> Exchange:
    known: dict[str, Value] = {"RoleName": name, "Arn": ARN.replace("zreal-deployer", name)}
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": {**known, **members}})


def renewed(recorded: Cassette, renewal: AliasRenewer | None = None) -> Cassette:
    """The cassette under the other key, written and read again."""
    new = (renewal or AliasRenewer(OTHER_KEY)).rekey_cassette(MODELS, recorded)
    text = write_cassette(new)
    assert read_cassette(text, MODELS) == new
    assert new.keys == {key_fingerprint(OTHER_KEY)}
    return new


def find_aliases(text: str) -> set[str]:
    """The aliases in a text, in any encoding."""
    found: set[str] = set()
    for variant in decoded_variants(text):
        replace_aliases(variant, lambda alias: found.add(alias) or alias)  # type: ignore[func-returns-value]
    return found


# --- aliases ----------------------------------------------------------------------------------------------------


@each_kind
def test_an_alias_is_renewed_within_its_kind(old: str, grammar: str) -> None:
    new = AliasRenewer(OTHER_KEY).renew_text(old)
    assert new != old
    assert is_alias(old) and is_alias(new)
    assert re.fullmatch(grammar, old) and re.fullmatch(grammar, new)
    assert len(new) == len(old)
    assert AliasRenewer(OTHER_KEY).renew_text(old) == new
    assert AliasRenewer(Key(b"a third key for tests")).renew_text(old) != new


@each_encoding
@each_kind
def test_an_alias_is_renewed_in_every_encoding(old: str, grammar: str, encode: Callable[[str], str]) -> None:
    renewal = AliasRenewer(OTHER_KEY)
    new = renewal.renew_text(old)
    for frame in ("{}", "it is {}, so to say", "a\n{}\n", "{}/{}", "x={};", "\\{}"):
        assert renewal.renew_text(encode(frame.replace("{}", old))) == encode(frame.replace("{}", new))


def test_a_renewed_alias_stays() -> None:
    renewal = AliasRenewer(OTHER_KEY)
    text = " ".join(old for old, _ in KINDS.values())
    new = renewal.renew_text(text)
    assert renewal.renew_text(new) == new
    assert renewal.renew_text(quote(new)) == quote(new)
    assert not find_aliases(text) & find_aliases(new)


def test_text_without_aliases_stays() -> None:
    text = f"{ARN} role-deployer 000123456789 AROATAPEABCDEFGH %20 aGVsbG8gd29ybGQgYW5k"
    text += " 12345678-abcd-4bcd-9bcd-1234567890ab"
    assert AliasRenewer(OTHER_KEY).renew_text(text) == text


def test_a_name_is_renewed_part_by_part() -> None:
    renewal = AliasRenewer(OTHER_KEY)
    web, app, both = (renewal.renew_alias(ALIASES.name("role", name)) for name in ("zreal", "App", "zreal-App_zreal"))
    assert both == f"{web}-{app[6:]}_{web[6:]}"


@pytest.mark.parametrize("before", ["JIRA-", "2024-", "x_", "X", "-", "1/2-"])
def test_an_alias_is_renewed_after_any_character(before: str) -> None:
    """A mask puts an alias in the middle of a word; a token begins after a hyphen."""
    old = ALIASES.secret("masked", "12345")
    assert old not in AliasRenewer(OTHER_KEY).renew_text(f"see {before}{old}")


def test_no_two_aliases_become_one() -> None:
    """Of 20,000 accounts, about twenty would collide among the ten million aliases."""
    renewal, olds = AliasRenewer(OTHER_KEY), {ALIASES.account(f"9{i:011}") for i in range(20_000)}
    renewal.keep_apart(" ".join(olds))
    news = renewal.renew_text(" ".join(olds)).split()
    assert len(set(news)) == len(olds)
    assert all(map(is_alias, news))


def test_json_stays_json() -> None:
    """An escape beside an alias must not be decoded to a quote that ends the literal."""
    old = KINDS["role"][0]
    new = AliasRenewer(OTHER_KEY).renew_text(f'{{"x": "\\u0022{old}\\u0022, \\u000b{old}"}}')
    assert json.loads(new) == {
        "x": f'"{AliasRenewer(OTHER_KEY).renew_alias(old)}", \x0b{AliasRenewer(OTHER_KEY).renew_alias(old)}'
    }


# --- cassettes --------------------------------------------------------------------------------------------------


def test_aliases_that_agreed_before_agree_after_in_all_cassettes() -> None:
    trust = json.dumps({"Statement": [{"Principal": {"AWS": ARN}}]})
    one = cassette(role(AssumeRolePolicyDocument=trust, Description="zreal-deployer it is"))
    other = cassette(*listing("ListRoles", {}, [{"Roles": [{"RoleName": "zreal-deployer", "Arn": ARN}]}, {}]))
    renewal = AliasRenewer(OTHER_KEY)
    texts = [write_cassette(renewed(each, renewal)) for each in (one, other)]
    names = {name for text in texts for name in re.findall(r"(?<=RoleName: )alias-\S+", text)}
    assert len(names) == 1
    assert all(f"/{renewal.renew_alias(ALIASES.name('path', 'zreal'))}/{min(names)}" in text for text in texts)
    assert [write_cassette(renewed(each)) for each in (other, one)] == texts[::-1], "each by itself becomes the same"
    assert len(re.findall(min(names), texts[0])) == 5


def test_pages_chain_and_tokens_are_those_of_a_recording() -> None:
    """If all values are learned, rekeying gives the same as recording again."""
    users: list[dict[str, Value]] = [{"Users": [{"UserName": f"zreal-{i}"}]} for i in range(3)]
    path: dict[str, Value] = {"PathPrefix": "/zreal/"}
    pairs = [*listing("ListUsers", path, users), *listing("ListUsers", path, users[1:], "U"), role(), role("zreal-1")]
    pairs += listing("ListGroups", {}, [{"Groups": []}, {}, {}])[:2]
    renewal = AliasRenewer(OTHER_KEY)
    renewal.learn([ACCOUNT, "zreal", "zreal-0", "zreal-1", "zreal-2", "zreal-deployer"], KEY)
    new = renewed(cassette(*pairs), renewal)
    assert write_cassette(new) == write_cassette(recorder(*pairs, key=OTHER_KEY).finish().cassette)
    assert len(list(traverse(player(new, key=OTHER_KEY), "ListUsers", path))) == 3


def test_errors_and_limits_stay_and_their_texts_are_renewed() -> None:
    name = ALIASES.name("role", "zreal-deployer")
    text = (
        write_cassette(cassette(role())).replace("  output:", "  limit: 7\n  output:").replace("- output", "- output")
    )
    failing = text[: text.index("pages:")] + f"pages:\n- error:\n    status: 404\n    code: X\n    message: no {name}\n"
    new = renewed(read_cassette(failing, MODELS)).takes[0].pages[0]
    assert new.answer.error
    assert new.answer.error.message == f"no {AliasRenewer(OTHER_KEY).renew_alias(name)}"


def test_a_member_that_the_model_does_not_know_may_have_an_alias_in_its_name() -> None:
    body = respond("ListUsers", {"Users": []}).body
    odd = Response(200, (), body.replace(b"<Users", f"<N{ACCOUNT}>zreal</N{ACCOUNT}><Users".encode()))
    recorded = cassette((request("ListUsers"), odd))
    assert recorded.takes[0].pages[0].answer.unmodelled
    renewed(recorded)


def test_aliases_of_binary_values_are_renewed() -> None:
    report = respond("GetCredentialReport", {"Content": b"\xff\xfe zreal"})
    old, new = (
        str((each.takes[0].pages[0].answer.output or {})["Content"])
        for recorded in [cassette((request("GetCredentialReport"), report))]
        for each in (recorded, renewed(recorded))
    )
    assert find_aliases(old)
    assert new == replace_aliases(old, AliasRenewer(OTHER_KEY).renew_alias)


@pytest.mark.parametrize("name", ["ListRoles", "GetAccountAuthorizationDetails", "ListFindingsV2", "GetFinding"])
def test_nothing_of_the_old_aliases_is_left(name: str) -> None:
    op = operation(name)

    @strategies.few(8)
    @given(strategies.inputs(op), st.lists(strategies.outputs(op), min_size=1, max_size=3 if op.paging else 1))
    def check(input_: dict[str, Value], outputs: list[dict[str, Value]]) -> None:
        pairs = listing(name, input_, outputs) if op.paging else [(request(name, input_), respond(name, outputs[0]))]
        old = recorder(*pairs).finish().cassette
        new = renewed(old)
        assert not _aliases_of(op, old) & _aliases_of(op, new)
        assert len(_aliases_of(op, old)) == len(_aliases_of(op, new))
        assert re.sub(r"\S+", "", write_cassette(old)) == re.sub(r"\S+", "", write_cassette(new)), "its form stays"

    check()


def _aliases_of(op: Operation, recorded: Cassette) -> set[str]:
    """The aliases in all strings of a cassette."""
    texts = [json.dumps([take.track.identity for take in recorded.takes], default=repr, ensure_ascii=False)]
    texts += [json.dumps(page.answer.output, default=repr, ensure_ascii=False) for page in recorded.takes[0].pages]
    return find_aliases("\n".join(texts)) | {alias for text in texts for alias in find_aliases(text)}


# --- known values -----------------------------------------------------------------------------------------------

_ANALYZER = f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/zreal-guard"
KNOWN: Mapping[str, tuple[str, dict[str, Value], list[str]]] = {
    # a case: an operation, its input, and the learned values
    "name": ("GetRole", {"RoleName": "zreal-deployer"}, ["zreal-deployer"]),
    "name in an ARN": ("GetRole", {"RoleName": "zreal-deployer"}, [ARN]),
    "name in a document": ("GetRole", {"RoleName": "zreal-deployer"}, [json.dumps({"a": ARN})]),
    "name in a sentence": (
        "GetRole",
        {"RoleName": "zreal-deployer"},
        ["The role with name zreal-deployer cannot be found."],
    ),
    "ARN": ("GetPolicy", {"PolicyArn": ARN.replace("role", "policy")}, [ARN.replace("role", "policy")]),
    "ARN by its parts": ("GetPolicy", {"PolicyArn": ARN}, [ACCOUNT, "zreal", "zreal-deployer"]),
    "path": ("ListRoles", {"PathPrefix": "/zreal/team/"}, ["/zreal/team/"]),
    "e-mail": ("GetUser", {"UserName": "zreal@corp.example"}, ["zreal@corp.example"]),
    "access key id": ("GetAccessKeyLastUsed", {"AccessKeyId": "AKIAEXAMPLEID1234567"}, ["AKIAEXAMPLEID1234567"]),
    "certificate id": ("GetSSHPublicKey", {"UserName": "x", "SSHPublicKeyId": "EXAMPLEKEY12"}, ["x", "EXAMPLEKEY12"]),
    "provider": (
        "GetOpenIDConnectProvider",
        {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/idp.zreal.example/x"},
        [ACCOUNT, "https://idp.zreal.example/x"],
    ),
    "filter": (
        "ListFindings",
        {"analyzerArn": _ANALYZER, "filter": {"resource": {"eq": ["zreal bucket"]}}},
        [_ANALYZER, "zreal bucket"],
    ),
    "context value": (
        "SimulateCustomPolicy",
        {"ContextEntries": [{"ContextKeyName": "aws:x", "ContextKeyValues": ["zreal value"]}]},
        ["zreal value"],
    ),
}


@pytest.mark.parametrize(("name", "input_", "values"), KNOWN.values(), ids=KNOWN)
def test_learned_values_match_under_the_new_key(name: str, input_: dict[str, Value], values: list[str]) -> None:
    recorded = cassette((request(name, input_), respond(name)))
    for known, answer in ((values, ServedPage), (["zreal-somebody"], Miss)):
        renewal = AliasRenewer(OTHER_KEY)
        renewal.learn(known, KEY)
        new = renewed(recorded, renewal)
        assert isinstance(player(new, key=OTHER_KEY).answer(request(name, input_)), answer)
        aliased = request(name, new.takes[0].track.identity)
        assert isinstance(player(new, key=None).answer(aliased), ServedPage)


def test_a_temporary_access_key_id_stays_that_of_its_account() -> None:
    account = account_of_access_key(real := "ASIAY34FZKBOKMUTVV7A")
    assert account
    renewer, learned = AliasRenewer(OTHER_KEY), AliasRenewer(OTHER_KEY)
    learned.learn([real, account], KEY)
    for each in (renewer, learned):
        renewed = each.renew_alias(ALIASES.unique_id(real))
        assert is_alias(renewed)
        assert account_of_access_key(renewed) == each.renew_alias(ALIASES.account(account))
        assert each.renew_alias(renewed) == renewed
    assert learned.renew_alias(ALIASES.unique_id(real)) == Aliases(OTHER_KEY).unique_id(real)


def test_a_name_with_an_account_in_it_has_the_code_of_the_new_account() -> None:
    """So a program that builds the name from the account finds it under the new key, too."""
    name, account = ALIASES.name("bucket", f"zreal-{ACCOUNT}"), ALIASES.account(ACCOUNT)
    renewal = AliasRenewer(OTHER_KEY)
    renewal.keep_apart(f"{name} {account}")
    new_name, new_account = renewal.renew_text(f"{name} {account}").split()
    assert new_name != name
    assert new_name.rpartition("-")[2] == spell_code_of_account(new_account)
