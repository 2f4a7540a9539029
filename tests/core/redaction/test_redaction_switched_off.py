"""Each rule of redaction is needed: with the rule switched off, a text is redacted differently or not at all.

A rule is one entry of a table or one function. Each has a probe: a text, its context and the expected redaction. The
probe is tested again with the rule switched off.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from awstape.core.aws.model import Shape
from awstape.core.aws.protocols.encodings import form_encoding
from awstape.core.aws.wire import Request
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording import set_aside
from awstape.core.redaction import redactor, string_redaction
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.members import filter_values, member_kinds
from awstape.core.redaction.members.member_kinds import (
    ID_SHAPES,
    NAME_KINDS,
    PATH_SHAPES,
    SECRET_KINDS,
    SHAPE_REDACTIONS,
)
from awstape.core.redaction.policies import condition_keys, condition_values
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import TEXT, Place, StringContext
from awstape.core.redaction.text import aws_names, free_text, identifier_search, identifiers
from awstape.core.redaction.text.names_in_text import KnownNames
from awstape.core.text import encoded_text
from support import exchanges
from support.exchanges import ACCOUNT, KEY, MODELS, Exchange

A = Aliases(KEY)
NEVER = re.compile(r"(?!)")
FREE = StringContext(Place(TEXT, ("Description",)))
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzExamples1"

#: Shape of a text that is a URL or a name → the kind of the name.
OF_KIND = {
    **dict.fromkeys(("Audience", "webIdentityTokenAudienceStringType"), "client"),
    **dict.fromkeys(("Subject", "originIdentitySubjectType", "webIdentitySubjectType"), "subject"),
    **dict.fromkeys(("Issuer", "NameQualifier", "originIdentityIssuerType"), "issuer"),
}
#: Form of identifier → a real value and its alias.
REAL: dict[str, tuple[str, str]] = {
    "pem": ((v := "-----BEGIN RSA PRIVATE KEY-----\nMIIEXAMPLE\n-----END RSA PRIVATE KEY-----"), A.secret("pem", v)),
    "jwt": ((v := "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.c2lnbmVk"), A.secret("jwt", v)),
    "token": ((v := "glpat-example_example_example"), A.secret("secret", v)),
    "email": ("bob@corp.example", A.email("bob@corp.example")),
    "unique": ("AROAEXAMPLEID12345678", A.unique_id("AROAEXAMPLEID12345678")),
    "org": ("ou-ab12-exampleunit", A.organization_id("ou-ab12-exampleunit")),
    "orgroot": ("o-exampleorg1/r-ab12", f"{A.organization_id('o-exampleorg1')}/{A.organization_id('r-ab12')}"),
    "resource": ("vpce-0a1b2c3d4e5f67890", A.resource_id("vpce-0a1b2c3d4e5f67890")),
    "phone": ((v := "+41795551234"), A.secret("phone", v)),
    "identity": ((v := "Origin Access Identity E2QEXAMPLE0000")[:23] + v[23:], f"{v[:23]}{A.name('identity', v[23:])}"),
    "issuer": (
        "12345678-abcd-4bcd-9bcd-1234567890ab.tokens.sts.global.api.aws",
        f"{A.name('issuer', '12345678-abcd-4bcd-9bcd-1234567890ab')}.tokens.sts.global.api.aws",
    ),
    "canonical": ("a1" * 32, A.canonical_id("a1" * 32)),
    "hex": ((v := "3fa9c1d27be04586" * 2), A.secret("secret", v)),
    "ipv4": ("81.2.69.160/28", A.address("81.2.69.160/28")),
    "iban": ((v := "CH93 0076 2011 6238 5295 7"), A.identifier("IBAN", v)),
    "card": ((v := "4242 4242 4242 4242"), A.identifier("card number", v)),
    "ahv": ((v := "756.1234.5678.97"), A.identifier("personal number", v)),
    "ssn": ((v := "123-45-6789"), A.identifier("personal number", v)),
    "nir": ((v := "2 55 08 14 168 025 38"), A.identifier("personal number", v)),
    "codicefiscale": ((v := "RSSMRA85T10A562S"), A.identifier("personal number", v)),
    "dni": ((v := "X-1234567-L"), A.identifier("personal number", v)),
    "cpf": ((v := "123.456.789-09"), A.identifier("personal number", v)),
    "rijksregister": ((v := "85.07.30-033.28"), A.identifier("personal number", v)),
    "nino": ((v := "AB 12 34 56 C"), A.identifier("personal number", v)),
    "account": (ACCOUNT, A.account(ACCOUNT)),
    "dashed": ("1111-2222-3333", A.account(ACCOUNT)),
}
ARN_REAL, ARN_ALIAS = (
    f"arn:aws:iam::{ACCOUNT}:role/bob",
    f"arn:aws:iam::{A.account(ACCOUNT)}:role/{A.name('role', 'bob')}",
)

Switch = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def undecided_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the place of a string decides is decided anew for each string, by the tables that are left."""
    monkeypatch.setattr(string_redaction, "_find_redaction", string_redaction._find_redaction.__wrapped__)


