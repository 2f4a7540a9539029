"""Aliases: keyed, recognised without the key, in the grammar of their kind, never shared."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
import zlib
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from awstape.core.aws.access_keys import account_of_access_key
from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.editing.rekey import renew_alias
from awstape.core.redaction.alias_grammar import find_aliases, is_alias, is_name_alias
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.name_codes import join_aliases
from awstape.core.text.hidden import Hidden
from support import exchanges, strategies
from support.exchanges import ACCOUNT, KEY, OTHER_KEY

Make = Callable[[Aliases, str], str]

CODE = "[A-Za-z2-7]{10}"
UUID = "3f8a1c9d-2b7e-4f6a-8c5d-8e1b9a7f3c2d"
KINDS: dict[str, tuple[Make, str, str]] = {
    # kind: how it is made, a real value, the grammar of its alias
    "account": (Aliases.account, "111122223333", r"000\d{9}"),
    "name": (lambda a, v: a.name("role", v), "Deployer", rf"alias-{CODE}"),
    "name of parts": (lambda a, v: a.name("", v), "_web-2_app.x/y@z+a", rf"alias-_({CODE}[-_./]){{4}}{CODE}"),
    "UUID": (lambda a, v: a.name("key", v), UUID, r"0{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{10}aa"),
    "UUID in upper case": (
        lambda a, v: a.name("key", v),
        UUID.upper(),
        r"0{8}-[0-9A-F]{4}-4[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{10}AA",
    ),
    "name without parts": (lambda a, v: a.name("role", v), "--", rf"alias-{CODE}"),
    "unique id": (Aliases.unique_id, "AROAEXAMPLEID12345678", r"AROATAPE[A-Z2-7]{13}"),
    "id of 16": (Aliases.unique_id, "AKIAEXAMPLEID123", r"AKIAtape[a-z2-7]{8}"),
    "id of 128": (Aliases.unique_id, "AIDA" + "EXAMPLE7" * 15 + "ABCD", r"AIDATAPE[A-Z2-7]{120}"),
    "id without prefix": (Aliases.unique_id, "12345678EXAMPLE90ABCDEF", r"TAPE[A-Z2-7]{19}"),
    "short id": (Aliases.unique_id, "x1", r"TAPE[A-Z2-7]{8}"),
    "e-mail": (Aliases.email, "alice@corp.example", r"alias-[a-z2-7]{10}@example\.com"),
    "organization": (Aliases.organization_id, "o-exampleorg1", r"o-[a-z2-7]{12}"),
    "organizational unit": (Aliases.organization_id, "ou-ab12-exampleunit", r"ou-[a-z2-7]{12}-[a-z2-7]{12}"),
    "root": (Aliases.organization_id, "r-ab12", r"r-[a-z2-7]{12}"),
    "canonical user id": (Aliases.canonical_id, "a1" * 32, r"0{8}[0-9a-f]{56}"),
    "secret": (lambda a, v: a.secret("secret", v), "hunter2 hunter2", r"alias-[a-z2-7]{10}"),
    "password": (Aliases.password, "hunter2 hunter2", r"<alias-[a-z2-7]{10}>"),
    "link": (Aliases.url, "https://corp.example/x", r"https://alias-[a-z2-7]{10}\.example/"),
}
each_kind = pytest.mark.parametrize(("make", "real", "grammar"), KINDS.values(), ids=KINDS)


@each_kind
def test_an_alias_has_its_grammar_and_is_recognised_without_the_key(make: Make, real: str, grammar: str) -> None:
    alias = make(Aliases(KEY), real)
    assert re.fullmatch(grammar, alias, re.ASCII)
    assert is_alias(alias)
    assert not is_alias(real)


@each_kind
def test_an_alias_depends_on_key_and_value_only(make: Make, real: str, grammar: str) -> None:
    used = Aliases(KEY)
    for i in range(20):
        make(used, f"{real}{i}")
    assert make(used, real) == make(Aliases(KEY), real)
    assert make(Aliases(OTHER_KEY), real) != make(Aliases(KEY), real)
    assert make(used, f"{real}9") != make(used, real)


@each_kind
def test_an_alias_is_never_aliased_again(make: Make, real: str, grammar: str) -> None:
    alias = make(Aliases(KEY), real)
    other = Aliases(OTHER_KEY)
    assert make(other, alias) == alias
    assert other.count_by_kind() == {}


@pytest.mark.parametrize("name", ["deploy", "prod-web", "a b"])
def test_one_string_has_one_alias_whatever_it_names(name: str) -> None:
    aliases = Aliases(KEY)
    kinds = ("role", "Instance Profile", "path", "filter", "subject", "value", "secret", "2fa", "")
    assert len({aliases.name(kind, name) for kind in kinds}) == 1


def test_names_that_share_a_part_share_its_code() -> None:
    aliases = Aliases(KEY)
    web, app, x = (aliases.name("role", part)[6:] for part in ("web", "App", "X"))
    assert aliases.name("role", "web-App_X") == f"alias-{web}-{app}_{x}"
    assert aliases.name("user", "X.web") == f"alias-{x}.{web}"
    assert aliases.secret("secret", "web-App_X") != f"alias-{web}-{app}_{x}", "a secret has no parts"


def test_a_names_alias_has_room_in_a_name() -> None:
    """IAM's names have up to 64 characters."""
    aliases = Aliases(KEY)
    made = [aliases.name("role", name) for name in ("a-b-c-d-e", "a-b-c-d-e-f", "a-b-c-d-e.f", "a-b-c-d-f-e")]
    assert {len(alias) for alias in made} == {60}
    assert len(set(made)) == 4
    assert len(aliases.name("role", "-".join("abcdefghijklmnopqrstuvwxyzabcdef"))) == 60


