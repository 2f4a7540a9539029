"""Identifiers that are recognised by their pattern alone, wherever they are, and runs of text that look random.

1. `IDENTIFIERS` has a row for each form of identifier: its pattern, the text beside it, its alias and its kind. A new
   form is one row: by the kind, messages name a value, and the search before a write looks for it.
2. A name that is such an identifier (a session named by an e-mail address, a role by an account id) gets the
   identifier's alias, so that one value has one alias everywhere.
3. A run of at least 24 characters in both cases that looks random (`looks_random`) becomes a secret's alias. UUIDs and
   hexadecimal digests, such as git's, stay. The places of secrets are another matter
   (`core.redaction.text.labelled_values`).
4. Numbers of people, cards and bank accounts have check digits (`core.redaction.private_values.personal_numbers`).
5. Addresses of documentation (`noreply@example.com`, `192.0.2.1`, `+1-555-0100`) stay in text. Digits of all scripts
   are digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from unicodedata import decimal

from awstape.core.redaction import name_codes
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.private_values.personal_numbers import PERSONAL_NUMBERS, PersonalNumber
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.value_kinds import DIGITS, KINDS_WITHOUT_FORM, NO_BORDERS, ValueKind
from awstape.core.text.encoded_text import rewrite_outside_encoded_runs
from awstape.core.text.lazy_pattern import lazy_pattern

_PREFIX = "A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA"
#: docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html: eight digits, or seventeen since 2018.
_RESOURCES = "ami|eipalloc|eni|fs|i|igw|nat|pl|rtb|sg|snap|subnet|tgw|vol|vpc|vpce|vpn"
#: Characters of the shortest run that may be a secret.
SHORTEST_SECRET = 24
_NO_WORD_BEFORE, _NO_WORD_AFTER = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


class Identifier(NamedTuple):
    """A form of identifier.

    kind: the kind of its values; several forms may share one.
    pattern: matches a value.
    make_alias: makes the alias of a value; by default, an alias has one code for the whole value.
    before, after: assertions about the text beside the value.
    is_valid: whether a text of the pattern is an identifier.
    """

    kind: ValueKind
    pattern: str
    make_alias: Callable[[Aliases, str], str] | None = None
    before: str = _NO_WORD_BEFORE
    after: str = _NO_WORD_AFTER
    is_valid: Callable[[str], bool] = lambda _: True

    @property
    def in_text(self) -> str:
        return f"{self.before}{self.pattern}{self.after}"

    def alias(self, aliases: Aliases, text: str) -> str:
        return self.make_alias(aliases, text) if self.make_alias else aliases.identifier(self.kind.name, text)


def _alias_digits(aliases: Aliases, text: str) -> str:
    is_plain = text.isascii() and text.isdigit()
    digits = text if is_plain else "".join(str(decimal(c)) for c in text if c.isdecimal())
    return text if aliases.rules.keeps(digits) else aliases.account(digits)


def _number_row(number: PersonalNumber) -> Identifier:
    before, after = r"(?<![\w.+])(?<!\d-)", r"(?!\w|[.-]\d)"
    return Identifier(ValueKind(number.kind), number.pattern, None, before, after, number.is_valid)


def _secret_row(kind: str, noun: str, pattern: str, before: str = _NO_WORD_BEFORE) -> Identifier:
    of_kind = ValueKind(kind, noun, NO_BORDERS, may_be_kept=False)
    return Identifier(of_kind, pattern, lambda aliases, text: aliases.secret(kind, text), before, after="")


def _name_row(kind: str, noun: str, pattern: str, before: str, after: str = _NO_WORD_AFTER) -> Identifier:
    of_kind = ValueKind(kind, noun, borders=None)
    return Identifier(of_kind, pattern, lambda aliases, text: aliases.name(kind, text), before, after)


def _alias_address(aliases: Aliases, text: str) -> str:
    return redact_address(text, aliases) or text


#: Credentials of other services, which begin with a prefix of their issuer.
_TOKEN = r"(?:gh[oprsu]_|github_pat_|glpat-|npm_|pypi-|sk_live_|sk_test_|xox[abeoprs]-|hvs\.|AIza)[\w-]{16,}"
_TOKEN += (
    r"|(?:dapi|key-|SK)[0-9a-f]{32}(?![A-Za-z0-9])|SG\.[\w-]{16,}\.[\w-]{16,}|AGE-SECRET-KEY-1[A-Z0-9]{40,}"
    r"|\$apr1\$[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22}|\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}"
    r"|\$[156y]\$[^\s$]{1,40}\$(?:[^\s$]{1,40}\$)?[./A-Za-z0-9]{22,86}"
)
#: Stands for a real page token in the text of an error.
TOKEN_ALIAS = "page-token"
#: Page tokens that a replay gives out.
REPLAY_TOKEN = rf"(?:take-\d+\.)?page-\d+\.[a-z2-7]{{4}}|{TOKEN_ALIAS}"
#: These, and what stands for the next token in a recorded page until the tokens of its take are named.
OWN_PAGE_TOKEN = lazy_pattern(rf"{REPLAY_TOKEN}|token", re.ASCII)
#: Public in text. As a name, such an address was chosen by a customer.
DOCUMENTATION_EMAIL = lazy_pattern(r".+@(?:[\w-]+\.)*example\.(?:com|net|org)", re.IGNORECASE)
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#: In `10.0.0.1-10.0.0.9`, both are addresses. Any other text behind a hyphen makes the number a version.
IPV4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
#: Not behind a word for a digest: `sha256:`, `digest = `.
_NO_DIGEST = r"(?<![A-Za-z0-9])(?=(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})(?![A-Za-z0-9]))" + "".join(
    rf"(?<!(?i:{word}){joint})"
    for word in "sha256 sha-256 sha_256 digest checksum sha sha1 sha-1 md5 etag commit revision hash thumbprint".split()
    for joint in (r"[:=@/\s_(-]", r"[:=]\s", r"\s[:=]\s", r"[\"'][:=][\"']", r"[\"'][:=]\s[\"']")
)
#: An account id as people write it.
ACCOUNT_IN_GROUPS = r"(?:\d{4}(?:-\d{4}-|_\d{4}_| \d{4} )\d{4}|\d{3}(?:-\d{3}-\d{3}-|_\d{3}_\d{3}_| \d{3} \d{3} )\d{3})"
#: A number with the code of its country (ITU-T E.164), in groups or not. Numbers for films (555-01xx) are left out.
_PHONE = r"\+(?![\d ().-]*555[ .-]?01\d\d(?!\d))[1-9](?:[ .()-]{0,2}\d){7,14}"
_EMAIL = r"(?u:[\w.%+*-]+@(?:[\w-]+\.)+[^\W\d_]{2,})"
_ACCOUNT = ValueKind("account", "account id", DIGITS)
_ORGANIZATION = ValueKind("organization id", borders=None)
#: Form → its row. The name of a form is that of a group in patterns.
IDENTIFIERS: Mapping[str, Identifier] = {
    "pem": _secret_row("pem", "PEM block", r"-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(?:-----END [A-Z0-9 ]+-----|\Z)", ""),
    "jwt": _secret_row("jwt", "JSON web token", r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", r"(?<![\w-])"),
    "token": _secret_row("secret", "possible secret", f"(?:{_TOKEN})"),
    "email": Identifier(
        ValueKind("e-mail", "e-mail address", NO_BORDERS), _EMAIL, Aliases.email, r"(?u:(?<![\w.%+*-]))", ""
    ),
    "unique": Identifier(
        ValueKind("unique id"), rf"(?:{_PREFIX})[A-Z0-9]{{12,124}}", Aliases.unique_id, r"(?<![A-Z0-9])"
    ),
    "org": Identifier(_ORGANIZATION, "(?:o-[a-z0-9]{10,32}|ou-[a-z0-9]{4,32}-[a-z0-9]{8,32})", Aliases.organization_id),
    "orgroot": Identifier(_ORGANIZATION, "r-[a-z0-9]{4,32}", Aliases.organization_id, r"(?<=/)"),
    "resource": Identifier(
        ValueKind("resource id", borders=None),
        rf"(?:[a-z]+(?:-[a-z]+){{0,2}}-[0-9a-f]{{17}}|(?:{_RESOURCES})-[0-9a-f]{{8}})",
        Aliases.resource_id,
    ),
    "identity": _name_row("identity", "identity", "E[A-Z0-9]{8,20}", "(?<=Origin Access Identity )"),
    "issuer": _name_row(
        "issuer", "issuer id", r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", _NO_WORD_BEFORE, r"(?=\.tokens\.sts\.)"
    ),
    "canonical": Identifier(ValueKind("canonical user id"), "[0-9a-f]{64}", Aliases.canonical_id, _NO_DIGEST),
    "hex": Identifier(
        ValueKind("secret", "possible secret", NO_BORDERS, may_be_kept=False),
        r"(?:[0-9a-f]{40}|[0-9a-f]{32})",
        lambda aliases, text: aliases.secret("secret", text),
        rf"(?<![\w./@-]){_NO_DIGEST}",
    ),
    "ipv4": Identifier(
        ValueKind("address", "IP address", borders=None),
        rf"{IPV4}(?:/(?:{IPV4}|3[0-2]|[12]?[0-9]))?",
        _alias_address,
        r"(?:(?<![\w.-])|(?<=[0-9]-))",
        rf"(?![\w/]|\.\w|-(?!{IPV4}(?![\w-]|\.\w)))",
    ),
    "phone": Identifier(
        ValueKind("phone", "phone number", borders=None),
        _PHONE,
        lambda aliases, text: aliases.secret("phone", text),
        r"(?<![\w.+=/-])",
        r"(?![\w-])",
    ),
    **{name: _number_row(number) for name, number in PERSONAL_NUMBERS.items()},
    "account": Identifier(_ACCOUNT, r"\d{12}", _alias_digits, r"(?<!\d)", r"(?!\d)"),
    "dashed": Identifier(_ACCOUNT, ACCOUNT_IN_GROUPS, _alias_digits, r"(?<!\d)", r"(?!\d)"),
}
#: Name → kind, for all kinds that are not the type of a resource.
KINDS: Mapping[str, ValueKind] = {
    kind.name: kind for kind in (*KINDS_WITHOUT_FORM, *(row.kind for row in IDENTIFIERS.values()))
}
#: Forms that are recognised only by the text beside them.
CONTEXTUAL_FORMS = frozenset({"orgroot", "identity", "issuer"})


def whole_match(forms: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches texts that are one identifier of some forms."""
    return lazy_pattern("|".join(f"(?P<{form}>{IDENTIFIERS[form].pattern})" for form in forms), re.ASCII)


