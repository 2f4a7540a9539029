"""Identifiers in free text: finding them at any depth of encoding and putting aliases in their place.

1. In plain text: ARNs, what tells by its look what it is (`awstape.core.identifiers`), and what looks made by chance,
   such as a secret access key. UUIDs stay.
2. A text that is JSON is redacted literal by literal; encoded runs are redacted in what they say, to any depth
   (`awstape.core.embedded`). A credential report (CSV) is redacted cell by cell.
3. What a condition compares with depends on its key: external ids, session names, subjects, providers' hosts.
4. What the project masks is replaced first.
5. Whatever was found or not: in the end no twelve digits in a row are left that are no alias.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from awstape.core.alias import Aliases, beside_aliases, is_alias
from awstape.core.arn import ARN, WHOLE_ARN, redact_arn, redact_name, redact_provider, redact_wild, trim
from awstape.core.embedded import (
    Literal,
    Rewrite,
    edit_literals,
    is_json,
    outside_percent,
    rewrite_percent,
    rewrite_runs,
)
from awstape.core.identifiers import IDENTIFIERS, UUID, redact_random

_RFC_UUID = re.compile(r".{8}-.{4}-[1-8].{3}-[89abAB].*")
#: Twelve digits in a row, also in the 4-4-4 spelling, and what they may stand in by chance.
_ACCOUNT = re.compile(
    rf"(?P<uuid>{UUID})|(?<![0-9a-zA-Z])(?P<canonical>[0-9a-f]{{64}})(?![0-9a-zA-Z])"
    r"|(?<!\d)(?:(?P<account>\d{12})|(?P<dashed>\d{4}-\d{4}-\d{4}))(?!\d)",
    re.ASCII,
)


def pattern_of_identifiers(kinds: Iterable[str]) -> re.Pattern[str]:
    """What finds identifiers of some kinds in a text, and whole ARNs and UUIDs."""
    found = {
        "arn": f"(?ux:{ARN.pattern.replace('?P<', '?P<arn_')})",
        "uuid": UUID,
        **{kind: IDENTIFIERS[kind].in_text for kind in kinds},
    }
    if "unique" in found:
        found["unique"] += r"(?::(?P<session>[\w+=,.@-]+))?"
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in found.items()), re.ASCII)


#: Account ids are left for the end: their digits may be a part of something longer that is replaced as a whole.
TEXT_KINDS = tuple(kind for kind in IDENTIFIERS if kind not in ("account", "dashed"))
IDENTIFIER = pattern_of_identifiers(TEXT_KINDS)
#: Words in which names can stand; ARNs are redacted as a whole, actions and condition keys are vocabulary.
_TOKEN = re.compile(
    rf"(?P<other>{ARN.pattern.replace('?P<', '?P<arn_')}|\baws:|\b[a-z][a-z0-9-]{{0,40}}:(?=[A-Z*])[\w*]+)|[\w+=,.@-]+",
    re.VERBOSE,
)
_LIST = re.compile(r"([,=@])")
#: "The role with name X cannot be found.", "User: bob is not authorized"
_NAMED = re.compile(
    r"\b(?P<kind>[Uu]ser|[Rr]ole|[Gg]roup|[Pp]olicy|[Ii]nstance [Pp]rofile|[Ss]erver [Cc]ertificate)"
    r"(?P<with>(?: policy)? (?:with (?:user )?name|named) )(?P<name>[\w+=,.@-]*[\w+=@-])"
)
#: Condition keys, in lower case, whose values are names of a kind.
_VALUE_KINDS = {
    "sts:externalid": "external-id",
    "aws:username": "user",
    "sts:rolesessionname": "session",
    "aws:sourceidentity": "user",
    "sts:sourceidentity": "user",
}
#: `oidc.example.com/id/1:sub`: a federated provider's condition keys begin with its name.
_PROVIDER_KEY = re.compile(r"(?P<provider>(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?:/[^\s:]*)?):(?P<claim>\w+)")
_SUBJECT_PART = re.compile(r"([:/])")
#: Words of GitHub's, GitLab's, Terraform's and Kubernetes' subjects.
_SUBJECT_WORDS = frozenset(
    """
    branch environment heads organization project project_path pull_request ref ref_type refs repo run_phase
    serviceaccount system tag tags workspace
    """.split()
)


def redact_text(text: str, aliases: Aliases) -> str:
    """The text with an alias in place of every identifier in it."""
    if not text or is_alias(text):
        return text
    if (document := _redact_json(text, aliases)) is not None:
        return document
    if text.startswith("user,arn,user_creation_time"):
        return _redact_report(text, aliases)
    for pattern in aliases.rules.mask:
        text = _masked(pattern, text, aliases)
    if text.count("arn:") == 1 and (whole := WHOLE_ARN.fullmatch(text)):
        return redact_accounts(redact_arn(whole, aliases), aliases)
    text = rewrite_runs(text, lambda inner: redact_text(inner, aliases))
    text = IDENTIFIER.sub(lambda match: _identifier(match, aliases), text)
    text = _NAMED.sub(lambda m: f"{m['kind']}{m['with']}{_name(m['kind'], m['name'], aliases)}", text)
    return redact_accounts(redact_random(text, aliases), aliases)


def _masked(pattern: re.Pattern[str], text: str, aliases: Aliases) -> str:
    """The text without what a rule of the project hides. What is an alias already is nobody's."""

    def hide(piece: str) -> str:
        return pattern.sub(lambda match: aliases.secret("masked", match[0]) if match[0] else "", piece)

    return beside_aliases(text, hide)