@given(st.binary(max_size=150), st.text())
def test_a_digest_is_an_hmac(key: bytes, text: str) -> None:
    expected = hmac.digest(key, b"role\0" + text.encode("utf-8", "surrogatepass"), "sha256")
    assert Key(key).digest("role", text) == expected


_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}(?:[-_.][A-Za-z0-9]{1,9}){0,3}", fullmatch=True)


@given(_NAMES, st.data())
def test_spellings_of_a_name_have_aliases_that_differ_in_case_only(name: str, data: st.DataObject) -> None:
    aliases = Aliases(KEY)
    mixed = "".join(data.draw(st.sampled_from([c.lower(), c.upper()])) for c in name)
    made = {each: aliases.name("role", each) for each in (name.lower(), mixed, name.upper())}
    assert len(set(made.values())) == len(made)
    assert {alias.lower() for alias in made.values()} == {made[name.lower()]}
    assert all(map(is_alias, made.values()))
    renewed = {renew_alias(alias, OTHER_KEY) for alias in made.values()}
    assert len({alias.lower() for alias in renewed}) == 1
    assert len(renewed) == len(made)
    assert all(map(is_alias, renewed))


@given(st.uuids())
def test_the_alias_of_a_uuid_is_one(real: uuid.UUID) -> None:
    aliases = Aliases(KEY)
    lower, upper = (aliases.name("key", text) for text in (str(real), str(real).upper()))
    assert uuid.UUID(lower).version == 4 and str(uuid.UUID(lower)) == lower
    assert upper.lower() == lower
    assert (upper != lower) == (str(real) != str(real).upper())
    mixed = str(real)[:18].upper() + str(real)[18:]
    assert (aliases.name("key", mixed) in (lower, upper)) == (mixed in (str(real), str(real).upper()))
    assert find_aliases(f"key/{lower}: {upper}.") == [lower, upper]
    renewed = renew_alias(lower, OTHER_KEY)
    assert uuid.UUID(renewed).version == 4 and is_alias(renewed) and renewed != lower
    assert renew_alias(upper, OTHER_KEY).lower() == renewed
    assert renew_alias(aliases.name("role", f"x-{real}"), OTHER_KEY) == join_aliases(
        f"{renew_alias(aliases.name('role', 'x'), OTHER_KEY)}-{renewed}"
    )


_WORDS = st.lists(
    st.one_of(st.from_regex(r"[A-Za-z0-9]{1,6}", fullmatch=True), st.uuids().map(str)), min_size=1, max_size=7
)
_JOINTS = st.sampled_from(["-", "_", ".", "/", "--", "+", " ", "@", "_-"])


@given(st.data())
def test_a_name_made_of_aliases_is_redacted_like_the_same_name_made_of_real_names(data: st.DataObject) -> None:
    """Wherever the alias stands in it: `deny-alias-A`, `alias-A_x`, `alias-A-alias-B`."""
    real, made = Aliases(KEY), Aliases(KEY)
    name, of_aliases, is_all_aliases = "", "", True
    for i in range(data.draw(st.integers(1, 4))):
        joint = data.draw(_JOINTS) if i else ""
        words = data.draw(_WORDS)
        part = words[0] + "".join(data.draw(_JOINTS) + word for word in words[1:])
        is_alias_of = data.draw(st.booleans())
        is_all_aliases &= is_alias_of
        name += joint + part
        of_aliases += joint + (Aliases(KEY).name("role", part) if is_alias_of else part)
    assume(name.count(" ") < 3)  # else it is a text, of which one code is left
    assert made.name("policy", of_aliases) == real.name("policy", name)
    if is_all_aliases:
        assert join_aliases(of_aliases) == real.name("policy", name), "without the key"
    elif of_aliases != name:
        assert join_aliases(of_aliases) == of_aliases