_WHOLE = whole_match([form for form in IDENTIFIERS if form not in CONTEXTUAL_FORMS])


def redact_whole_identifier(text: str, aliases: Aliases) -> str | None:
    """The alias of a text that is one identifier and nothing else, or None."""
    match = _WHOLE.fullmatch(text)
    row = IDENTIFIERS.get(match.lastgroup or "") if match else None
    return row.alias(aliases, text) if row and row.is_valid(text) else None


# --- runs that look random --------------------------------------------------------------------------------------

UUID = rf"\b{name_codes.UUID}\b"
#: What stands between a run and an alias beside it belongs to neither: it begins and ends with a letter or a digit.
_RUN_OF_SYMBOLS, _RUN_OF_FEWER = (
    rf"(?<![A-Za-z0-9])[A-Za-z0-9]{symbols}{{{SHORTEST_SECRET - 2},}}[A-Za-z0-9](?![A-Za-z0-9])={{0,2}}"
    for symbols in ("[A-Za-z0-9+/_-]", "[A-Za-z0-9+_-]")
)
_RUN, _SEGMENT = lazy_pattern(rf"(?P<uuid>{UUID})|{_RUN_OF_SYMBOLS}"), lazy_pattern(_RUN_OF_FEWER)
_LONG_RUN = lazy_pattern(rf"[A-Za-z0-9+/_-]{{{SHORTEST_SECRET}}}")
_LOWER_CASE_ROW = lazy_pattern(r"[a-z]{3,}")
_CLASSES = lazy_pattern(r"[a-z]+|[A-Z]+|[0-9]+|[^a-zA-Z0-9]+")


