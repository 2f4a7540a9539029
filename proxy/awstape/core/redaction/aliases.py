"""Keyed aliases: the pseudonyms that stand for real values.

1. An alias is computed with HMAC-SHA256 under the key: the same value has the same alias in every cassette that was
   made with that key.
2. A cassette stores nothing that could be computed from a real value without the key: check characters are computed
   from the rest of the alias, the key's fingerprint from the key alone. So trying all 10^12 account ids against a
   cassette reveals nothing: without the key each of them is equally likely to have a given alias (HMAC is a
   pseudorandom function, RFC 2104), and nothing else in the cassette depends on it.
3. An alias has the grammar of its kind and is recognised without the key (`core.redaction.alias_grammar`).
4. An alias is never aliased again, so redacting twice changes nothing. With a cassette at hand (`known`), only its
   aliases and those given out since count as aliases: a real value may look like one. Otherwise every text of the form
   of an alias counts. Aliases that the traffic brought are counted (`existing_aliases`).
5. A string has the same alias whatever it names: names are made of their parts, each of which is computed alone, an
   account from its alias. So a name that a program makes of aliases, `deny-alias-CODE_x` or `logs-000123456789`, has
   the alias of the real name that it stands for.
6. No two values share an alias within one recording (`core.redaction.marks`).
7. The caller of a request has the alias of its account. An access key id without an account in it has an alias of its
   own, which is computed and never noted: it replaces no value of a recording.
8. Under another key, an alias is renewed from itself, in a name code by code: aliases that agreed before agree after.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Set
from functools import lru_cache, partial
from hashlib import sha256

from awstape.core.aws.access_keys import ACCOUNT_ID, account_of_access_key, replace_account
from awstape.core.redaction.alias_grammar import (
    EMAIL_DOMAIN,
    YEAR_OF_TIMES,
    edit_outside_aliases,
    find_aliases,
    is_alias,
    is_code_alias,
    is_number_alias,
    keyed_parts,
    spell_account,
    spell_address,
    spell_canonical_id,
    spell_digits,
    spell_ending,
    spell_endings,
    spell_fingerprint,
    spell_framed,
    spell_number,
    spell_resource_id,
    spell_saml_metadata,
    spell_time,
    spell_unique_id,
)
from awstape.core.redaction.documentation_names import is_documentation_id, is_searched_name
from awstape.core.redaction.marks import Marks
from awstape.core.redaction.name_codes import (
    drop_markers,
    join_codes,
    spell_code_in_case,
    spell_code_of_account,
    spell_symbols,
    split_name,
)
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.text.aws_names import AWS_ACCOUNTS
from awstape.core.redaction.value_kinds import KINDS_WITHOUT_FORM
from awstape.core.text.hidden import Hidden
from awstape.core.text.json_documents import canonical_document
from awstape.core.text.lazy_pattern import lazy_pattern

_ID_PREFIX = lazy_pattern(r"A[A-Z0-9]{3}")
_DIGITS = lazy_pattern(r"\d+", re.ASCII)
_NOT_IN_A_KIND = lazy_pattern(r"[^a-z0-9]+")
#: Kinds that the project's rule `keep-names` doesn't keep.
_NOT_KEPT = frozenset({"claim", "client", "external-id", "filter", "host", "subject", "value"})
#: Kinds of values that other texts are not searched for.
_NOT_SEARCHED = frozenset(kind.name for kind in KINDS_WITHOUT_FORM if not kind.is_searched)
#: Kinds of values that are no names. A name of such a type, as of a Secrets Manager secret, is a `secret-name`.
_SECRET_KINDS = frozenset("account certificate code e-mail fingerprint jwt masked password pem secret text url".split())
#: What is remembered of the strings of one recording or request.
_LONGEST_REMEMBERED, _MOST_REMEMBERED, _MOST_REMEMBERED_IN_A_PLACE = 4000, 20_000, 4000


class Key(Hidden[bytes]):
    """A redaction key. It is used for digests and nothing else, and never shown."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, value: bytes) -> None:
        super().__init__(value)
        # By its definition (RFC 2104): two hashes that have begun are copied in half the time that `hmac` takes.
        block = (value if len(value) <= 64 else sha256(value).digest()).ljust(64, b"\0")
        self._inner, self._outer = (sha256(bytes(byte ^ pad for byte in block)) for pad in (0x36, 0x5C))

    def digest(self, purpose: str, value: str = "") -> bytes:
        """The HMAC-SHA256 of a value, 32 bytes; digests for different purposes have nothing in common."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{purpose}\0{value}".encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return outer.digest()


@lru_cache(1000)
def _spell_kind(kind: str) -> str:
    """The kind in the form of messages and rules."""
    kind = _NOT_IN_A_KIND.sub("-", kind.lower()).strip("-") or "name"
    return f"{kind}-name" if kind in _SECRET_KINDS else kind


class Aliases:
    """Computes aliases under a key, except for what the project keeps, and remembers in memory what they stand for.

    known: the keyed parts, in lower case, of the aliases in the cassette at hand; None if every text of the form of an
        alias is one.
    apart: the marks in the header of the cassette.
    """

    def __init__(
        self,
        key: Key,
        rules: Rules = NO_RULES,
        known: Container[str] | None = None,
        apart: Set[str] = frozenset(),
    ) -> None:
        self._key = key
        self.rules = rules
        self.known = known
        self.marks = Marks(key.digest, apart)
        self._given, self._parts = list[str](), set[str]()
        """The aliases that were given out lately, and the keyed parts of all others, in lower case."""
        self.plain_texts: set[str] = set()
        """Short texts in which redaction found nothing, so that they are not searched again."""
        self.by_value: dict[tuple[str, str], str] = {}
        """(kind, real value) → alias."""
        self.noted = 0
        """How many values and marks were noted so far."""
        self.real_values: defaultdict[str, set[str]] = defaultdict(set)
        """Kind → the real values that were aliased."""
        self.names: dict[str, str] = {}
        """Real entity name → its alias, for the names that free text is searched for."""
        self.names_of_things: dict[str, str] = {}
        """Real name → its alias, for names that the rule `keep-names` would keep, in the order in which they came."""
        self.kept_values: set[str] = set()
        """Values that stayed because of the project's rules."""
        self.existing_aliases: set[str] = set()
        """Values that were taken for an alias that was there before."""
        self.document_edits: dict[tuple[str, str], dict[str, str]] | None = None
        """Place in a document → text → its redaction, computed when it is asked for (`core.redaction.policies`)."""
        self.redacted_strings: defaultdict[object, dict[str, str]] = defaultdict(dict)
        """Place, or a place and more that a redaction depends on → string → its redaction."""
        self._codes: dict[str, str] = {}
        """A part of a name → its code; many names have parts in common."""

    def account(self, value: str) -> str:
        if ("account", value) not in self.by_value and (self.marks.has_given(value) or value in AWS_ACCOUNTS):
            return value
        return self._alias("account", value, lambda: self._spell("account", value, spell_account))

    def caller(self, access_key_id: Hidden[str]) -> str:
        """The alias of the account that an access key id is of; for an id without one, `caller-k42mrt7s3lrt`."""
        account = account_of_access_key(access_key_id.reveal())
        if account is not None:
            return account if self.is_alias(account) else self.account(account)
        if access_key_id.reveal().startswith("caller-") and self.is_alias(access_key_id.reveal()):
            return access_key_id.reveal()
        return f"caller-{spell_ending(self._key.digest('caller', access_key_id.reveal()))}"

    def name(self, kind: str, value: str) -> str:
        """The alias of a name: `alias-k42mrt7s3l`. kind: what has the name (`role`, `path`), for counts and rules."""
        kind = _spell_kind(kind)
        if self.rules.keep_names and kind not in _NOT_KEPT:
            return self._stay(self.kept_values, value)
        is_name = kind not in _NOT_SEARCHED and is_searched_name(value)
        alias = self._alias(kind, value, lambda: self.spell_name(value), is_name=is_name)
        if alias != value and kind not in _NOT_KEPT:
            self.names_of_things[value] = alias
        return alias

    def unique_id(self, value: str) -> str:
        """`AROAEXAMPLEID1234` → `AROATAPE…`: the four-letter prefix and the length stay."""
        if is_documentation_id(value):
            return value
        prefix = value[:4] if _ID_PREFIX.fullmatch(value[:4]) else ""
        length = max(len(value) - len(prefix) - len("tape"), 8)
        if prefix == "ASIA" and (account := account_of_access_key(value)):
            prefix = replace_account(value, self.account(account))[:13]
        spell = partial(spell_unique_id, prefix=prefix, length=length)
        return self._alias("unique id", value, lambda: self._spell("unique id", value, spell))

    def email(self, value: str) -> str:
        return self._alias("e-mail", value, lambda: spell_framed(self._code(value), end=EMAIL_DOMAIN))

    def organization_id(self, value: str) -> str:
        """The alias of `o-…`, `r-…`, `p-…` and the two-part `ou-…-…`."""
        head, *parts = value.split("-")

        def spell(digest: bytes) -> str:
            return "-".join([head, *spell_endings(digest, len(parts))])

        # `r-ab12` is too short to be recognised by its pattern everywhere.
        return self._alias("organization id", value, lambda: self._spell("organization id", value, spell), is_name=True)

    def canonical_id(self, value: str) -> str:
        """The alias of S3's canonical user id, 64 hexadecimal digits."""
        kind = "canonical user id"
        return self._alias(kind, value, lambda: self._spell(kind, value, spell_canonical_id))

    def resource_id(self, value: str) -> str:
        """The alias of an EC2 resource id, such as `vpc-0a1b2c3d4e5f67890`: its prefix stays."""
        spell = partial(spell_resource_id, prefix=value.rpartition("-")[0])
        return self._alias("resource id", value, lambda: self._spell("resource id", value, spell))

    def address(self, value: str) -> str:
        """The alias of an IP address or a CIDR block, with its prefix length."""
        spell = partial(spell_address, value=value)
        return self._alias("address", value, lambda: self._spell("address", value, spell), is_name=True)

    def secret(self, kind: str, value: str) -> str:
        """The alias of a text that no project rule may keep, of one code for the whole."""
        if is_documentation_id(value):
            return value
        return self._alias(kind, value, lambda: spell_framed(self._code(value)), may_be_kept=False)

    def password(self, value: str, kind: str = "password") -> str:
        """The alias of a value that the model marks as sensitive, in a form that no scanner takes for a credential.

        The aliases of one JSON document in several spellings differ in case only.
        """
        if is_documentation_id(value):
            return value

        def spell() -> str:
            meaning = canonical_document(value) or value
            return spell_framed(spell_code_in_case(meaning, value, partial(self._spell, "secret")), "<", ">")

        return self._alias(kind, value, spell, may_be_kept=False)

    def identifier(self, kind: str, value: str) -> str:
        """The alias of an identifier that has no grammar of its own, of one code for the whole."""
        return self._alias(kind, value, lambda: spell_framed(self._code(value)))

    def fingerprint(self, value: str) -> str:
        """The alias of a public key's fingerprint, which identifies the key's owner."""
        return self._secret("fingerprint", value, spell_fingerprint)

    def code(self, value: str) -> str:
        """The alias of a six-digit authentication code. It is too short to be recognised as an alias elsewhere."""
        is_known = is_code_alias(value) and self._have_known_parts([value])
        return value if is_known else self._secret("code", value, spell_digits)

    def quantity(self, value: str) -> str:
        """The alias of a number, in digits: as many as before its point, seven at least. Its sign stays."""
        if is_number_alias(value) and self._have_known_parts([value]):
            return value
        sign, digits, fraction = "-" * value.startswith("-"), _DIGITS.search(value), ".0" if "." in value else ""
        length = len(digits[0]) if digits else 0

        def spell() -> str:
            return sign + self._spell("quantity", value, partial(spell_number, length=length)) + fraction

        return self._alias("quantity", value, spell, may_be_kept=False)

    def time(self, value: str) -> str:
        """The alias of a time that the model marks as sensitive."""
        return value if value.startswith(f"{YEAR_OF_TIMES}-") else self._secret("time", value, spell_time)

    def url(self, value: str) -> str:
        """The alias of a link."""
        framed = partial(spell_framed, begin="https://", end=".example/")
        return self._alias("url", value, lambda: framed(self._code(value)), may_be_kept=False)

    def saml_metadata(self, value: str) -> str:
        """The alias of a SAML metadata document."""
        return self._secret("saml metadata", value, spell_saml_metadata)

    @property
    def has_history(self) -> bool:
        """True if it holds something of a value or a text that it met."""
        values = self.by_value or self.kept_values or self.existing_aliases
        return bool(values or self.plain_texts or self.document_edits or self.redacted_strings or self._codes)

    def without_history(self, apart: Set[str] | None = None) -> Aliases:
        """New `Aliases` with the same key and rules that have seen no value. apart: their marks, None for the same."""
        return Aliases(self._key, self.rules, known=self.known, apart=self.marks.known if apart is None else apart)

    def is_alias(self, text: str) -> bool:
        """Whether a text is an alias, and no real value that looks like one."""
        return is_alias(text) and self._have_known_parts(keyed_parts(text))

    def contains_alias(self, text: str) -> bool:
        return any(map(self.is_alias, find_aliases(text)))

    def edit_outside_aliases(self, text: str, edit: Callable[[str], str]) -> str:
        """The text with `edit` applied to each piece between its aliases."""
        return edit_outside_aliases(text, edit, self.is_alias)

    def remember_string(self, at: object, text: str, redact: Callable[[], str]) -> str:
        """The redaction of a string, which `redact` computes; most strings recur. at: as in `redacted_strings`."""
        if len(self.redacted_strings) >= _MOST_REMEMBERED:
            self.redacted_strings.clear()
        known = self.redacted_strings[at]
        if (redacted := known.get(text)) is None:
            redacted = redact()
            if len(known) >= _MOST_REMEMBERED_IN_A_PLACE:
                known.clear()
            if len(text) <= _LONGEST_REMEMBERED:
                known[text] = redacted
        return redacted

    def spell_name(self, name: str) -> str:
        """The alias of a name, which is not noted."""
        pieces, codes = drop_markers(split_name(name), lambda code: self._have_known_parts([code]))
        if len(pieces) == 1:  # it has no parts
            return spell_framed(self._code(name))
        for i in range(1, len(pieces), 2):
            if i not in codes:
                pieces[i] = self._code(pieces[i])
        return join_codes(name, pieces)

    def digest(self, text: str) -> str:
        """A keyed digest of a text: 32 hexadecimal digits."""
        return self._key.digest("digest", text).hex()[:32]

    def count_by_kind(self) -> dict[str, int]:
        """The number of different values that were aliased, by kind."""
        return {kind: len(values) for kind, values in sorted(self.real_values.items())}

    def note(self, kind: str, value: str, alias: str, *, is_name: bool) -> None:
        """Notes the alias of a value. is_name: whether texts are searched for it as a name."""
        if (kind, value) in self.by_value:
            return
        self.marks.give(alias, value)
        self.by_value[kind, value] = alias
        self._given.append(alias)
        self.real_values[kind].add(value)
        self.noted += 1
        if is_name:
            # A name of several kinds has one alias in free text, whatever the order in which its kinds were seen.
            self.names[value] = min(alias, self.names.get(value, alias))

    def _code(self, text: str) -> str:
        """The code of a part of a name, or of a text as a whole."""
        if (code := self._codes.get(text)) is None:
            if len(self._codes) >= _MOST_REMEMBERED:
                self._codes.clear()
            if len(text) == 12 and ACCOUNT_ID.fullmatch(text):
                alias = text if self.is_alias(text) else self._spell("account", text, spell_account)
                code = spell_code_of_account(alias)
            else:
                code = spell_code_in_case(text.lower(), text, partial(self._spell, "name"))
            self._codes[text] = code
        return code

    def _secret(self, kind: str, value: str, spell: Callable[[bytes], str]) -> str:
        """The alias of a secret, spelled from its digest; no rule keeps it."""
        return self._alias(kind, value, lambda: self._spell("secret", value, spell), may_be_kept=False)

    def _spell(self, purpose: str, value: str, spell: Callable[[bytes], str]) -> str:
        """What is spelled from a digest of a value, so that no other value has it."""
        spelled, marks = self.marks.spell(purpose, value, spell)
        self.noted += len(marks)
        self.marks.known.update(marks)
        return spelled

    def _alias(
        self, kind: str, value: str, spell: Callable[[], str], *, is_name: bool = False, may_be_kept: bool = True
    ) -> str:
        if (known := self.by_value.get((kind, value))) is not None:
            return known
        if self.is_alias(value):
            return value if self.marks.has_given(value) else self._stay(self.existing_aliases, value)
        if may_be_kept and self.rules.keeps(value):
            return self._stay(self.kept_values, value)
        alias = spell()
        self.note(kind, value, alias, is_name=is_name)
        return alias

    def _stay(self, values: set[str], value: str) -> str:
        """Notes a value that stays as it is: one that the project keeps, or an alias."""
        self.noted += value not in values
        values.add(value)
        return value

    def _have_known_parts(self, parts: Iterable[str]) -> bool:
        while self._given and self.known is not None:
            self._parts.update(part.lower() for part in keyed_parts(self._given.pop()))
        return self.known is None or all(part.lower() in self._parts or part.lower() in self.known for part in parts)


def key_fingerprint(key: Key) -> str:
    """The fingerprint of a key in a cassette: twelve characters, computed from the key."""
    return spell_symbols(key.digest("fingerprint"), 12)
