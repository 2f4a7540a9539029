"""Identifiers in free text: finding them at any depth of encoding and putting aliases in their place.

1. In plain text: ARNs, e-mail addresses, unique and access key ids, organisation ids, canonical user ids, account ids
   (12 digits, also in the 4-4-4 spelling), PEM blocks and JSON web tokens. UUIDs stay.
2. A text that is JSON is redacted literal by literal; encoded runs are redacted in what they say, to any depth
   (`awstape.core.embedded`). A credential report (CSV) is redacted cell by cell.
3. Whatever was found or not: in the end no twelve digits in a row are left that are no alias.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awstape.core.alias import Aliases, is_alias
from awstape.core.arn import ARN, WHOLE_ARN, redact_arn, redact_name, redact_wild, trim
from awstape.core.embedded import Literal, Rewrite, edit_literals, is_json, rewrite_runs

_ID = r"(?:A3T[A-Z0-9]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|APKA|AROA|ASCA|ASIA)[A-Z0-9]{12,124}"
_UUID = r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
_RFC_UUID = re.compile(r".{8}-.{4}-[1-8].{3}-[89abAB].*")
#: Twelve digits in a row, also in the 4-4-4 spelling, and what they may stand in by chance.
_ACCOUNT = re.compile(
    rf"(?P<uuid>{_UUID})|(?<![0-9a-zA-Z])(?P<canonical>[0-9a-f]{{64}})(?![0-9a-zA-Z])"
    r"|(?<!\d)(?:(?P<account>\d{12})|(?P<dashed>\d{4}-\d{4}-\d{4}))(?!\d)",
    re.ASCII,
)
IDENTIFIER = re.compile(
    rf"""(?P<pem>-----BEGIN[ ][A-Z0-9 ]+-----.*?(?:-----END[ ][A-Z0-9 ]+-----|\Z))
    |(?<![\w-])(?P<jwt>eyJ[\w-]{{8,}}\.[\w-]{{8,}}\.[\w-]*)
    |(?P<arn>{ARN.pattern.replace("?P<", "?P<arn_")})
    |(?P<uuid>{_UUID})
    |(?<![A-Za-z0-9._%+-])(?P<email>[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,}})
    |(?<![A-Za-z0-9])(?P<unique>{_ID})(?![A-Za-z0-9])(?::(?P<session>[\w+=,.@-]+))?
    |(?<![A-Za-z0-9-])(?P<org>(?:o-[a-z0-9]{{10,32}}|ou-[a-z0-9]{{4,32}}-[a-z0-9]{{8,32}}))(?![A-Za-z0-9-])
    |(?<=/)(?P<orgroot>r-[a-z0-9]{{4,32}})(?![A-Za-z0-9-])
    |(?<![0-9a-zA-Z])(?P<canonical>[0-9a-f]{{64}})(?![0-9a-zA-Z])
    |(?<!\d)(?P<account>\d{{12}})(?!\d)
    |(?<!\d)(?P<dashed>\d{{4}}-\d{{4}}-\d{{4}})(?!\d)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
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
#: Condition keys whose values are one of our kinds.
_VALUE_KINDS = {"sts:externalid": "external-id", "aws:username": "user"}
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
    if text.count("arn:") == 1 and (whole := WHOLE_ARN.fullmatch(text)):
        return redact_accounts(redact_arn(whole, aliases), aliases)
    text = rewrite_runs(text, lambda inner: redact_text(inner, aliases))
    text = IDENTIFIER.sub(lambda match: _identifier(match, aliases), text)
    text = _NAMED.sub(lambda m: f"{m['kind']}{m['with']}{_name(m['kind'], m['name'], aliases)}", text)
    return redact_accounts(text, aliases)


def redact_accounts(text: str, aliases: Aliases) -> str:
    """The text with aliases for whatever looks like an account id, wherever it stands."""
    return _ACCOUNT.sub(lambda match: _account(match, aliases), text)


def holds_account(text: str) -> bool:
    """Whether something in the text looks like an account id and is no alias."""
    return any(
        not (match["canonical"] or _uuid_is_one(match[0])) and not is_alias(match[0].replace("-", "")[-12:])
        for match in _ACCOUNT.finditer(text)
    )


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
    if kind := _VALUE_KINDS.get(key.lower()):
        return redact_wild(text, lambda piece: aliases.name(kind, piece))
    if key.lower().endswith(":sub"):
        return redact_wild(text, lambda piece: _redact_subject(piece, aliases))
    return redact_text(text, aliases)


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
    """`oidc.example.com/id/1:sub`: a federated provider's condition keys begin with its name."""
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
    text = match[0]
    match match.lastgroup:
        case "uuid":
            return text
        case "email":
            return aliases.email(text)
        case "org" | "orgroot":
            return text if is_alias(text) else aliases.organization_id(text)
        case "canonical":
            return aliases.canonical_id(text)
        case "account":
            return aliases.account(text)
        case "dashed":
            return aliases.account(text.replace("-", ""))
        case "pem":
            return aliases.secret("pem", text)
        case "jwt":
            return aliases.secret("jwt", text)
    if match["unique"]:
        session = f":{aliases.name('session', match['session'])}" if match["session"] else ""
        return aliases.unique_id(match["unique"]) + session
    arn = trim(text)
    parsed = ARN.fullmatch(arn)
    return redact_arn(parsed, aliases) + text[len(arn) :] if parsed else text


def _redact_json(text: str, aliases: Aliases) -> str | None:
    def redact(literal: Literal) -> str:
        key = "" if literal.is_key else literal.member
        return redact_condition(key, literal.text, aliases)

    return edit_literals(text, redact) if is_json(text) else None


# --- CSV --------------------------------------------------------------------------------------------------------


def _redact_report(text: str, aliases: Aliases) -> str:
    """IAM's credential report: the first column names a user; the cells are never quoted."""
    header, *rows = text.splitlines(keepends=True)
    out = [redact_accounts(header, aliases)]
    for row in rows:
        user, comma, rest = row.partition(",")
        named = user if user in ("<root_account>", "") or not user.strip() else aliases.name("user", user)
        cells = [redact_text(cell, aliases) for cell in re.split(r"([,\r\n]+)", rest)]
        out.append(named + comma + "".join(cells))
    return "".join(out)
