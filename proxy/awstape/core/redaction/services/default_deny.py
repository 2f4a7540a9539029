"""Redaction by default-deny, of services that have no rules of their own.

1. The place of a string tells what it is (`find_treatment`): a name, any other value, a time, the key of a tag, the
   message of an error, or a member that the service's profile keeps readable (`core.redaction.services.profiles`).
2. These stay: values of enums, times, small numbers, words that the model publishes (`Service.words`) or that are
   public everywhere (`core.redaction.services.public_words`). In the place of a name, only the words that AWS gives as
   names do.
3. Of a number that the model doesn't know, six digits stay; a longer one becomes a number, unless its key says that it
   is a size, a count or a time.
4. An ARN, a policy, an identifier, an address, a host or a URL is redacted as in IAM, wherever it is. In other JSON
   each literal is redacted by these rules, in a table each cell (`core.redaction.services.tables`).
5. A key stays if it is code (`core.redaction.services.code_words`): of a map, of JSON, of a table, of an expression, or
   in a member with keys. Any other has the alias of a name, the same in all these places. Keys of tags and names of
   filters stay, but for identifiers in them. The value of a tag, or of a filter for one, is a name. The values of
   filters may have wildcards.
6. What the model or its name marks as a secret becomes a password's alias, whatever it looks like; of one that is JSON,
   each of its values. A time becomes a time, a number a number. So does what a key in JSON or in a map calls a secret.
7. In messages of errors words stay; what is quoted or is no plain word becomes an alias. A text that is quoted as a
   whole, as an entity tag is, has the alias of what is in the quotes.
8. Everything else becomes the alias of a name, by its parts: so one string has one alias in all services. A text of
   four words or more has one code (`core.redaction.name_codes`).
"""

from __future__ import annotations

import re
from functools import cache

from awstape.core.aws.model import SPECIAL_NUMBERS, Shape
from awstape.core.aws.timestamps import canonical_timestamp
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.private_values.secret_labels import is_pin, is_secret_key
from awstape.core.redaction.services.code_words import is_code_key, is_placeholder
from awstape.core.redaction.services.expressions import edit_names
from awstape.core.redaction.services.profiles import READABLE, has_readable_member
from awstape.core.redaction.services.public_words import (
    MOST_DIGITS,
    is_key_of_quantity,
    is_name_of_aws,
    is_public_word,
    is_quantity,
    is_small,
)
from awstape.core.redaction.services.tables import edit_rows
from awstape.core.redaction.services.treatments import Treatment, find_treatment
from awstape.core.redaction.string_walk import Place, StringContext
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.text.arn import ARN, is_service_principal, redact_literal_parts, redact_name
from awstape.core.redaction.text.aws_names import REGION
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.redaction.text.hosts import BARE_HOST, redact_host, redact_url
from awstape.core.redaction.text.identifier_search import redact_whole_arn
from awstape.core.redaction.text.identifiers import OWN_PAGE_TOKEN, redact_whole_identifier
from awstape.core.redaction.text.names_in_text import redact_masked
from awstape.core.text.encoded_text import edit_json_strings, is_json, rewrite_between
from awstape.core.text.json_documents import parse_json_object
from awstape.core.text.lazy_pattern import lazy_pattern

