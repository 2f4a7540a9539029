"""Numbers of people, cards and bank accounts, each with a twin that is none; account ids as people write them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.text.free_text import redact_text
from support import exchanges
from support.exchanges import KEY, MODELS, OTHER_KEY

A = Aliases(KEY)
#: Samples that their issuers publish → their kind.
NUMBERS = {
    "CH93 0076 2011 6238 5295 7": "IBAN",
    "CH9300762011623852957": "IBAN",
    "CH93-0076-2011-6238-5295-7": "IBAN",
    "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000": "IBAN",
    "GB82WEST12345698765432": "IBAN",
    "FR14 2004 1010 0505 0001 3M02 606": "IBAN",
    "NO93 8601 1117 947": "IBAN",
    "MT84MALT011000012345MTLCAST001S": "IBAN",
    # A wrong digit in groups.
    "CH93 0076 2011 6238 5295 8": "IBAN",
    "4242 4242 4242 4243": "card number",
    "4242 4242 4242 4242": "card number",
    "4242-4242-4242-4242": "card number",
    "4242424242424242": "card number",
    "5555555555554444": "card number",
    "2223003122003222": "card number",
    "378282246310005": "card number",
    "3782 822463 10005": "card number",
    "30569309025904": "card number",
    "6011111111111117": "card number",
    "756.1234.5678.97": "personal number",
    "7561234567897": "personal number",
    "123-45-6789": "personal number",
    "255081416802538": "personal number",
    "2 55 08 14 168 025 38": "personal number",
    "RSSMRA85T10A562S": "personal number",
    "12345678Z": "personal number",
    "X1234567L": "personal number",
    "123.456.789-09": "personal number",
    "85.07.30-033.28": "personal number",
    "AB 12 34 56 C": "personal number",
}
#: Of the same form, but for a check digit, or for what is beside them.
OTHERS = """
    CH9300762011623852958|GB82WEST12345698765433|DE123|XX9300762011623852957|4242424242424243|5555555555554445
    1672531200000|1672531200000000|20230102153045|9999999999999999|756.1234.5678.98|7561234567898|000-45-6789
    123-00-6789|123-45-67890|x123-45-6789|255081416802539|RSSMRA85T10A562T|12345678A|X1234567M|123.456.789-08
    111.111.111-11|85.07.30-033.29|2024-01-02|1.2.3-456|4.24.2|2024-10-11-12-13
"""


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_becomes_one_alias_wherever_it_is(number: str) -> None:
    alias = A.identifier(NUMBERS[number], number)
    for form in ("{}", "of {}.", "IBAN:{}", "Karte {} 12/27", '["{}"]', "({})\n", "no={}"):
        redacted = redact_text(form.format(number), A)
        assert redacted == form.format(alias)
        assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_has_the_same_alias_as_a_name_and_in_every_service(number: str) -> None:
    alias, redactor = A.identifier(NUMBERS[number], number), Redactor(KEY)
    tags = {"QueueUrl": "", "Tags": {"customer": number}}
    assert redactor.redact_identity(MODELS.operation("sqs", "TagQueue"), tags)["Tags"] == {"customer": alias}
    role = redactor.redact_identity(MODELS.operation("iam", "GetRole"), {"RoleName": number})
    assert role == {"RoleName": alias}


@pytest.mark.parametrize("text", [text for text in OTHERS.replace("\n", "|").split("|") if text.strip()])
def test_what_fails_a_check_or_has_another_form_stays(text: str) -> None:
    text = f"see {text.strip()} of it"
    assert redact_text(text, A) == text


def test_an_account_id_in_groups_has_the_alias_of_the_account() -> None:
    alias = A.account("482915736044")
    for text in "482915736044 4829-1573-6044", "4829 1573 6044", "482 915 736 044", "482-915-736-044", "4829_1573_6044":
        for spelled in [text] if isinstance(text, str) else text:
            assert set(redact_text(spelled, A).split()) == {alias}
    for text in ("1482 915 736 0442", "482.915.736.044", "482 915 736 0"):
        assert redact_text(text, A) == text


def test_a_pin_in_front_of_a_card_is_the_card() -> None:
    assert redact_text("PIN 4242 4242 4242 4242", A) == f"PIN {A.identifier('card number', '4242 4242 4242 4242')}"


def test_a_project_keeps_numbers_by_a_rule() -> None:
    kept = Aliases(KEY, Rules(keep=("123-45-*",)))
    assert redact_text("part 123-45-6789", kept) == "part 123-45-6789"


def test_a_recording_has_a_number_nowhere_and_a_check_finds_it() -> None:
    number = "CH93 0076 2011 6238 5295 7"
    role = {"RoleName": "x", "Description": f"pays from {number}", "Tags": [{"Key": "a", "Value": f'["{number}"]'}]}
    asked, answered = exchanges.request("GetRole", {"RoleName": "x"}), exchanges.respond("GetRole", {"Role": role})
    text = write_cassette(exchanges.cassette((asked, answered)))
    assert "5295" not in text
    assert not [finding for finding in check_text(text, MODELS) if finding.level == "error"]
    edited = text.replace(A.identifier("IBAN", number), number, 1)
    assert "IBAN" in {finding.kind for finding in check_text(edited, MODELS)}


@given(st.integers(0, 10**9), st.sampled_from(["CH", "DE", "FR", "GB", "NO", "PL"]), st.booleans())
def test_every_iban_with_its_check_digits_is_one(seed: int, country: str, in_groups: bool) -> None:
    length = {"CH": 21, "DE": 22, "FR": 27, "GB": 22, "NO": 15, "PL": 28}[country]
    body = "".join(Random(seed).choice("0123456789") for _ in range(length - 4))
    number = "".join(str(int(character, 36)) for character in f"{body}{country}00")
    iban = f"{country}{98 - int(number) % 97:02}{body}"
    if in_groups:
        iban = " ".join(iban[i : i + 4] for i in range(0, length, 4))
    assert redact_text(f"IBAN {iban}.", A) == f"IBAN {A.identifier('IBAN', iban)}."