@dataclass(frozen=True)
class Rule:
    """How to switch a rule off, and its probe: a text, its context and the expected redaction."""

    off: Switch
    real: str
    redacted: str
    place: StringContext = FREE

    def result(self) -> str:
        return Redactor(KEY).redact_string(self.real, self.place)


def without_form(form: str) -> Switch:
    is_block = form in identifier_search.BLOCK_FORMS
    name = "BLOCK" if is_block else "IN_SENTENCES"
    forms = identifier_search.BLOCK_FORMS if is_block else identifier_search.TEXT_FORMS
    others = [each for each in forms if each != form]
    return lambda patch: patch.setattr(
        identifier_search, name, identifier_search.search_pattern(others, in_sentences=not is_block)
    )


def without_sentences(form: str) -> Switch:
    def switch(patch: pytest.MonkeyPatch) -> None:
        patch.delitem(identifier_search.SENTENCE_FORMS, form)
        others = identifier_search.search_pattern(identifier_search.TEXT_FORMS, in_sentences=True)
        patch.setattr(identifier_search, "IN_SENTENCES", others)

    return switch


def without_whole(form: str) -> Switch:
    others = [each for each in identifiers.IDENTIFIERS if each not in (form, *identifiers.CONTEXTUAL_FORMS)]
    return lambda patch: patch.setattr(identifiers, "_WHOLE", identifiers.whole_match(others))


def setting(module: object, name: str, value: object) -> Switch:
    return lambda patch: patch.setattr(module, name, value)


def without(table: Any, entry: str) -> Switch:
    return lambda patch: patch.delitem(table, entry)


def condition(key: str, value: str) -> str:
    return json.dumps({"Condition": {"StringEquals": {key: value}}})


def identity(text: str, *_: object) -> str:
    return text


SHAPES: dict[str, Shape] = {}
_left = [shape for s in MODELS.recognised for op in s.operations.values() for shape in (op.input, op.output)]
while _left:
    if (_shape := _left.pop()) and _shape.name not in SHAPES:
        SHAPES[_shape.name] = _shape
        _left += [m.shape for m in (*_shape.members.values(), _shape.member, _shape.key, _shape.value) if m]


def at(shape: str) -> StringContext:
    return StringContext(Place(SHAPES[shape], ("Member",)))