#: What is left out of a member's name for the kind of the name that it holds.
_ENDING = lazy_pattern(r"(?<=[a-z])(?:Names?|Ids?|Identifiers?|Arns?)\Z")
_HUMP = lazy_pattern(r"(?<=[a-z0-9])(?=[A-Z])")
#: Keys in the JSON of a secret whose values are no secrets: docs.aws.amazon.com/secretsmanager, "JSON structure of
#: Secrets Manager secrets".
_KEYS_OF_SECRETS = frozenset(
    """
    accountId dbClusterIdentifier dbInstanceIdentifier dbname engine host hostname masterarn port ssl user username
    """.split()
)
_NUMBERS = frozenset({"integer", "long", "float", "double"})
#: What AWS answers in place of a secret.
_HIDDEN = lazy_pattern(r"\*+")
#: Names of filters for the key of a tag, and the beginning of names of filters for its value.
_OF_TAG_KEYS = frozenset({"tag-key", "tag-keys", "TagKey", "TagKeys"})
_OF_TAGS = "tag:"
#: The forms of codes of errors, with their namespaces, and of keys.
_CODE = lazy_pattern(
    r"(?:[a-z][\w.]{1,80}#)?(?:[A-Za-z]\w{0,80}|[A-Z]\w{0,60}(?:[.:-][A-Z]\w{0,60}){1,3})"
    r"(?::http://internal\.amazon\.com/[\w./]*)?",
    re.ASCII,
)
_KEY = lazy_pattern(r"(?!.*(?:://|\.io/cluster))[\w .:/+=@*-]{1,128}|[\w.]+/cluster-autoscaler/enabled")
#: An id that begins with its region.
_OF_REGION = lazy_pattern(rf"({REGION}[:_])(.+)", re.DOTALL)
#: A number with more digits than that of a customer has at least, and one that may be an account.
_NUMBER, _LONG_NUMBER, _ACCOUNT = (
    lazy_pattern(form, re.ASCII)
    for form in (
        r"-?\d{1,39}(?:\.\d{1,39})?(?:[eE][+-]?\d{1,3})?",
        rf"-?(?:\d{{{MOST_DIGITS + 1}}}|\d\.\d{{{MOST_DIGITS}}}\d*[eE])",
        r"\d{12}",
    )
)
_HOST = lazy_pattern(BARE_HOST, re.VERBOSE)
_IN_HOST = lazy_pattern(r"(?P<host>[\w.-]+)(?P<port>:\d{1,5})?(?P<path>/.*)?", re.ASCII | re.DOTALL)
#: Domains in which AWS gives hosts to customers, too.
_OF_AWS = lazy_pattern(r".*\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|aws)", re.IGNORECASE)
_URL = lazy_pattern(r"(?P<scheme>[a-z][a-z0-9+.-]{1,20}://)(?P<rest>\S*)", re.IGNORECASE)
#: What is between the segments of a path: a host's port may stand before the first, and there may be several hosts.
_BETWEEN_SEGMENTS = lazy_pattern(r"([/,;]|:\d{1,5}(?=[/,;]|\Z))")
_OBJECT = lazy_pattern(r"s3[an]?://", re.IGNORECASE)
_OF_DOCUMENTATION = lazy_pattern(r"(?:https?://)?(?:docs\.)?aws\.amazon\.com(?:/.*)?")
#: A part of a message: what is quoted, or a run without blanks.
_RUN = lazy_pattern(r"""(?P<quoted>'[^'\n]*'|"[^"\n]*"|`[^`\n]*`)|[^\s'"`]+""")
_PLAIN_WORD = lazy_pattern(
    r"[(\[]*(?:[A-Z]?[a-z]+(?:'[a-z]{1,2})?|(?:[A-Z][a-z]+)+|[A-Z]{1,12}s?|[a-z]+(?:[A-Z][a-z]+)+)[)\].,:;!?]*"
)
#: An entity tag of HTTP, or another quoted text. Clients strip the quotes, and compare what is in them.
_QUOTED = lazy_pattern(r'(?P<before>(?:W/)?")(?P<inside>[^"]+)"')
#: A text that is longer has one code, not one for each part.
_LONGEST_NAME = 512


@cache
def _name_kind(member: str) -> str:
    """The kind of the names in a member, as in the ARNs of what is named: `log-group` of `logGroupName`."""
    bare = _ENDING.sub("", member)
    kind = _HUMP.sub("-", bare).lower()
    return "name" if kind in ("", "name", "id", "identifier", "arn", "value", "names", "ids") else kind


def redact_denied(text: str, context: StringContext, aliases: Aliases) -> str:
    """A string of a service without rules of its own, redacted by its place."""
    place = context.place
    treatment = find_treatment(place)
    if treatment == "message":
        return _redact_message(text, place, aliases)
    if OWN_PAGE_TOKEN.fullmatch(text) or _is_of_model(text, treatment, place.shape):
        return text
    if treatment == "number" and _NUMBER.fullmatch(text):
        return _Denial(place, aliases, is_name=False).redact_number(text, context.key)
    if place.step == "01":  # binary, in hexadecimal digits
        return aliases.secret("binary", text)
    if treatment in ("attribute", "expression"):
        return _redact_keys(text, _Denial(place, aliases, is_name=False), is_expression=treatment == "expression")
    key = context.key
    kept = _find_kept_form(treatment, place, key)
    if kept and (redacted := redact_text(text, aliases)) and kept.fullmatch(redacted) and not _HOST.fullmatch(text):
        return redacted
    is_filter = place.member_name.lower() == "values" and bool(key)
    if treatment == "secret":
        return _redact_secret(text, place, aliases)
    if key and not is_filter and is_secret_key(key):
        return text if is_small(text) and not is_pin(key, text) else _redact_secret(text, place, aliases)
    denial = _Denial(place, aliases, is_name=treatment == "name" or key.startswith(_OF_TAGS))
    return redact_literal_parts(text, denial.redact) if is_filter else denial.redact(text)


