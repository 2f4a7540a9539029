"""The grammar of aliases: texts that only look like one are none."""

from __future__ import annotations

import pytest

from awstape.core.redaction.alias_grammar import is_alias, spell_ending
from awstape.core.redaction.aliases import Aliases
from support.exchanges import KEY


def test_no_english_word_passes_for_an_alias() -> None:
    """`vpcflowlog` happens to end in the right check characters."""
    assert not is_alias("prod-vpcflowlog")
    endings = [Aliases(KEY).name("role", f"name{i}")[-12:-3] for i in range(2_000)]
    assert all(any(c.isdigit() for c in ending) for ending in endings)


@pytest.mark.parametrize("digest", [bytes(32), bytes(10) + b"\xff" * 22, b"\x63\x18\xc6" * 10 + b"ab"])
def test_an_alias_of_any_digest_is_known_for_one(digest: bytes) -> None:
    """Of fifty thousand digests, one has no digit among all its characters."""
    assert is_alias(f"role-{spell_ending(digest)}")


@pytest.mark.parametrize(
    "real",
    [
        *("", "role-", "role-deployer", "000000000000", "000123456789", "AROATAPEABCDEFGH", "o-abcdefghij"),
        *("user-abcdefghij@example.com", "ou-abcdefghij-abcdefghij", "0" * 64, "٠٠٠١٢٣٤٥٦٧٨٩", "role-abcdefgh2j\n"),
    ],
)
def test_a_text_with_wrong_check_characters_is_no_alias(real: str) -> None:
    assert not is_alias(real)
