"""The grammar of aliases: texts that only look like one are none."""

from __future__ import annotations

import re

import pytest

from awstape.core.redaction.alias_grammar import find_aliases, is_alias, spell_ending
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.name_codes import spell_code
from support.exchanges import KEY


def test_no_english_word_passes_for_an_alias() -> None:
    codes = [Aliases(KEY).name("role", f"name{i}")[6:] for i in range(2_000)]
    assert all(any(c.isdigit() for c in code) for code in codes)
    codes += [Aliases(KEY).name("role", f"a-b-c-d-e-{i}")[-10:] for i in range(2_000)]
    assert all(any(c.isdigit() for c in code) for code in codes)


@pytest.mark.parametrize("digest", [bytes(32), bytes(10) + b"\xff" * 22, b"\x63\x18\xc6" * 10 + b"ab"])
def test_an_alias_of_any_digest_is_known_for_one(digest: bytes) -> None:
    assert is_alias(f"alias-{spell_code(digest)}")
    assert is_alias(f"o-{spell_ending(digest)}")


@pytest.mark.parametrize(
    "real",
    [
        *("", "alias-", "alias-containing", "alias-deployer"),
        *("000000000000", "000123456789", "AROATAPEABCDEFGH", "o-abcdefghij"),
        *("alias-abcdefghij@example.com", "ou-abcdefghij-abcdefghij", "0" * 64, "٠٠٠١٢٣٤٥٦٧٨٩", "alias-abcdefgh2j\n"),
    ],
)
def test_a_text_with_wrong_check_characters_is_no_alias(real: str) -> None:
    assert not is_alias(real)


def test_an_alias_is_found_between_words_and_joints() -> None:
    one, other = (Aliases(KEY).name("role", name) for name in ("web-app", "deploy"))
    text = f"/{one}/{other}: {other} containing {one}-deployment, x-{one}_ and {other}.\n{other}5 {other}-x@{other}"
    assert find_aliases(text) == [one, other, other, one, one, other, other, other]


def test_the_alias_of_an_address_is_found_in_text() -> None:
    one, block, other = map(Aliases(KEY).address, ("203.0.114.9", "52.94.76.0/24", "2600:1f18::9"))
    text = f"from {one}, {block} and {other}: {one}:443. Not {one}.7, 3{one}, x{other} or {other}:9\n"
    assert find_aliases(text) == [one, block, other, one]


def test_no_alias_of_a_resource_id_holds_what_looks_like_an_account() -> None:
    aliases = Aliases(KEY)
    made = [aliases.resource_id(f"vpc-{number:x}abcdef0123456"[:21]) for number in range(4096, 7096)]
    assert all(map(is_alias, made))
    assert not [alias for alias in made if re.search(r"\d{12}", alias)]
