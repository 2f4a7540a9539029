"""IP addresses: what identifies nobody stays, any other address becomes one of its version and prefix length."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.redaction.alias_grammar import find_aliases, is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import KEY, OTHER_KEY
from support.strategies import few

PUBLIC = """
0.0.0.0/0 ::/0 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.1 127.0.0.1/32 169.254.169.254 ::1 fd00::/8
128.0.0.0/1 52.0.0.0/7 2000::/3
192.0.2.0/24 192.0.2.7 198.51.100.128/25 203.0.113.9/32 2001:db8::/32 2001:db8:1::/48
""".split()
PRIVATE = """
52.1.2.3 52.1.2.0/24 52.1.2.3/24 10.20.30.40 10.0.0.0/9 10.20.0.0/16 172.16.0.0/16 192.168.1.0/24 52.0.0.0/8
192.0.0.0/16 2a02:1234::/32 2a02:1234::1 fd00:1234::/48 2001:d00::/24
""".split()


@pytest.mark.parametrize("text", PUBLIC)
def test_addresses_that_identify_nobody_stay(text: str) -> None:
    assert redact_address(text, Aliases(KEY)) == text


@pytest.mark.parametrize("text", PRIVATE)
def test_other_addresses_become_aliases_of_their_version_and_prefix_length(text: str) -> None:
    alias = redact_address(text, Aliases(KEY))
    assert alias and alias != text and is_alias(alias)
    assert alias != redact_address(text, Aliases(OTHER_KEY))
    old, new = ip_interface(text), ip_interface(alias)
    assert (new.version, new.network.prefixlen, "/" in alias) == (old.version, old.network.prefixlen, "/" in text)
    assert redact_address(alias, Aliases(KEY)) == alias


@few(200)
@given(st.ip_addresses(v=4), st.integers(8, 32), st.ip_addresses(v=6), st.integers(16, 128))
def test_the_alias_of_a_block_is_a_block(v4: object, v4_length: int, v6: object, v6_length: int) -> None:
    for text in (f"{v4}/{v4_length}", f"{v6}/{v6_length}"):
        block = str(ip_network(text, strict=False))
        alias = redact_address(block, Aliases(KEY))
        assert alias and str(ip_network(alias)) == alias
        assert ip_network(alias).prefixlen == ip_network(block).prefixlen
        assert redact_address(alias, Aliases(KEY)) == alias


def test_blocks_share_no_alias() -> None:
    aliases = Aliases(KEY)
    blocks = [f"10.{i}.0.0/16" for i in range(256)] + [f"10.{i}.{j}.0/24" for i in range(8) for j in range(256)]
    blocks += [f"2a02:{i:x}::/32" for i in range(1, 512)] + [f"{i}.0.0.0/8" for i in range(50, 60)]
    redacted = [redact_address(block, aliases) for block in [*blocks, "10.0.0.0", "10.0.0.1/16", "10.0.0.0/32"]]
    assert len(set(redacted)) == len(redacted)


@pytest.mark.parametrize("text", ["240.0.0.1", "240.0.0.1/16", "240.1.0.0/8", "250.1.2.3/32", "4000::1", "4000:1::/16"])
def test_an_address_of_the_wide_ranges_is_an_alias_only_as_a_block(text: str) -> None:
    assert not is_alias(text)


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "256.1.1.1", "1.2.3.4/33", "12", "52.1.*", "52.1.2.3:443"])
def test_other_texts_are_no_addresses(text: str) -> None:
    assert redact_address(text, Aliases(KEY)) is None


@few(200)
@given(st.ip_addresses())
def test_redacting_twice_changes_nothing(address: object) -> None:
    aliases = Aliases(KEY)
    once = redact_address(str(address), aliases)
    assert once and ip_address(once).version == ip_address(str(address)).version
    assert redact_address(once, aliases) == redact_address(once, Aliases(OTHER_KEY)) == once


@pytest.mark.parametrize("text", ["from {}: refused", "{}, {}; {}", "[{}]:443", "({})", "{}/64: closed", "by {}.\n"])
@pytest.mark.parametrize("address", ["2a02:1234::9", "2a02:1234:1:2:3:4:5:6"])
def test_addresses_in_text_are_replaced_whatever_punctuation_is_behind_them(text: str, address: str) -> None:
    aliases = Aliases(KEY)
    redacted = redact_text(text.replace("{}", address), aliases)
    assert "2a02" not in redacted
    assert all(map(is_alias, found := find_aliases(redacted))) and len(found) == text.count("{}")
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize(
    "text",
    ["10.1.0.0/255.255.0.0", "10.1.0.1-10.1.0.50", "from 10.1.0.1-10.1.0.50.", "::ffff:10.1.2.3", "[::ffff:10.1.2.3]"],
)
def test_ranges_masks_and_mapped_addresses_are_replaced_as_a_whole(text: str) -> None:
    redacted = redact_text(text, Aliases(KEY))
    assert "10.1." not in redacted and ".1." not in redacted.replace("198.1", "")
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("text", ["tool-1.2.3.4.jar", "v1.2.3.4", "1.2.3.4-rc1", "release-1.2.3.4-beta"])
def test_versions_are_no_addresses(text: str) -> None:
    assert redact_text(text, Aliases(KEY)) == text