def redact_random_runs(text: str, aliases: Aliases) -> str:
    """The text with aliases for runs that look random: secret access keys, session tokens, digests."""

    def redact_if_random(run: str) -> str:
        return aliases.secret("secret", run) if looks_random(run) else run

    def redact_run(match: re.Match[str]) -> str:
        if match["uuid"]:
            return match[0]
        # `.com/…` is the end of a host, not the beginning of a run.
        is_host = match.start() > 0 and match.string[match.start() - 1] == "."
        whole = match[0] if is_host else redact_if_random(match[0])
        return whole if whole != match[0] else _SEGMENT.sub(lambda part: redact_if_random(part[0]), match[0])

    def redact_runs(text: str) -> str:
        return _RUN.sub(redact_run, text)

    if not _LONG_RUN.search(text):
        return text
    # Encoded runs were redacted when they were decoded.
    return rewrite_outside_encoded_runs(text, lambda text: aliases.edit_outside_aliases(text, redact_runs))


def looks_random(text: str) -> bool:
    """Whether letters and digits of a run alternate more often than in a word, path or camel-cased name.

    In random base 64, two thirds of all neighbouring characters are of different classes (lower case, upper case,
    digit, other). In camel-cased names it is one in four, and most letters of such a name are in lower-case rows of
    three or more. The limits were tested with the 84,000 long words of botocore's models and with random texts: 1 in
    25,000 random texts of 40 characters passes for a word, 1 in 2,000 of 32 characters, 1 in 300 of 24.
    """
    bare = text.rstrip("=")
    if len(bare) < SHORTEST_SECRET or bare.isdigit():
        return False
    changes = (len(_CLASSES.findall(bare)) - 1) / (len(bare) - 1)
    has_digit = any(c.isdigit() for c in bare)
    if not (any(c.islower() for c in bare) and any(c.isupper() for c in bare)):
        return False
    in_words = share_of_words(bare)
    return changes >= 0.28 and in_words <= 0.6 if has_digit else changes >= 0.3 and in_words <= 0.4


def share_of_words(text: str) -> float:
    """The share of a text that is in rows of three or more lower-case letters; in random base 64, one sixth."""
    return sum(map(len, _LOWER_CASE_ROW.findall(text))) / len(text)
