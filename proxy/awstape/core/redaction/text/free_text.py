"""Identifiers in free text: finds them at any depth of encoding and replaces them with aliases.

1. Plain text is searched for ARNs, for identifiers with a pattern of their own (`core.redaction.text.identifiers`) and
   for runs that look random, such as a secret access key. UUIDs stay.
2. A text that is JSON is redacted literal by literal. Encoded runs are decoded, redacted and encoded again, to any
   depth (`core.text.encoded_text`). A credential report (CSV) is redacted cell by cell.
3. The value of a condition is redacted by its key (`core.redaction.text.condition_keys`), also in text that quotes
   JSON.
4. In the end no twelve digits in a row are left that are no alias.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from awstape.core.redaction.alias_grammar import edit_outside_aliases, is_alias
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.text.arn import ARN, WHOLE_ARN, redact_arn, redact_name, trim_punctuation
from awstape.core.redaction.text.condition_keys import redact_condition_key, redact_condition_value, redact_quoted_pairs
from awstape.core.redaction.text.identifiers import IDENTIFIERS, UUID, redact_random_runs
from awstape.core.text.encoded_text import (
    JsonString,
    edit_json_strings,
    is_json,
    rewrite_encoded_runs,
    rewrite_outside_percent_runs,
    rewrite_percent_runs,
)

#: The beginning of IAM's credential report.
REPORT_HEADER = "user,arn,user_creation_time"
_RFC_UUID = re.compile(r".{8}-.{4}-[1-8].{3}-[89abAB].*")
#: Twelve digits in a row, also in the 4-4-4 form, and the longer values that may contain them by chance.
_ACCOUNT = re.compile(
    rf"(?P<uuid>{UUID})|(?<![0-9a-zA-Z])(?P<canonical>[0-9a-f]{{64}})(?![0-9a-zA-Z])"
    r"|(?<!\d)(?:(?P<account>\d{12})|(?P<dashed>\d{4}(?:-\d{4}-|_\d{4}_| \d{4} )\d{4}))(?!\d)",
    re.ASCII,
)


#: What every account id of `_ACCOUNT` holds: this search is several times as fast.
_ACCOUNT_DIGITS = re.compile(r"\d{12}|\d{4}[-_ ]\d{4}", re.ASCII)


def compile_search(kinds: Iterable[str]) -> re.Pattern[str]:
    """A pattern that finds identifiers of some kinds in a text, and whole ARNs and UUIDs."""
    found = {
        "arn": f"(?ux:{ARN.pattern.replace('?P<', '?P<arn_')})",
        **{kind: IDENTIFIERS[kind].in_text for kind in kinds},
        "uuid": UUID,
    }
    if "unique" in found:
        found["unique"] += r"(?::(?P<session>[\w+=,.@-]+))?"
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in found.items()), re.ASCII)


#: Kinds that are replaced first, before base64 in them is decoded.
BLOCK_KINDS = ("pem", "jwt")
#: Account ids are replaced last: their digits may be a part of something longer that is replaced as a whole.
TEXT_KINDS = tuple(kind for kind in IDENTIFIERS if kind not in (*BLOCK_KINDS, "account", "dashed"))
BLOCK = compile_search(BLOCK_KINDS)
IDENTIFIER = compile_search(TEXT_KINDS)
#: Texts that recur, such as the vocabulary of policies, are short.
_LONGEST_PLAIN = 64
_MOST_PLAIN = 10_000
#: "The role with name X cannot be found.", "User: bob is not authorized"
_NAMED = re.compile(
    r"\b(?P<kind>[Uu]ser|[Rr]ole|[Gg]roup|[Pp]olicy|[Ii]nstance [Pp]rofile|[Ss]erver [Cc]ertificate)"
    r"(?P<with>(?: policy)? (?:with (?:user )?name|named) )(?P<name>[\w+=,.@-]*[\w+=@-])"
)


def redact_text(text: str, aliases: Aliases) -> str:
    """The text with an alias in place of every identifier in it."""
    if not text or text in aliases.plain_texts or is_alias(text):
        return text
    seen = len(aliases.seen)
    redacted = _redact_unknown_text(text, aliases)
    is_plain = redacted == text and len(aliases.seen) == seen
    if is_plain and len(text) <= _LONGEST_PLAIN and len(aliases.plain_texts) < _MOST_PLAIN:
        aliases.plain_texts.add(text)
    return redacted


def _redact_unknown_text(text: str, aliases: Aliases) -> str:
    if (document := _redact_json(text, aliases)) is not None:
        return document
    if text.startswith(REPORT_HEADER):
        return _redact_report(text, aliases)
    if (key := redact_condition_key(text, aliases)) is not None:
        return redact_accounts(key, aliases)
    if " " not in text and (arn := redact_whole_arn(text, aliases)) is not None:
        return arn

    def redact_identifiers(text: str) -> str:
        return IDENTIFIER.sub(lambda match: _redact_identifier(match, aliases), text)

    if "-----BEGIN " in text or "eyJ" in text:
        text = BLOCK.sub(lambda match: _redact_block(match, aliases), text)
    text = redact_quoted_pairs(text, aliases)
    text = rewrite_encoded_runs(text, lambda inner: redact_text(inner, aliases))
    text = redact_identifiers(text)
    if "@" in text:  # an address may follow another without a gap
        text = edit_outside_aliases(text, redact_identifiers)
    if "name" in text:
        text = _NAMED.sub(lambda m: f"{m['kind']}{m['with']}{_redact_named(m['kind'], m['name'], aliases)}", text)
    return redact_accounts(redact_random_runs(text, aliases), aliases)


def redact_whole_arn(text: str, aliases: Aliases) -> str | None:
    """The redaction of a text that is one ARN as a whole, whatever characters it has; None for any other text."""
    whole = WHOLE_ARN.fullmatch(text) if text.count("arn:") == 1 else None
    return redact_accounts(redact_arn(whole, aliases), aliases) if whole else None


def redact_accounts(text: str, aliases: Aliases) -> str:
    """The text with aliases for everything that looks like an account id, wherever it is."""
    if not ("%" in text or _ACCOUNT_DIGITS.search(text)):
        return text

    def redact(text: str) -> str:
        return _ACCOUNT.sub(lambda match: _redact_account(match, aliases), text)

    # The digits of %2520 are no part of a number.
    return rewrite_outside_percent_runs(rewrite_percent_runs(text, redact), redact)


def find_account(text: str, rules: Rules = NO_RULES) -> str | None:
    """An account id in the text, or what looks like one, that is no alias and is not kept by the project."""
    aliases = Aliases(Key(b"any key"), rules)
    redact_accounts(text, aliases)
    return next((value for values in aliases.real_values.values() for value in values), None)


def redact_member_value(member: str, text: str, aliases: Aliases) -> str:
    """The text with aliases, as the value of a condition key, of a member of a policy or of a map's key."""
    for redacted in (redact_condition_value(member, text, aliases), redact_whole_arn(text, aliases)):
        if redacted is not None:
            return redacted
    return redact_text(text, aliases)