def test_the_alias_of_a_long_name_costs_no_more_than_a_number_of_parts() -> None:
    name = "-".join("a" * 2000)
    assert Aliases(KEY).name("path", name) != Aliases(KEY).name("path", name + "b")


def test_a_name_of_several_kinds_has_one_alias_in_free_text_in_any_order() -> None:
    one, other = Aliases(KEY), Aliases(KEY)
    for kind in ("user", "group", "role"):
        one.name(kind, "deploy")
    for kind in ("role", "user", "group"):
        other.name(kind, "deploy")
    assert one.names == other.names == {"deploy": one.name("group", "deploy")}


@pytest.mark.parametrize("kind", ["name", "unique id", "e-mail", "organization", "canonical user id", "secret"])
def test_many_values_have_as_many_aliases(kind: str) -> None:
    """With `make test-thorough` and `AWSTAPE_EXAMPLES=20`, a million of each."""
    make, real, _ = KINDS[kind]
    aliases, number = Aliases(KEY), (50_000 if strategies.SHARE == 1 else 15_000) * strategies.EXAMPLES
    assert len({make(aliases, f"{real}{i:07}") for i in range(number)}) == number
    # Of codes, there are some 1.7 × 10^9.
    assert len(aliases.marks.known) <= 3 + number**2 / 10**9


def test_no_digest_of_a_real_value_without_the_key_is_stored() -> None:
    """No digest of the value, in any encoding: with one, all account ids could be tried."""
    role: dict[str, Value] = {"RoleName": "Deployer", "Arn": f"arn:aws:iam::{ACCOUNT}:role/Deployer", "Tags": []}
    listed = exchanges.listing("ListRoles", {}, [{"Roles": [role]}, {"Roles": [role]}])
    request = exchanges.request("GetRole", {"RoleName": "Deployer"})
    text = write_cassette(exchanges.record(*listed, (request, exchanges.respond("GetRole", {"Role": role}))).cassette)
    alias = Aliases(KEY).account(ACCOUNT)
    assert alias in text
    for real in (ACCOUNT, "Deployer", f"arn:aws:iam::{ACCOUNT}:role/Deployer", "T1"):
        for digest in digests(real):
            runs = {digest[i : i + 7] for i in range(len(digest) - 6)}
            assert not [run for run in runs if run in text]


def digests(real: str) -> set[str]:
    """Digests of a value in the encodings of this package: hexadecimal, base 32, decimal."""
    raw = [hashlib.new(name, real.encode()).digest() for name in ("md5", "sha1", "sha256", "sha512", "blake2b")]
    raw += [hmac.digest(b"", real.encode(), "sha256"), zlib.crc32(real.encode()).to_bytes(8)]
    spelled = {base64.b32encode(digest).decode().lower().rstrip("=") for digest in raw}
    spelled |= {digest.hex() for digest in raw} | {base64.b64encode(digest).decode() for digest in raw}
    return spelled | {f"{int.from_bytes(digest[:8]) % 10**n:0{n}}" for digest in raw for n in (7, 9, 10, 12)}


def test_aliased_values_are_counted_by_kind() -> None:
    aliases = Aliases(KEY)
    aliases.account("111122223333")
    aliases.account("111122223333")
    aliases.name("role", "a")
    aliases.name("role", "b")
    assert aliases.count_by_kind() == {"account": 1, "role": 2}


def test_an_alias_is_one_to_the_last_character() -> None:
    aliases = Aliases(KEY)
    for make, real, _ in KINDS.values():
        alias = make(aliases, real)
        assert not is_alias(alias + "\n")
        assert not is_alias(" " + alias)


@strategies.few(200)
@given(st.text(min_size=1), st.sampled_from(["role", "Instance Profile", "path"]))
def test_any_text_can_be_a_name(real: str, kind: str) -> None:
    assume(not is_alias(real))  # it stays
    alias = Aliases(KEY).name(kind, real)
    assert is_name_alias(alias)
    assert Aliases(KEY).name(kind, real) == alias


def test_half_a_surrogate_pair_can_be_a_name() -> None:
    """JSON can contain one, as an escape."""
    assert is_name_alias(Aliases(KEY).name("role", "\ud800"))


@pytest.mark.parametrize("known", [None, frozenset[str]()])
def test_a_temporary_access_key_id_has_the_alias_of_its_account(known: frozenset[str] | None) -> None:
    aliases = Aliases(KEY, known=known)
    alias = aliases.unique_id("ASIAY34FZKBOKMUTVV7A")
    assert account_of_access_key(alias) == aliases.account("609629065308")
    assert is_alias(alias) and find_aliases(f"with {alias}.") == [alias]
    assert aliases.unique_id(alias) == alias
    assert aliases.caller(Hidden(alias)) == aliases.account("609629065308")
    assert aliases.unique_id("AKIAY34FZKBOKMUTVV7A").startswith("AKIAtape"), "a user's key is one of many"
