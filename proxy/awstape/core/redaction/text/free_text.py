"""Identifiers in free text: finding them at any depth of encoding and putting aliases in their place.

1. In plain text: ARNs, what tells by its look what it is (`core.redaction.text.identifiers`), and what looks made by
   chance, such as a secret access key. UUIDs stay.
2. A text that is JSON is redacted literal by literal; encoded runs are redacted in what they say, to any depth
   (`core.text.encoded_text`). A credential report (CSV) is redacted cell by cell.
3. What a condition compares with depends on its key (`condition_keys`), in text that only quotes JSON as well.
4. Whatever was found or not: in the end no twelve digits in a row are left that are no alias.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from awstape.core.redaction.alias_grammar import edit_outside_aliases, is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.text.arn import ARN, WHOLE_ARN, redact_arn, redact_name, trim
from awstape.core.redaction.text.condition_keys import redact_key, redact_pairs, redact_value
from awstape.core.redaction.text.identifiers import IDENTIFIERS, UUID, redact_random
from awstape.core.text.encoded_text import (
    Literal,
    edit_literals,
    is_json,
    outside_percent,
    rewrite_percent,
    rewrite_runs,
)

#: How IAM's credential report begins.
REPORT = "user,arn,user_creation_time"
_RFC_UUID = re.compile(r".{8}-.{4}-[1-8].{3}-[89abAB].*")
#: Twelve digits in a row, also in the 4-4-4 spelling, and what they may stand in by chance.
_ACCOUNT = re.compile(
    rf"(?P<uuid>{UUID})|(?<![0-9a-zA-Z])(?P<canonical>[0-9a-f]{{64}})(?![0-9a-zA-Z])"
    r"|(?<!\d)(?:(?P<account>\d{12})|(?P<dashed>\d{4}(?:-\d{4}-|_\d{4}_| \d{4} )\d{4}))(?!\d)",
    re.ASCII,
)


def pattern_of_identifiers(kinds: Iterable[str]) -> re.Pattern[str]:
    """What finds identifiers of some kinds in a text, and whole ARNs and UUIDs."""
    found = {
        "arn": f"(?ux:{ARN.pattern.replace('?P<', '?P<arn_')})",
        **{kind: IDENTIFIERS[kind].in_text for kind in kinds},
        "uuid": UUID,
    }
    if "unique" in found:
        found["unique"] += r"(?::(?P<session>[\w+=,.@-]+))?"
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in found.items()), re.ASCII)


#: What is replaced first, whatever it says in base64.
BLOCK_KINDS = ("pem", "jwt")
#: Account ids are left for the end: their digits may be a part of something longer that is replaced as a whole.
TEXT_KINDS = tuple(kind for kind in IDENTIFIERS if kind not in (*BLOCK_KINDS, "account", "dashed"))
BLOCK = pattern_of_identifiers(BLOCK_KINDS)
IDENTIFIER = pattern_of_identifiers(TEXT_KINDS)
#: "The role with name X cannot be found.", "User: bob is not authorized"
_NAMED = re.compile(
    r"\b(?P<kind>[Uu]ser|[Rr]ole|[Gg]roup|[Pp]olicy|[Ii]nstance [Pp]rofile|[Ss]erver [Cc]ertificate)"
    r"(?P<with>(?: policy)? (?:with (?:user )?name|named) )(?P<name>[\w+=,.@-]*[\w+=@-])"
)


def redact_text(text: str, aliases: Aliases) -> str:
    """The text with an alias in place of every identifier in it."""
    if not text or is_alias(text):
        return text
    if (document := _redact_json(text, aliases)) is not None:
        return document
    if text.startswith(REPORT):
        return _redact_report(text, aliases)
    if (key := redact_key(text, aliases)) is not None:
        return redact_accounts(key, aliases)
    if " " not in text and (arn := redact_whole_arn(text, aliases)) is not None:
        return arn
    text = redact_pairs(BLOCK.sub(lambda match: _block(match, aliases), text), aliases)
    text = rewrite_runs(text, lambda inner: redact_text(inner, aliases))
    text = IDENTIFIER.sub(lambda match: _identifier(match, aliases), text)
    if "@" in text:  # one address may follow another without a gap
        text = edit_outside_aliases(
            text, lambda piece: IDENTIFIER.sub(lambda match: _identifier(match, aliases), piece)
        )
    text = _NAMED.sub(lambda m: f"{m['kind']}{m['with']}{_name(m['kind'], m['name'], aliases)}", text)
    return redact_accounts(redact_random(text, aliases), aliases)


def _block(match: re.Match[str], aliases: Aliases) -> str:
    kind = match.lastgroup or ""
    return IDENTIFIERS[kind].alias(aliases, match[0]) if kind in BLOCK_KINDS else match[0]


def redact_whole_arn(text: str, aliases: Aliases) -> str | None:
    """A text that is one ARN to its end, whatever is in it; None for any other."""
    whole = WHOLE_ARN.fullmatch(text) if text.count("arn:") == 1 else None
    return redact_accounts(redact_arn(whole, aliases), aliases) if whole else None


def redact_accounts(text: str, aliases: Aliases) -> str:
    """The text with aliases for whatever looks like an account id, wherever it stands."""

    def redact(text: str) -> str:
        return _ACCOUNT.sub(lambda match: _account(match, aliases), text)

    # %2520 is no part of a number.
    return outside_percent(rewrite_percent(text, redact), redact)


def holds_account(text: str, rules: Rules = NO_RULES) -> bool:
    """Whether something in the text looks like an account id, and is no alias and nothing that the project keeps."""
    aliases = Aliases(b"of no matter", rules)
    redact_accounts(text, aliases)
    return bool(aliases.real_values)


def _account(match: re.Match[str], aliases: Aliases) -> str:
    text = match[0]
    if match["canonical"] or (match["uuid"] and _uuid_is_one(text)):
        return text
    if match["uuid"]:
        return text[:-12] + aliases.account(text[-12:])
    return IDENTIFIERS["dashed"].alias(aliases, text)


def _uuid_is_one(text: str) -> bool:
    """False for what only looks like a UUID and could be four groups and an account id."""
    return len(text) == 36 and (not text[-12:].isdigit() or _RFC_UUID.fullmatch(text) is not None)


def redact_condition(key: str, text: str, aliases: Aliases) -> str:
    """The text with aliases, as the value of the condition key, or of the member of a policy, that it belongs to."""
    for redacted in (redact_value(key, text, aliases), redact_whole_arn(text, aliases)):
        if redacted is not None:
            return redacted
    return redact_text(text, aliases)


def _name(kind: str, name: str, aliases: Aliases) -> str:
    return redact_name(kind.replace(" ", "-"), name, aliases)


def _identifier(match: re.Match[str], aliases: Aliases) -> str:
    text, kind = match[0], match.lastgroup
    if kind == "uuid":
        return text
    if kind == "arn":
        arn = trim(text)
        parsed = ARN.fullmatch(arn)
        return redact_arn(parsed, aliases) + text[len(arn) :] if parsed else text
    if kind == "unique" and match["session"]:
        unique, _, session = text.partition(":")
        return f"{aliases.unique_id(unique)}:{redact_name('session', session, aliases)}"
    return IDENTIFIERS[kind or ""].alias(aliases, text)


def _redact_json(text: str, aliases: Aliases) -> str | None:
    def redact(literal: Literal) -> str:
        return redact_condition("" if literal.is_key else literal.member, literal.text, aliases)

    return edit_literals(text, redact) if is_json(text) else None


# --- CSV --------------------------------------------------------------------------------------------------------


_REPORT_ROW = re.compile(
    r"(?P<user>.{1,64}?),(?P<arn>arn:.{1,2048}?)(?=,(?:\d{4}-\d\d-\d\dT|not_supported|N/A|no_information))"
)


def _redact_report(text: str, aliases: Aliases) -> str:
    """IAM's credential report: the first column names a user; the cells are never quoted."""
    header, *rows = text.splitlines(keepends=True)
    out = [redact_accounts(header, aliases)]
    for row in rows:
        # A comma is legal in a name, which stands in the ARN once more.
        match = _REPORT_ROW.match(row) or re.match(r"(?P<user>[^,]*),?(?P<arn>)", row)
        assert match
        user, rest = match["user"], row[match.end() :]
        named = user if user in ("<root_account>", "") or not user.strip() else redact_name("user", user, aliases)
        cells = [redact_text(cell, aliases) for cell in re.split(r"([,\r\n]+)", rest)]
        arn = redact_condition("", match["arn"], aliases)
        out.append(named + match[0][len(user) : len(match[0]) - len(match["arn"])] + arn + "".join(cells))
    return "".join(out)
