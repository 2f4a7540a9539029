"""Credentials in texts of IAM: what the form of a text tells is replaced, what looks alike stays."""

from __future__ import annotations

import base64

import pytest

from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.text.free_text import redact_text

HEX = "84d8c4fa2815d2802827283e0ad84173"
UUID = "8f14e45f-ceea-467f-a1d5-91d2f9c0e7b4"


def redact(text: str) -> str:
    redacted = redact_text(text, Aliases(Key(b"a key of the tests")))
    assert redact_text(redacted, Aliases(Key(b"another key of the tests"))) == redacted
    return redacted


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"Authorization: Basic {encode('bob:Hunter22x')}", encode("bob:Hunter22x")),
        (f'curl -H "Authorization: Basic {encode("svc:Mj7-winter")}"', encode("svc:Mj7-winter")),
        (f"see Basic {encode('a:Pw1x')} here", encode("a:Pw1x")),
        ('{"auths":{"reg.acme.co":{"auth":"' + encode("ci:Gletscher87") + '"}}}', encode("ci:Gletscher87")),
        ("<password>Gletscher91</password>", "Gletscher91"),
        ("<db.password>winter</db.password>", "winter"),
        ('<add key="password" value="Gletscher92"/>', "Gletscher92"),
        ("jdbc:oracle:thin:claims_rw/Gletscher78@//ora-07.acme.corp:1521/CLM", "Gletscher78"),
        ("mysql -u root -pGletscher71", "Gletscher71"),
        ("mysql -h sql07 -u root -pGletscher83 claims", "Gletscher83"),
        ("sshpass -p Gletscher72 ssh", "Gletscher72"),
        ("docker login -u ci -p Gletscher73", "Gletscher73"),
        ("curl -u bob:Gletscher74 x", "Gletscher74"),
        ("pass: Gletscher78x", "Gletscher78x"),
        ("user=bob;pass=Gletscher77", "Gletscher77"),
        ("Login bob / Gletscher76", "Gletscher76"),
        ("Zugangsdaten: bob, Gletscher79", "Gletscher79"),
        (f"license {HEX}", HEX),
        (f"Datadog {HEX}", HEX),
        (f"aad3b435b51404eeaad3b435b51404ee:{HEX}", HEX),
        (f"x {HEX}{HEX[:8]}", HEX),
        (f"dapi{HEX}", HEX),
        (f"key-{HEX}", HEX),
        ("$apr1$B9atpTDB$Mf4rpaFQOqb7XOfCsVtaXr", "Mf4rpaFQOqb7XOfCsVtaXr"),
        ("$2b$12$FjxCAyIOk6CptT9IoQhobswHGETh8lMYQOymAAiTdR9Up14PehPjP", "FjxCAyIOk6CptT9"),
        ("AGE-SECRET-KEY-1EP2QLUENF6KC584Q54E8VQJSHYECYHM3R3XRJF03M5VHMPED9R6UGJLRG2", "EP2QLUENF6KC"),
        (f"https://acme.webhook.office.com/webhookb2/{UUID}", UUID),
        ("Tel. 079 412 88 04", "412 88"),
        ("Telefon 0711/4829-113", "4829-113"),
        ("phone: (415) 555-2671", "555-2671"),
        ("fax 03-3812-4471", "3812-4471"),
        ("Natel 0794128804", "0794128804"),
    ],
)
def test_a_credential_is_replaced(text: str, secret: str) -> None:
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication is off",
        "<password>",
        "<password>${secret}</password>",
        "mkdir -p build/out",
        "docker run -p 8080:80 nginx",
        "login as admin / operator",
        "pass the role to a service",
        "pass: true",
        f"etag {HEX}",
        f"md5: {HEX}",
        f"commit {HEX}{HEX[:8]}",
        f"tenant {UUID}",
        "phone support is included",
        "tel 12",
        "cell 0",
    ],
)
def test_what_looks_alike_stays(text: str) -> None:
    assert redact(text) == text
