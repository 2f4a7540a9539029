"""Identifiers in free text: finds them at any depth of encoding and replaces them with aliases.

1. Plain text is searched for identifiers, hosts, names in messages and secrets
   (`core.redaction.text.identifier_search`), and for runs that look random, such as a secret access key.
2. A policy is redacted by its grammar, other JSON literal by literal (`core.redaction.policies`). Encoded runs are
   decoded, redacted and encoded again, to any depth (`core.text.encoded_text`). A credential report (CSV) is redacted
   cell by cell.
3. Pairs of keys and values, as in a policy that is no valid JSON, are redacted by their key.
4. In the end no twelve digits in a row are left that are no alias or time (`202301021530`).
5. A text in which one cheap test finds nothing (`MAY_HOLD_IDENTIFIER`) is not searched at all.
"""

from __future__ import annotations

import re

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_keys import redact_provider_key
from awstape.core.redaction.policies.condition_values import redact_condition_value
from awstape.core.redaction.policies.documents import redact_document
from awstape.core.redaction.policies.pairs_in_text import redact_pairs
from awstape.core.redaction.private_values.secret_labels import is_digest
from awstape.core.redaction.text.arn import redact_name
from awstape.core.redaction.text.identifier_search import (
    MAY_HOLD_IDENTIFIER,
    TIMESTAMP,
    redact_accounts,
    redact_blocks,
    redact_sentences,
    redact_whole_arn,
)
from awstape.core.redaction.text.identifiers import redact_random_runs
from awstape.core.text.encoded_text import rewrite_encoded_runs
from awstape.core.text.lazy_pattern import lazy_pattern

#: The beginning of IAM's credential report.
REPORT_HEADER = "user,arn,user_creation_time"
#: Texts that recur, such as the vocabulary of policies, are short.
_LONGEST_PLAIN = 64
_MOST_PLAIN = 10_000


def redact_text(text: str, aliases: Aliases) -> str:
    """The text with an alias in place of every identifier in it."""
    if TIMESTAMP.fullmatch(text) or not MAY_HOLD_IDENTIFIER.search(text):
        return text
    if text in aliases.plain_texts or aliases.is_alias(text):
        return text
    noted = aliases.noted
    redacted = _redact_unknown_text(text, aliases)
    is_plain = redacted == text and aliases.noted == noted
    if is_plain and len(text) <= _LONGEST_PLAIN and len(aliases.plain_texts) < _MOST_PLAIN:
        aliases.plain_texts.add(text)
    return redacted


def _redact_unknown_text(text: str, aliases: Aliases) -> str:
    document = redact_document(text, aliases, lambda member, text: redact_member_value(member, text, aliases))
    if document is not None:
        return document
    if text.startswith(REPORT_HEADER):
        return _redact_report(text, aliases)
    if (key := redact_provider_key(text, aliases)) is not None:
        return key
    if " " not in text and (arn := redact_whole_arn(text, aliases)) is not None:
        return arn

    def redact_plain(text: str) -> str:
        text = rewrite_encoded_runs(text, lambda inner: redact_text(inner, aliases))
        text = redact_sentences(text, aliases)
        return redact_accounts(redact_random_runs(text, aliases), aliases)

    return redact_pairs(redact_blocks(text, aliases), aliases, redact_plain)


def redact_member_value(member: str, text: str, aliases: Aliases) -> str:
    """The text with aliases, as the value of a condition key, of a member of a policy or of a map's key."""
    if is_digest(member, text):
        return text
    for redacted in (redact_condition_value(member, text, aliases), redact_whole_arn(text, aliases)):
        if redacted is not None:
            return redacted
    return redact_text(text, aliases)


# --- CSV --------------------------------------------------------------------------------------------------------


_REPORT_ROW = lazy_pattern(
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