def redact_accounts(text: str, aliases: Aliases) -> str:
    """The text with aliases for whatever looks like an account id, wherever it stands."""

    def redact(text: str) -> str:
        return _ACCOUNT.sub(lambda match: _account(match, aliases), text)

    # %2520 is no part of a number.
    return outside_percent(rewrite_percent(text, redact), redact)


def holds_account(text: str) -> bool:
    """Whether something in the text looks like an account id and is no alias."""
    aliases = Aliases(b"of no matter")
    redact_accounts(text, aliases)
    return bool(aliases.real)


def _account(match: re.Match[str], aliases: Aliases) -> str:
    text = match[0]
    if match["canonical"] or (match["uuid"] and _uuid_is_one(text)):
        return text
    if match["uuid"]:
        return text[:-12] + aliases.account(text[-12:])
    return aliases.account(text.replace("-", ""))


def _uuid_is_one(text: str) -> bool:
    """False for what only looks like a UUID and could be four groups and an account id."""
    return len(text) == 36 and (not text[-12:].isdigit() or _RFC_UUID.fullmatch(text) is not None)


def redact_condition(key: str, text: str, aliases: Aliases) -> str:
    """The text with aliases, as the value of the condition key that it belongs to."""
    key = key.lower()
    if kind := _VALUE_KINDS.get(key):
        return redact_wild(text, lambda piece: redact_name(kind, piece, aliases))
    if key.endswith(":sub"):
        return redact_wild(text, lambda piece: _redact_subject(piece, aliases))
    if key == "federated" and not text.startswith("arn:"):
        return redact_wild(text, lambda piece: redact_provider(piece, aliases))
    if key.endswith(":aud") and "://" not in text:
        return redact_wild(text, lambda piece: redact_name("client", piece, aliases))
    return redact_text(text, aliases)


def _redact_key(key: str, aliases: Aliases) -> str:
    """A key of a document: of a federated provider's condition keys, the provider's name."""
    if (match := _PROVIDER_KEY.fullmatch(key)) and not key.startswith("arn:"):
        return f"{redact_provider(match['provider'], aliases)}:{match['claim']}"
    return redact_text(key, aliases)


def _redact_subject(subject: str, aliases: Aliases) -> str:
    """`repo:owner/name:ref:refs/heads/main`, as OIDC providers name who asks: all but their own words is somebody's."""
    parts = _SUBJECT_PART.split(subject)
    return "".join(
        part if i % 2 or not part or part in _SUBJECT_WORDS or is_alias(part) else aliases.secret("subject", part)
        for i, part in enumerate(parts)
    )


def redact_names(text: str, names: Mapping[str, str]) -> str:
    """The text with every whole word that is one of `names` replaced, in JSON outside of its vocabulary."""
    return edit_words(text, lambda word: names.get(word, word))


def edit_words(text: str, edit: Rewrite) -> str:
    """Applies `edit` to the whole text, and if that changes nothing, to each of its words."""
    if (whole := edit(text)) != text:
        return whole
    if is_json(text):
        return edit_literals(text, lambda s: edit_words(s.text, edit) if s.is_free else _edit_key(s.text, edit))
    text = rewrite_runs(text, lambda inner: edit_words(inner, edit))
    return _TOKEN.sub(lambda match: match[0] if match["other"] else _edit_word(match[0], edit), text)


def _edit_key(key: str, edit: Rewrite) -> str:
    provider, colon, name = key.rpartition(":")
    return f"{edit(provider)}:{name}" if colon and "." in provider else key


def _edit_word(word: str, edit: Rewrite) -> str:
    """A word, or the same without the punctuation after it, or its parts: the first that `edit` knows."""
    bare = word.rstrip(".,")
    for known in (word, bare):
        if (edited := edit(known)) != known:
            return edited + word[len(known) :]
    parts = _LIST.split(word)
    return "".join(x if i % 2 else _edit_word(x, edit) for i, x in enumerate(parts)) if len(parts) > 1 else word


def _name(kind: str, name: str, aliases: Aliases) -> str:
    return redact_name(kind.replace(" ", "-"), name, aliases)


def _identifier(match: re.Match[str], aliases: Aliases) -> str:
    text, kind = match[0], match.lastgroup
    if kind == "uuid":
        return text
    if kind == "arn":
        arn = trim(text).replace("\\/", "/")  # as PHP writes JSON
        parsed = ARN.fullmatch(arn)
        redacted = redact_arn(parsed, aliases) if parsed else arn
        return (redacted.replace("/", "\\/") if "\\/" in text else redacted) + text[len(trim(text)) :]
    if kind == "unique" and match["session"]:
        unique, _, session = text.partition(":")
        return f"{aliases.unique_id(unique)}:{redact_name('session', session, aliases)}"
    return IDENTIFIERS[kind or ""].alias(aliases, text)


def _redact_json(text: str, aliases: Aliases) -> str | None:
    def redact(literal: Literal) -> str:
        if literal.is_key:
            return _redact_key(literal.text, aliases)
        return redact_condition(literal.member, literal.text, aliases)

    return edit_literals(text, redact) if is_json(text) else None


# --- CSV --------------------------------------------------------------------------------------------------------


def _redact_report(text: str, aliases: Aliases) -> str:
    """IAM's credential report: the first column names a user; the cells are never quoted."""
    header, *rows = text.splitlines(keepends=True)
    out = [redact_accounts(header, aliases)]
    for row in rows:
        user, comma, rest = row.partition(",")
        named = user if user in ("<root_account>", "") or not user.strip() else redact_name("user", user, aliases)
        cells = [redact_text(cell, aliases) for cell in re.split(r"([,\r\n]+)", rest)]
        out.append(named + comma + "".join(cells))
    return "".join(out)
