"""The search for identifiers in plain text: ARNs, identifiers with a pattern of their own, and account ids.

1. Encodings, JSON and known names are not its concern: `core.redaction.text.free_text` decodes, and calls it.
2. One pattern finds all forms in one pass. An ARN is redacted as a whole (`core.redaction.text.arn`), all else by the
   table of `core.redaction.text.identifiers`. UUIDs stay.
3. In sentences the same pass finds hosts and URLs, names in messages, pairs of a secret's key and its value, users in
   the paths of home folders, and roles of IAM Identity Center. In words, such as those of policies, it does not.
4. `MAY_HOLD_IDENTIFIER` is one cheap test that excludes most texts.
5. Account ids come last: after them no twelve digits in a row are left that are no alias, except for UUIDs and times
   such as 202301021530.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from awstape.core.redaction.alias_grammar import EMAIL_DOMAIN, is_alias
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.private_values.credential_forms import CREDENTIAL, redact_credential_form
from awstape.core.redaction.private_values.personal_numbers import PERSONAL_NUMBERS
from awstape.core.redaction.private_values.secret_labels import (
    SECRET_PAIR,
    TOLD_SECRET,
    redact_secret_pair,
    redact_told_secret,
)
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.text.arn import ARN, WHOLE_ARN, redact_arn, redact_name, trim_punctuation
from awstape.core.redaction.text.hosts import BARE_HOST, URL, redact_host, redact_url
from awstape.core.redaction.text.identifiers import ACCOUNT_IN_GROUPS, DOCUMENTATION_EMAIL, IDENTIFIERS, IPV4, UUID
from awstape.core.redaction.text.labelled_values import NAMED_ENTITY, redact_named_entity
from awstape.core.text.encoded_text import rewrite_outside_percent_runs, rewrite_percent_runs
from awstape.core.text.lazy_pattern import lazy_pattern

_RFC_UUID = lazy_pattern(r".{8}-.{4}-[1-8].{3}-[89abAB].*")
#: Twelve digits in a row, also in groups of four or three, and the longer values that may contain them by chance:
#: UUIDs, digests, and the hexadecimal digits of ASCII.
_ACCOUNT = lazy_pattern(
    rf"(?P<uuid>{UUID})|(?<![0-9a-zA-Z])(?P<canonical>[0-9a-f]{{64}})(?![0-9a-zA-Z])"
    r"|(?<![0-9A-Za-z])(?P<encoded>(?=[0-9]*[a-fA-F])(?:[2-6][0-9a-fA-F]|7[0-9a-eA-E]){8,})(?![0-9A-Za-z])"
    rf"|(?<!\d)(?:(?P<account>\d{{12}})|(?P<dashed>{ACCOUNT_IN_GROUPS}))(?!\d)"
)
#: Year, month, day, hour and minute.
_TIME = lazy_pattern(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d", re.ASCII)
#: What every account id of `_ACCOUNT` holds; `lone` if it is twelve digits and no more. It begins with a class of
#: characters, to which a search skips: it is many times as fast as `_ACCOUNT`.
_ACCOUNT_DIGITS = lazy_pattern(
    r"\d\d\d(?:\d(?:(?<!\d{5})(?P<lone>\d{8}(?!\d))|\d{8}|[-_ ]\d{4})|[-_ ]\d{3}[-_ ]\d{3}[-_ ]\d{3})"
)
#: An IPv6 address. It may end in an IPv4 address. A colon behind the address does not belong to it.
_IPV6 = (
    r"(?<![\w:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]+:){7})"
    rf"(?:[0-9A-Fa-f:]{{0,29}}:{IPV4}|[0-9A-Fa-f:]{{0,38}}(?:[0-9A-Fa-f]|::))"
    r"(?:/[0-9]{1,3})?(?!:?\w|::)"
)


#: Users that many machines have.
_UUIDS = lazy_pattern(UUID)
_SHARED_USERS = "ec2-user|Public|root|runner|ssm-user|ubuntu|vscode"
#: Forms that are replaced first, before base64 in them is decoded.
BLOCK_FORMS = ("pem", "jwt")
#: What else is found in sentences, but not in words.
SENTENCE_FORMS: dict[str, str] = {
    "credential": f"(?ux:{CREDENTIAL})",
    "ipv6": _IPV6,
    "url": f"(?ux:{URL})",
    "named_entity": f"(?ux:{NAMED_ENTITY})",
    "secret_pair": f"(?ux:{SECRET_PAIR})",
    "told_secret": f"(?ux:{TOLD_SECRET})",
    "host": f"(?ux:{BARE_HOST})",
    "home": rf"(?:/home/|/Users/|[A-Za-z]:\\{{1,2}}Users\\{{1,2}})(?!(?:{_SHARED_USERS})\b)[\w.-]*\w",
    "reserved_role": r"AWSReservedSSO_[\w+=,.@-]{1,32}_[0-9a-f]{16}(?!\w)",
}


def search_pattern(forms: Iterable[str], *, in_sentences: bool = False) -> re.Pattern[str]:
    """A pattern that finds identifiers of some forms in a text, and whole ARNs and UUIDs."""
    found = {
        "arn": f"(?ux:{ARN.pattern.replace('?P<', '?P<arn_')})",
        **{form: IDENTIFIERS[form].in_text for form in forms},
        "uuid": UUID,
        **(SENTENCE_FORMS if in_sentences else {}),
    }
    if "unique" in found:
        found["unique"] += r"(?::(?P<session>[\w+=,.@-]+))?"
    anywhere = [f"(?P<{form}>{found.pop(form)})" for form in list(found) if form in _INNER]
    numbers = [f"(?P<{form}>{found.pop(form)})" for form in PERSONAL_NUMBERS if form in found]
    # All others begin with a word, and most words are no number: few patterns are tried at most positions.
    others = "|".join(f"(?P<{form}>{pattern})" for form, pattern in found.items())
    others += f"|(?=[0-9A-Z])(?:{'|'.join(numbers)})" if numbers else ""
    return lazy_pattern("|".join([*anywhere, f"(?<![A-Za-z0-9])(?:{others})"]), re.ASCII)


#: Forms that are found within a word, too.
_INNER = frozenset({"arn", "unique", *BLOCK_FORMS})


#: Account ids are replaced last: their digits may be a part of something longer that is replaced as a whole.
TEXT_FORMS = tuple(form for form in IDENTIFIERS if form not in (*BLOCK_FORMS, "account", "dashed"))
BLOCK = search_pattern(BLOCK_FORMS)
IDENTIFIER = search_pattern(TEXT_FORMS)
IN_SENTENCES = search_pattern(TEXT_FORMS, in_sentences=True)
#: A time as services send it. There is nothing to find in it.
TIMESTAMP = lazy_pattern(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z", re.ASCII)
#: Something of this is in each text in which a search finds anything, so in each value of each form. Most texts have
#: nothing of it.
MAY_HOLD_IDENTIFIER = lazy_pattern(
    r"""[:=@%&\\"'`]|\d(?:\d{3}|[A-Za-z]|[ .\u00a0\u202f-]\d\d|(?<=[A-Za-z]{3}\d))|[!\#$^~]\w|\w\.\w|[\w+/-]{16}
    |-[0-9a-f]{8}|--|\ -[pu]|[Bb]asic\ |</|\bou?-|/r-|Identity\ E|\+\d|/home/|Users|already|annot|n't
    |not\ (?:attached|authorized|be|exist|found|in)|\ (?:named?|called|id|alias)\b|must|exceeds|failed
    |member\ of|has\ (?:no|more)|is\ (?:in\ use|invalid|managed)""",
    re.VERBOSE,
)


def redact_blocks(text: str, aliases: Aliases) -> str:
    """The text with aliases for the blocks in it, which hold base64."""
    if "-----BEGIN " in text or "eyJ" in text:
        return BLOCK.sub(lambda match: _redact_block(match, aliases), text)
    return text


def redact_identifiers(text: str, aliases: Aliases) -> str:
    """The text with aliases for its ARNs and for all identifiers but account ids."""

    def redact(text: str) -> str:
        return IDENTIFIER.sub(lambda match: _redact_identifier(match, aliases), text)

    return _redact_apart(text, redact, aliases)


def redact_sentences(text: str, aliases: Aliases) -> str:
    """As `redact_identifiers`, with aliases for hosts, names in messages and secrets as well."""

    def redact(text: str) -> str:
        return IN_SENTENCES.sub(lambda match: _redact_in_sentence(match, aliases), text)

    return _redact_apart(text, redact, aliases)


def _redact_apart(text: str, redact: Callable[[str], str], aliases: Aliases) -> str:
    text = redact(text)
    # An address may follow another without a gap.
    is_done = text.count("@") == text.count(EMAIL_DOMAIN)
    return text if is_done else aliases.edit_outside_aliases(text, redact)


def redact_whole_arn(text: str, aliases: Aliases) -> str | None:
    """The redaction of a text that is one ARN as a whole, whatever characters it has; None for any other text."""
    whole = WHOLE_ARN.fullmatch(text) if text.count("arn:") == 1 else None
    return redact_accounts(redact_arn(whole, aliases), aliases) if whole else None


def redact_accounts(text: str, aliases: Aliases) -> str:
    """The text with aliases for everything that looks like an account id, wherever it is."""
    if _has_no_account(text, aliases.marks.has_given):
        return text

    def redact(text: str) -> str:
        return _ACCOUNT.sub(lambda match: _redact_account(match, aliases), text)

    # The digits of %2520 are no part of a number.
    return redact(text) if "%" not in text else rewrite_outside_percent_runs(rewrite_percent_runs(text, redact), redact)


def _has_no_account(text: str, is_known: Callable[[str], bool]) -> bool:
    """Whether all digits in the text that could be an account id are aliases; false for any encoded text."""
    if "%" in text:
        return False
    end = 0
    while match := _ACCOUNT_DIGITS.search(text, end):
        if not match["lone"] or not is_known(match[0]):
            return False
        end = match.end()
    return True


def find_account(text: str, rules: Rules = NO_RULES) -> str | None:
    """An account id in the text, or what looks like one, that is no alias and is not kept by the project."""
    if _has_no_account(text, is_alias):
        return None
    aliases = Aliases(Key(b"any key"), rules)
    redact_accounts(text, aliases)
    return next((value for values in aliases.real_values.values() for value in values), None)


def _redact_block(match: re.Match[str], aliases: Aliases) -> str:
    form = match.lastgroup or ""
    return IDENTIFIERS[form].alias(aliases, match[0]) if form in BLOCK_FORMS else match[0]


def _redact_account(match: re.Match[str], aliases: Aliases) -> str:
    text = match[0]
    if match["canonical"] or match["encoded"] or (match["uuid"] and _is_real_uuid(text)):
        return text
    if match["uuid"]:
        return text[:-12] + aliases.account(text[-12:])
    if _TIME.fullmatch(text):
        return text
    return IDENTIFIERS["dashed"].alias(aliases, text)


def _is_real_uuid(text: str) -> bool:
    """False for a text that looks like a UUID but could be four groups and an account id."""
    return len(text) == 36 and (not text[-12:].isdigit() or _RFC_UUID.fullmatch(text) is not None)


def _redact_identifier(match: re.Match[str], aliases: Aliases) -> str:
    text, form = match[0], match.lastgroup
    if form == "uuid" or (form == "email" and DOCUMENTATION_EMAIL.fullmatch(text)):
        return text
    if form == "arn":
        arn = trim_punctuation(text)
        parsed = ARN.fullmatch(arn)
        return redact_arn(parsed, aliases) + text[len(arn) :] if parsed else text
    if form == "unique" and match["session"]:
        unique, _, session = text.partition(":")
        return f"{aliases.unique_id(unique)}:{redact_name('session', session, aliases)}"
    row = IDENTIFIERS[form or ""]
    return row.alias(aliases, text) if row.is_valid(text) else text


def _redact_in_sentence(match: re.Match[str], aliases: Aliases) -> str:
    text = match[0]
    # `lastgroup` is the last that was closed: the outer one.
    match match.lastgroup:
        case "ipv6":
            return redact_address(text, aliases) or text
        case "url":
            return _redact_url(text, aliases)
        case "named_entity":
            return redact_named_entity(match, aliases)
        case "secret_pair" | "credential" | "told_secret":
            return _redact_credential(match, aliases)
        case "host":
            return redact_host(text, aliases)
        case "home":
            folder, separator, user = re.split(r"([/\\](?!.*[/\\]))", text)
            return f"{folder}{separator}{redact_name('user', user, aliases)}"
        case "reserved_role":
            return redact_name("role", text, aliases)
    return _redact_identifier(match, aliases)


def _redact_url(url: str, aliases: Aliases) -> str:
    redacted = redact_url(url, aliases, lambda rest: redact_sentences(rest, aliases))
    if "hook" not in url.lower():
        return redacted
    # Who knows the address of a hook may call it: its UUIDs are a password.
    return _UUIDS.sub(lambda uuid: aliases.secret("secret", uuid[0]), redacted)


def _redact_credential(match: re.Match[str], aliases: Aliases) -> str:
    if match.lastgroup == "credential":
        return redact_credential_form(match, aliases)
    if match.lastgroup == "told_secret":
        return redact_told_secret(match, aliases, lambda rest: redact_sentences(rest, aliases))
    if (redacted := redact_secret_pair(match, aliases)) is not None:
        return redacted
    begin = match.start("secret") - match.start()
    return match[0][:begin] + redact_sentences(match[0][begin:], aliases)