def _is_of_model(text: str, treatment: Treatment, shape: Shape | None) -> bool:
    """Whether a text is a value that the model gives, or a time where the model has one."""
    is_float = shape is not None and shape.type in ("double", "float")
    is_given = shape is not None and (text in shape.enum or (is_float and text in SPECIAL_NUMBERS))
    return is_given or (treatment == "time" and canonical_timestamp(text) is not None)


def _redact_keys(text: str, denial: _Denial, *, is_expression: bool) -> str:
    """A key, or the keys of an expression. A text that should be an expression and is none is any other value."""
    redacted = edit_names(text, denial.redact_key) if is_expression else denial.redact_key(text)
    return denial.redact(text) if redacted is None else redacted


def _find_kept_form(treatment: Treatment, place: Place, key: str) -> re.Pattern[str] | None:
    """The form of the strings in a place that stay except for identifiers in them; None if none stay."""
    if treatment == "code":
        return _CODE
    if treatment == "key" or key in _OF_TAG_KEYS:
        return _KEY
    is_readable = treatment == "readable" or (place.service and has_readable_member(place.service.name, key))
    return READABLE if is_readable else None


def _redact_secret(text: str, place: Place, aliases: Aliases) -> str:
    """The alias of a secret. An identifier keeps its own one, so that it is the same in all places."""
    shape = place.shape
    if shape is not None and shape.type == "timestamp":
        return aliases.time(text)
    if shape is not None and shape.type in _NUMBERS:
        return aliases.quantity(text)
    if is_json(text):
        return _redact_secret_json(text, place, aliases)
    known = redact_whole_arn(text, aliases) or redact_whole_identifier(text, aliases)
    if known is not None:
        return known
    if not text or _HIDDEN.fullmatch(text):
        return text
    return aliases.password(text, "code" if is_small(text) else "password")


def _redact_secret_json(text: str, place: Place, aliases: Aliases) -> str:
    """A secret that is JSON, whose members programs look up."""
    names, values = (_Denial(place, aliases, is_name=is_name) for is_name in (True, False))
    key = ""

    def redact_key(text: str) -> str:
        nonlocal key
        key = text
        return text if text in _KEYS_OF_SECRETS or is_secret_key(text) else names.redact_key(text)

    def redact_value(text: str) -> str:
        return values.redact(text) if key in _KEYS_OF_SECRETS else _redact_secret(text, place, aliases)

    def redact_number(text: str) -> str:
        if key in _KEYS_OF_SECRETS:
            return values.redact_number(text, key)
        return aliases.account(text) if _ACCOUNT.fullmatch(text) else aliases.quantity(text)

    return edit_json_strings(text, redact_value, redact_key, redact_number)