def _redact_block(match: re.Match[str], aliases: Aliases) -> str:
    kind = match.lastgroup or ""
    return IDENTIFIERS[kind].alias(aliases, match[0]) if kind in BLOCK_KINDS else match[0]


def _redact_account(match: re.Match[str], aliases: Aliases) -> str:
    text = match[0]
    if match["canonical"] or (match["uuid"] and _is_real_uuid(text)):
        return text
    if match["uuid"]:
        return text[:-12] + aliases.account(text[-12:])
    return IDENTIFIERS["dashed"].alias(aliases, text)


def _is_real_uuid(text: str) -> bool:
    """False for a text that looks like a UUID but could be four groups and an account id."""
    return len(text) == 36 and (not text[-12:].isdigit() or _RFC_UUID.fullmatch(text) is not None)


def _redact_named(kind: str, name: str, aliases: Aliases) -> str:
    return redact_name(kind.replace(" ", "-"), name, aliases)


def _redact_identifier(match: re.Match[str], aliases: Aliases) -> str:
    text, kind = match[0], match.lastgroup
    if kind == "uuid":
        return text
    if kind == "arn":
        arn = trim_punctuation(text)
        parsed = ARN.fullmatch(arn)
        return redact_arn(parsed, aliases) + text[len(arn) :] if parsed else text
    if kind == "unique" and match["session"]:
        unique, _, session = text.partition(":")
        return f"{aliases.unique_id(unique)}:{redact_name('session', session, aliases)}"
    return IDENTIFIERS[kind or ""].alias(aliases, text)


def _redact_json(text: str, aliases: Aliases) -> str | None:
    def redact(literal: JsonString) -> str:
        return redact_member_value("" if literal.is_key else literal.member, literal.text, aliases)

    return edit_json_strings(text, redact) if is_json(text) else None


# --- CSV --------------------------------------------------------------------------------------------------------


_REPORT_ROW = re.compile(
    r"(?P<user>.{1,64}?),(?P<arn>arn:.{1,2048}?)(?=,(?:\d{4}-\d\d-\d\dT|not_supported|N/A|no_information))"
)


def _redact_report(text: str, aliases: Aliases) -> str:
    """IAM's credential report, redacted. Its first column is a user name; its cells are never quoted."""
    header, *rows = text.splitlines(keepends=True)
    out = [redact_accounts(header, aliases)]
    for row in rows:
        # A comma is legal in a user name; the ARN, which has the name as well, marks its end.
        match = _REPORT_ROW.match(row) or re.match(r"(?P<user>[^,]*),?(?P<arn>)", row)
        assert match
        user, rest = match["user"], row[match.end() :]
        named = user if user in ("<root_account>", "") or not user.strip() else redact_name("user", user, aliases)
        cells = [redact_text(cell, aliases) for cell in re.split(r"([,\r\n]+)", rest)]
        arn = redact_member_value("", match["arn"], aliases)
        out.append(named + match[0][len(user) : len(match[0]) - len(match["arn"])] + arn + "".join(cells))
    return "".join(out)