#: A public key's fingerprint with an account id in it, as its grammar allows.
FINGERPRINT = f"{ACCOUNT}:" + ":".join(["ab"] * 11) + ":ab"
URL = "https://login.corp.example/"
RULES: dict[str, Rule] = {
    **{
        f"text: {k}": Rule(without_form(k), f"see {REAL[k][0]} !", f"see {REAL[k][1]} !")
        for k in (*identifier_search.BLOCK_FORMS, *identifier_search.TEXT_FORMS)
        if k in REAL  # what is missing fails below
    },
    **{
        f"name that is one: {form}": Rule(without_whole(form), *REAL[form], at("roleNameType"))
        for form in sorted(REAL.keys() - {"hex"})  # which has the same alias as a name
        # A tax code has no parts: as a name it has the same alias.
        if form not in ("pem", "dashed", "codicefiscale", *identifiers.CONTEXTUAL_FORMS)
    },
    "text: an ARN in a sentence": Rule(
        setting(identifier_search, "ARN", NEVER), f"see {ARN_REAL} !", f"see {ARN_ALIAS} !"
    ),
    "text: an ARN alone": Rule(
        setting(identifier_search, "WHOLE_ARN", NEVER), f"{ARN_REAL}(x)", f"{ARN_ALIAS[:-16]}{A.name('role', 'bob(x)')}"
    ),
    "text: account ids": Rule(
        setting(identifier_search, "_ACCOUNT", NEVER), f"see {ACCOUNT}", f"see {A.account(ACCOUNT)}"
    ),
    "text: random": Rule(
        setting(free_text, "redact_random_runs", identity), f"key {SECRET}", f"key {A.secret('secret', SECRET)}"
    ),
    "text: percent-encoded": Rule(
        setting(encoded_text, "_PERCENT_RUN", NEVER),
        "bob%40corp.example",
        A.email("bob@corp.example").replace("@", "%40"),
    ),
    "text: base64": Rule(
        setting(encoded_text, "_BASE64_RUN", NEVER),
        base64.b64encode(f"for {ARN_REAL}".encode()).decode(),
        base64.b64encode(f"for {ARN_ALIAS}".encode()).decode(),
    ),
    "text: escapes": Rule(
        setting(encoded_text, "_ESCAPED_RUN", NEVER), "bob&#64;corp.example", A.email("bob@corp.example")
    ),
    "text: JSON": Rule(
        setting(free_text, "redact_document", lambda *_: None),
        f'{{"a": {ACCOUNT}}}',
        f'{{"a": "{A.account(ACCOUNT)}"}}',
    ),
    "text: credential report": Rule(
        setting(free_text, "_redact_report", identity),
        "user,arn,user_creation_time\nbob,x,y\n",
        f"user,arn,user_creation_time\n{A.name('user', 'bob')},x,y\n",
    ),
    "text: ipv6": Rule(without_sentences("ipv6"), "to fd12::1 !", f"to {A.address('fd12::1')} !"),
    "text: url": Rule(without_sentences("url"), "see http://wiki/x !", f"see http://{A.name('host', 'wiki')}/x !"),
    "text: named_entity": Rule(
        without_sentences("named_entity"),
        "The user with name bob cannot",
        f"The user with name {A.name('user', 'bob')} cannot",
    ),
    "text: secret_pair": Rule(
        without_sentences("secret_pair"), "Password=swordfish", f"Password={A.password('swordfish')}"
    ),
    "text: told_secret": Rule(
        without_sentences("told_secret"), "password is Hunter22", f"password is {A.password('Hunter22')}"
    ),
    "text: host": Rule(without_sentences("host"), "on db1.corp.internal", f"on {A.name('host', 'db1.corp.internal')}"),
    **{
        f"condition: {key}": Rule(
            without(condition_values._REDACTIONS, key), condition(key, "bob"), condition(key, A.name(kind, "bob"))
        )
        for key, kind in condition_keys.NAME_KEYS.items()
    },
    "condition: subject": Rule(
        setting(condition_values, "_redact_subject", identity),
        condition("x:sub", "repo:corp/app"),
        condition("x:sub", f"repo:{A.name('part', 'corp')}/{A.name('part', 'app')}"),
    ),
    "condition: provider's host": Rule(
        setting(condition_keys, "PROVIDER_KEY", NEVER),
        condition("login.corp.example:amr", "x"),
        condition(f"{A.name('oidc-provider', 'login.corp.example')}:amr", "x"),
    ),
    "principal: federated": Rule(
        setting(condition_values, "redact_provider", identity),
        '{"Federated": "login.corp.example"}',
        json.dumps({"Federated": A.name("oidc-provider", "login.corp.example")}),
    ),
    **{
        f"shape: {shape}": Rule(without(NAME_KINDS, shape), "Zreal-bob", A.name(kind, "Zreal-bob"), at(shape))
        for shape, kind in NAME_KINDS.items()
    },
    **{
        f"shape: {shape}": Rule(without(SHAPE_REDACTIONS, shape), "Zreal-bob", A.name(kind, "Zreal-bob"), at(shape))
        for shape, kind in OF_KIND.items()
    },
    "shape: federatedIdType": Rule(
        without(SHAPE_REDACTIONS, "federatedIdType"),
        f"{ACCOUNT}:Zreal-bob",
        f"{A.account(ACCOUNT)}:{A.name('federated-user', 'Zreal-bob')}",
        at("federatedIdType"),
    ),
    **{
        f"shape: {shape}": Rule(without(SHAPE_REDACTIONS, shape), "/team/", f"/{A.name('path', 'team')}/", at(shape))
        for shape in sorted(PATH_SHAPES)
    },
    **{
        f"shape: {shape}": Rule(
            without(SHAPE_REDACTIONS, shape), "ZREALID1234567890", A.unique_id("ZREALID1234567890"), at(shape)
        )
        for shape in sorted(ID_SHAPES)
    },
    **{
        f"shape: {shape}": Rule(without(SHAPE_REDACTIONS, shape), "zreal text", A.secret(kind, "zreal text"), at(shape))
        for shape, kind in SECRET_KINDS.items()
    },
    **{
        f"shape: {shape}": Rule(without(SHAPE_REDACTIONS, shape), real, redacted, at(shape))
        for shape, real, redacted in (
            ("OpenIDConnectProviderUrlType", URL, f"https://{A.name('oidc-provider', 'login.corp.example/')}"),
            ("SAMLMetadataDocumentType", "<x/>" * 300, A.saml_metadata("<x/>" * 300)),
            ("authenticationCodeType", "123456", A.code("123456")),
            ("tokenCodeType", "123456", A.code("123456")),
            ("redirectUrlType", URL, A.url(URL)),
            ("consoleDeepLinkType", URL, A.url(URL)),
            ("publicKeyFingerprintType", FINGERPRINT, A.fingerprint(FINGERPRINT)),
            ("organizationsPolicyIdType", "p-zrealpolicy", A.organization_id("p-zrealpolicy")),
        )
    },
    **{
        f"named by its sibling: {shape}": Rule(
            without(member_kinds._KIND_SIBLINGS, shape),
            "Zreal-bob",
            A.name("role", "Zreal-bob"),
            StringContext(at(shape).place, siblings={sibling: "ROLE"}),
        )
        for shape, sibling in member_kinds._KIND_SIBLINGS.items()
    },
    "shape: account ids, whatever it is": Rule(
        setting(string_redaction, "redact_accounts", identity),
        ACCOUNT + "a" * 28,
        A.account(ACCOUNT) + "a" * 28,
        at("thumbprintType"),
    ),
    "unknown members": Rule(
        setting(string_redaction, "is_harmless", lambda *_: True),
        "zreal text",
        A.secret("text", "zreal text"),
        StringContext(Place(None, ("x",))),
    ),
    "filters": Rule(
        setting(filter_values, "_FILTER_MEMBERS", frozenset()),
        "zreal",
        A.secret("filter", "zreal"),
        StringContext(Place(SHAPES["String"], ("eq",))),
    ),
    "values of simulated conditions": Rule(
        setting(filter_values, "_SIMULATED", ""),
        "zreal",
        A.secret("value", "zreal"),
        StringContext(Place(SHAPES["ContextKeyValueType"], (filter_values._SIMULATED,))),
    ),
    "length": Rule(
        setting(string_redaction, "_fits_length", lambda shape, text: True),
        ("a@b.co " * 200)[:1000],
        A.secret("text", ("a@b.co " * 200)[:1000]),
        at("roleDescriptionType"),
    ),
    "owner of a service-linked role": Rule(
        setting(aws_names, "_SERVICE_LINKED", re.compile("(AWSServiceRoleFor.*)(never)?")),
        "AWSServiceRoleForAutoScaling_zreal",
        f"AWSServiceRoleForAutoScaling_{A.name('suffix', 'zreal')}",
        at("roleNameType"),
    ),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_without_its_rule_the_probe_is_redacted_differently(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule.result() == rule.redacted
    rule.off(monkeypatch)
    assert rule.result() != rule.redacted


@pytest.mark.parametrize(
    "shape",
    [shape for shape in SHAPES.values() if shape.sensitive and shape.name not in OF_KIND],
    ids=lambda shape: shape.name,
)
def test_sensitive_members_become_passwords(shape: Shape) -> None:
    assert Redactor(KEY).redact_string("zreal text", StringContext(Place(shape, ("x",)))) == A.password("zreal text")
    assert (
        Redactor(KEY).redact_string("zreal text", StringContext(Place(replace(shape, sensitive=False), ("x",))))
        == "zreal text"
    )


def test_every_form_of_identifier_has_a_real_value() -> None:
    missing, unknown = identifiers.IDENTIFIERS.keys() - REAL.keys(), REAL.keys() - identifiers.IDENTIFIERS.keys()
    assert not missing, f"REAL needs a value of each form, with its alias: {sorted(missing)} have none"
    assert not unknown, f"REAL has values of forms that are in no row of IDENTIFIERS: {sorted(unknown)}"


@pytest.mark.parametrize("form", REAL)
def test_the_alias_of_a_form_is_noted_under_the_kind_of_its_row(form: str) -> None:
    row, aliases = identifiers.IDENTIFIERS[form], Aliases(KEY)
    row.alias(aliases, REAL[form][0])
    assert row.kind.name in aliases.count_by_kind()


def test_every_table_has_its_probes() -> None:
    probed = {name.partition(": ")[2] for name in RULES}
    assert probed >= {
        *NAME_KINDS,
        *SHAPE_REDACTIONS,
        *identifier_search.BLOCK_FORMS,
        *identifier_search.TEXT_FORMS,
        *condition_keys.NAME_KEYS,
        *member_kinds._KIND_SIBLINGS,
    }


# --- whole recordings -------------------------------------------------------------------------------------------

TOKEN = "AAEXAMPLE/token+of/the=service"
FIRST, SECOND = exchanges.listing("ListRoles", {}, [{"Roles": []}, {"Roles": []}], token=TOKEN)
FORM = "Action=GetUser&Version=2010-05-08"
NAMED: list[Exchange] = [
    (exchanges.request("GetUser"), exchanges.respond("GetUser", {"User": {"UserName": "zrealbob"}})),
    (exchanges.request("GetRole"), exchanges.respond("GetRole", {"Role": {"Description": "ask zrealbob"}})),
]
#: Rule → (the real value in it, how to switch the rule off, the exchanges).
RECORDINGS: dict[str, tuple[str, Switch, list[Exchange]]] = {
    "page tokens in errors": (
        TOKEN,
        setting(redactor, "_SHORTEST_TOKEN", 1000),
        [FIRST, (SECOND[0], exchanges.fail("ListRoles", 400, "ValidationError", f"Bad {TOKEN}1"))],
    ),
    "names of other answers": ("zrealbob", setting(KnownNames, "replace_in", lambda self, text: text), NAMED),
    "names of parameters": (
        "zreal.example",
        setting(form_encoding, "_NAME_PATH", re.compile(".*")),
        [(Request("GET", "iam.amazonaws.com", "/", f"{FORM}&bob@x.zreal.example=1"), exchanges.respond("GetUser"))],
    ),
}


@pytest.mark.parametrize(("real", "off", "traffic"), RECORDINGS.values(), ids=RECORDINGS)
@pytest.mark.usefixtures("values_stand")
def test_without_its_rule_a_recording_leaks(
    real: str, off: Switch, traffic: list[Exchange], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not leaked(real, traffic)
    off(monkeypatch)
    assert leaked(real, traffic)


@pytest.mark.usefixtures("values_stand")
def test_the_leak_search_sets_a_take_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that fails is noticed; only without the leak search is its take in the cassette."""
    monkeypatch.setattr(KnownNames, "replace_in", lambda self, text: text)
    recording = exchanges.record(*NAMED)
    assert len(recording.set_aside) == 1
    assert "zrealbob" not in write_cassette(recording.cassette)
    monkeypatch.setattr(set_aside, "find_leaks", lambda *_: ())
    assert "zrealbob" in write_cassette(exchanges.record(*NAMED).cassette)


def leaked(real: str, traffic: list[Exchange]) -> bool:
    """Whether a take was set aside, or the recording contains the real value or a part of it."""
    recording = exchanges.record(*traffic)
    if recording.set_aside:
        return True
    text = write_cassette(recording.cassette)
    return any(part in text for part in (real, real.rpartition(".")[0]) if part)