class _Denial:
    """Redacts the strings of a place. is_name: whether they are names, which are no words of the model."""

    def __init__(self, place: Place, aliases: Aliases, *, is_name: bool) -> None:
        self._place = place
        self._aliases = aliases
        self._is_name = is_name
        self._kind = _name_kind(place.member_name) if is_name else "value"
        is_known = place.service is not None and place.step != "unmarked"
        self._words = place.service.words if place.service and is_known else frozenset[str]()

    def redact(self, text: str, kind: str = "") -> str:
        """The text, or its alias. kind: of the name that it is, if it is not that of the place."""
        # An alias of several parts may look like a URL.
        if self._is_public(text) or self._aliases.is_alias(text):
            return text
        if quoted := _QUOTED.fullmatch(text):
            return quoted["before"] + self.redact(quoted["inside"], kind) + '"'
        found = self._redact_structured(text)
        if found is not None:
            return found
        if len(text) > _LONGEST_NAME:
            return self._aliases.secret("text", text)
        return redact_name(kind or self._kind, text, self._aliases)

    def redact_key(self, text: str) -> str:
        """A key, or its alias, the same in all places and services."""
        is_code = (is_code_key(text) and not _HOST.fullmatch(text)) or is_placeholder(text)
        if is_code or is_small(text) or is_public_word(text) or is_key_of_quantity(text):
            return redact_masked(text, self._aliases)
        begin = text[:1] if text[0] in "#:" else ""
        return begin + self.redact(text.removeprefix(begin), "attribute")

    def _is_public(self, text: str) -> bool:
        if is_small(text) or is_name_of_aws(text):
            return True
        return not self._is_name and (text in self._words or is_public_word(text))

    def _redact_structured(self, text: str) -> str | None:
        """A text that is more than a name, redacted; None for any other text."""
        aliases = self._aliases
        if (arn := redact_whole_arn(text, aliases)) is not None:
            return arn
        if is_json(text):
            return self._redact_json(text)
        if (rows := edit_rows(text, self.redact, self.redact_key, is_code_key)) is not None:
            return rows
        for redacted in (redact_whole_identifier(text, aliases), redact_address(text, aliases)):
            if redacted is not None:
                return redacted
        if of_region := _OF_REGION.fullmatch(text):
            return of_region[1] + self.redact(of_region[2])
        return self._redact_location(text) if "." in text or "://" in text else None

    def _redact_json(self, text: str) -> str:
        document = parse_json_object(text)
        if document is not None and "Statement" in document:
            return redact_text(text, self._aliases)
        key = ""

        def redact_key(text: str) -> str:
            nonlocal key
            key = text
            return self.redact_key(text)

        def redact_value(text: str) -> str:
            return (
                _redact_secret(text, self._place, self._aliases) if is_secret_key(key) else self._redact_literal(text)
            )

        return edit_json_strings(text, redact_value, redact_key, lambda number: self.redact_number(number, key))

    def _redact_literal(self, text: str) -> str:
        return text if not text or text in self._words else self.redact(text)

    def redact_number(self, text: str, key: str) -> str:
        """A number of JSON. key: what it is, as far as the document says."""
        if not is_pin(key, text) and (not _LONG_NUMBER.match(text) or is_quantity(key, text)):
            return text
        return self._aliases.account(text) if _ACCOUNT.fullmatch(text) else self._aliases.quantity(text)

    def _redact_location(self, text: str) -> str | None:
        """A host or a URL, redacted; None for any other text."""
        aliases = self._aliases
        if _OF_DOCUMENTATION.fullmatch(text):
            return text
        url = _URL.fullmatch(text)
        if url and (_OBJECT.match(text) or "@" in url["rest"]):
            return redact_url(text, aliases, self._redact_path)
        place = _IN_HOST.fullmatch(url["rest"] if url else text)
        if place is None:
            return aliases.url(text) if url else None
        host = place["host"]
        if not (url or _HOST.fullmatch(host)):
            return None
        redacted = redact_host(host, aliases)
        is_unknown = redacted == host and _OF_AWS.fullmatch(host) and not is_service_principal(host)
        if is_unknown and not aliases.contains_alias(host):
            redacted = redact_name("host", host, aliases)
        path = self._redact_path(place["path"] or "")
        return f"{url['scheme'] if url else ''}{redacted}{place['port'] or ''}{path}"

    def _redact_path(self, path: str) -> str:
        """What follows a host, segment by segment; a query is one value."""
        path, mark, query = path.partition("?")
        segments = [self._redact_segment(segment) for segment in _BETWEEN_SEGMENTS.split(path)]
        return "".join(segments) + mark + (redact_name("value", query, self._aliases) if query else "")

    def _redact_segment(self, segment: str) -> str:
        if is_small(segment) or _BETWEEN_SEGMENTS.fullmatch(segment):
            return segment
        known = redact_whole_identifier(segment, self._aliases)
        return redact_name("value", segment, self._aliases) if known is None else known


def _redact_message(text: str, place: Place, aliases: Aliases) -> str:
    """The message of an error: identifiers, and what is no plain word, become aliases."""
    denial = _Denial(place, aliases, is_name=False)

    def redact_run(match: re.Match[str]) -> str:
        run = match[0]
        if match["quoted"]:
            return run[0] + (denial.redact(run[1:-1]) if run[1:-1].strip() else run[1:-1]) + run[-1]
        if _PLAIN_WORD.fullmatch(run):
            return run
        bare = run.strip("()[]{}<>.,:;!?=*\"'`")
        at = run.find(bare)
        return run[:at] + (denial.redact(bare) if bare else "") + run[at + len(bare) :]

    def redact_runs(text: str) -> str:
        return aliases.edit_outside_aliases(text, lambda piece: _RUN.sub(redact_run, piece))

    redacted = redact_text(text, aliases)
    return rewrite_between(ARN.finditer(redacted), redacted, redact_runs)
