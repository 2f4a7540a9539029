"""Secrets behind the words that name them, in the languages of `PASSWORD_WORDS`.

1. `db-password: hunter22`, `PGPASSWORD=x`, `--password x`: a key, a tag or the key of a pair that says password,
   secret, token or credential has a secret as its value; behind `pin` a number of four digits is one.
2. A short word, such as `pw` and `pin`, counts as a whole only: in `db_pw` and `dbPw`, not in `opinion`.
3. In a sentence, a word of letters only is a secret if it ends its line or clause and its key is a password.
4. `password Hunter22`, `password is Hunter22`, `Passwort für prod: Hunter22`: behind a label, a value is a secret if no
   word looks like it (`looks_invented`). Behind `secret`, `token` and `key` it has one part: names have several.
   Behind `key` it needs a colon or a verb. A login is a user and a password: `login bob/Hunter22`. A PIN has digits
   only.
5. Harmless values stay (`core.redaction.text.labelled_values`); so do page tokens of awstape. An ARN or a URL is
   redacted as such, an identifier keeps its own alias.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import redact_name
from awstape.core.redaction.text.identifiers import REPLAY_TOKEN, redact_whole_identifier
from awstape.core.redaction.text.labelled_values import TEMPLATE, is_harmless
from awstape.core.text.lazy_pattern import lazy_pattern

# --- words ------------------------------------------------------------------------------------------------------

#: Language → its words for a password.
PASSWORD_WORDS: Mapping[str, str] = {
    "English": "password passwd passphrase passcode pwd pw",
    "German": "Passwort Kennwort Zugangscode",
    "French": "motdepasse passe mdp",
    "Spanish": "contraseña contrasena",
    "Catalan": "contrasenya",
    "Portuguese": "senha",
    "Dutch": "wachtwoord",
    "Polish": "hasło haslo",
    "Swedish": "lösenord losenord",
    "Danish": "adgangskode kodeord",
    "Norwegian": "passord",
    "Finnish": "salasana",
    "Czech": "heslo",
    "Hungarian": "jelszó jelszo",
    "Romanian": "parolă",
    "Turkish": "şifre sifre",
    "Croatian": "lozinka zaporka",
    "Slovenian": "geslo",
    "Russian": "пароль",
    "Bulgarian": "парола",
}
#: Words for other secrets, for numbers of a few digits, for what may be a secret, and for a user with a password.
SECRET_WORDS = "secret token credential credentials Geheimnis geheim secreto segreto segredo sekret"
PIN_WORDS = "pin puk"
_KEY_WORDS = "key Schlüssel clé clave chiave chave sleutel klucz"
_LOGIN_WORDS = "login logon credentials creds Zugang Zugangsdaten Anmeldung identifiants acceso acesso accesso"
#: Words up to this length count as a whole only: `passe` is a password in `mot de passe`, but not in `passenger`.
_LONGEST_SHORT = 5
#: No letter is beside, or another word of a name begins: `dbPw`.
_BEGIN, _END = (rf"(?:{border}|(?<=[a-z])(?=[A-Z]))" for border in (r"(?<![^\W\d_])", r"(?![^\W\d_])"))


def _spell_letter(letter: str) -> str:
    """A pattern of a letter, which JSON may have escaped."""
    return letter if letter.isascii() else rf"(?:{letter}|\\+u{ord(letter):04x})"


def _any_of(words: Iterable[str]) -> str:
    """A pattern of any of these words, in any case. It begins with a class of characters, which is tested fast."""
    by_letter: defaultdict[str, set[str]] = defaultdict(set)
    for word in words:
        by_letter[word[0].lower()].add("".join(map(_spell_letter, word[1:])))
    return "|".join(
        f"[{letter}{letter.upper()}](?i:{'|'.join(sorted(rests, key=lambda rest: (-len(rest), rest)))})"
        for letter, rests in sorted(by_letter.items())
    )


def _with_borders(words: Iterable[str]) -> str:
    """As `_any_of`, the short ones as a whole."""
    all_words = set(words)
    short = {word for word in all_words if len(word) <= _LONGEST_SHORT}
    patterns = (_any_of(all_words - short), f"{_BEGIN}(?:{_any_of(short)}){_END}" if short else "")
    return "|".join(filter(None, patterns))


_PASSWORDS, _SECRETS, _PINS = " ".join(PASSWORD_WORDS.values()).split(), SECRET_WORDS.split(), PIN_WORDS.split()
_PASSWORD, _PIN = _with_borders(_PASSWORDS), rf"{_BEGIN}(?:{_any_of(_PINS)})(?i:[_-]?code)?{_END}"
_KEYS = rf"(?:[_-]|(?<!\w))(?i:pass){_END}|(?i:(?:api|private|secret)[_-]?key|secret[_-]?access[_-]?key)"
_WORD = rf"(?:{_PASSWORD}|{_any_of(_SECRETS)}|{_PIN}|{_KEYS})"
#: A word for a secret, and one for a user with a password.
SECRET_WORD, LOGIN_WORD = _WORD, _any_of(_LOGIN_WORDS.split())
_KEY, _PIN_KEY = lazy_pattern(_WORD), lazy_pattern(_PIN)
_PASSWORD_KEY = lazy_pattern(rf"(?:{_PASSWORD}|(?i:secret))$")
#: Keys that name a secret as a whole only: `auth`, `webhook-url`, `encryption-key`.
_KEY_OF_SECRET = lazy_pattern(
    r"(?:[\w-]{1,30}[._-])?(?:webhook|licen[cs]e[_-]?key|(?:encryption|signing|account|shared|auth)[_-]?key)(?:[._-]ur[il])?"
    r"|auth|licen[cs]e",
    re.IGNORECASE,
)
#: Keys of digests, which are public.
_DIGEST_KEY = lazy_pattern(r"(?:sha[-_]?256|digest|checksum|etag|hash)$", re.IGNORECASE)
_HEX_DIGEST = lazy_pattern(r"[0-9a-f]{64}")


def is_digest(key: str, text: str) -> bool:
    """Whether a text is a digest in hexadecimal digits, by its key. The digest of a secret is a secret."""
    is_key = _DIGEST_KEY.search(key) is not None and not is_secret_key(key)
    return is_key and _HEX_DIGEST.fullmatch(text) is not None


def is_secret_key(key: str) -> bool:
    """Whether the name of a tag, or of a member without a model, says that its value is a secret."""
    return ":" not in key and (_KEY.search(key) or _KEY_OF_SECRET.fullmatch(key)) is not None


def is_pin(key: str, text: str) -> bool:
    """Whether a text is a number that its key calls a PIN."""
    return text.isdigit() and len(text) > _MOST_DIGITS_BESIDE_PIN and _PIN_KEY.search(key) is not None


# --- values behind a key ----------------------------------------------------------------------------------------

#: Digits of a number that is no PIN, behind the word for one.
_MOST_DIGITS_BESIDE_PIN = 3
#: Texts that are redacted as what they are, and page tokens of awstape.
_OTHER_PATTERN = lazy_pattern(rf"(?:arn|https?):|s3://|(?:{REPLAY_TOKEN})\Z")
_SHORTEST = 3
_BRACKETED = lazy_pattern(r"([<(\[{])(.*)([>)\]}])", re.DOTALL)
#: A key and its value: `db-password: hunter22`, `PGPASSWORD=x`, `--password x`.
SECRET_PAIR = rf"""(?<![\w.$:-])(?=--|[\w.-]++["']?\s?[=:])
    (?P<secret_key>(?P<secret_option>--)?[\w.-]{{0,60}}?{_WORD})
    (?P<secret_joint>["']?\s?=>?\s?["']?|["']?[ ]?:[ ]?["']?|(?(secret_option)[ ]|(?!)))
    (?P<secret>{TEMPLATE}|[^\s"',;&<>(){{}}\[\]`]+|[<(\[{{][^\s"':<>(){{}}\[\]]+[>)\]}}])(?P<secret_end>(?=["'\s]*(?:[,;&)}}\]]|\Z|\n)))?"""


def redact_secret(text: str, aliases: Aliases, key: str = "") -> str:
    """The value of a secret's key. A word of letters only, and a PIN, are replaced, but not searched for everywhere."""
    is_code = is_pin(key, text)
    if (
        len(text) < _SHORTEST
        or (is_harmless(text) and not is_code)
        or _OTHER_PATTERN.match(text)
        or aliases.is_alias(text)
    ):
        return text
    if bracketed := _BRACKETED.fullmatch(text):
        return f"{bracketed[1]}{redact_secret(bracketed[2], aliases)}{bracketed[3]}"
    kind = "code" if is_code else "value" if text.isalpha() else "password"
    return redact_whole_identifier(text, aliases) or aliases.password(text, kind)


def redact_secret_pair(match: re.Match[str], aliases: Aliases) -> str | None:
    """A match of `SECRET_PAIR` with an alias for the value; None if the value is no secret."""
    key, joint, text = match["secret_key"], match["secret_joint"], match["secret"]
    value = text.rstrip(".:!?")
    is_sentence = "=" not in joint and not key.startswith("--")
    if is_sentence and value.isalpha() and not (match["secret_end"] is not None and _PASSWORD_KEY.search(key)):
        return None
    redacted = redact_secret(value, aliases, key)
    return None if redacted == value else f"{key}{joint}{redacted}{text[len(value) :]}"


# --- values in sentences ----------------------------------------------------------------------------------------

#: Words between a label and what it is for, and between that and the value.
_FOR = _any_of(
    "at auf av da de del der des di dla do du em for from för für im in of on op para per pour pro sur till to van von"
    " voor zu".split()
)
_IS = _any_of("are era es est er ist is jest lautet sind são var war was é è är".split())
_NOW = r"(?:[ ](?:now|still|currently|jetzt|nun|(?:set|reset|changed)[ ]to))?"
_JOINT = rf"""(?:(?:[ ](?:{_FOR})(?:[ ](?!(?:{_IS})[ ])[\w@/.'-]{{1,64}}){{1,4}})?
    (?:[ ]?[:=][ ]?|[ ](?:{_IS}){_NOW}[ ]|[ ](?:set|reset|changed)[ ]to[ ])|[ ])["'`]?"""
_STOP, _SYMBOLS = r"\s\"'`,;<>(){}\[\]\\", r"!#$^~&*?%+@"
#: A letter and a digit in one run, or a number that ends.
_VALUE = rf"""(?:(?=[^{_STOP}]{{6}})(?=[^{_STOP}]{{0,80}}?(?:[A-Za-z][{_SYMBOLS}]?[0-9]|[0-9][{_SYMBOLS}]?[A-Za-z]))
    [^{_STOP}]+|[0-9]{{4,12}}(?![\w/]|[.,:-]\d|[ ]\d))"""
_LABEL = _any_of([*_PASSWORDS, *_SECRETS, *_KEY_WORDS.split(), *_LOGIN_WORDS.split()])
#: What a label tells: `password is Hunter22`, `PIN 884177`.
TOLD_SECRET = rf"""(?<![.$:/@])(?P<told_label>(?:(?:{_LABEL})|(?:{_any_of(_PINS)})(?i:[ _-]?code)?))(?!\w)
    (?P<told_joint>{_JOINT})(?P<told>{_VALUE})"""
_RUN = lazy_pattern(rf"[A-Za-z0-9]+(?:[{_SYMBOLS}]+[A-Za-z0-9]+)*")
_ONE_PART = lazy_pattern(rf"[\w{_SYMBOLS}]+")
_SHORTEST_RUN, _SHORTEST_NUMBER = 6, 6
#: Words of algorithms, versions, services, sizes and times.
_TECHNICAL = lazy_pattern(
    r"(?:aes|arm|amd|base|crc|curve|des|ecc|ecdsa|ed|gen|hmac|http|imdsv|ipv|iso|level|log|md|node|nodejs|oauth|part"
    r"|phase|php|pkcs|postgres|postgresql|mysql|python|rfc|route|rsa|saml|secp|sha|stage|step|tier|tls|utf|version|win)"
    r"\d{1,5}(?:[a-z]\d{0,3})?|v\d{1,3}(?:alpha|beta|rc)\d{1,3}|\d{8}T\d{6}Z?|0x[0-9a-f]+"
    r"|(?-i:(?:EC2|S3|Route53|IPv[46])(?:[A-Z][a-z]+)*)"
    r"|\d{1,6}(?:st|nd|rd|th|bits?|chars?|characters|days?|hours?|minutes?|months?|seconds?|years?|[kmg]i?b)",
    re.IGNORECASE,
)
_LOGIN = lazy_pattern(r"(?P<user>[\w.@-]+)(?P<joint>[/:|])(?P<password>.+)")
_LABELS_OF_KEYS, _LABELS_OF_LOGINS, _LABELS_OF_PASSWORDS = (
    frozenset(map(str.lower, words)) for words in (_KEY_WORDS.split(), _LOGIN_WORDS.split(), _PASSWORDS)
)


def redact_told_secret(match: re.Match[str], aliases: Aliases, redact_rest: Callable[[str], str]) -> str:
    """A match of `TOLD_SECRET` with an alias for the secret, if it is one. redact_rest: redacts what else there is."""
    label, joint, text = match["told_label"], match["told_joint"], match["told"]
    value = text.rstrip(".:!?")
    redacted = None if aliases.contains_alias(value) else _redact_told(label, joint, value, aliases)
    if redacted is None:
        return label + redact_rest(match[0][len(label) :])
    return f"{label}{redact_rest(joint)}{redacted}{text[len(value) :]}"


def _redact_told(label: str, joint: str, value: str, aliases: Aliases) -> str | None:
    """The value behind a label, redacted; None if it is no secret."""
    word = label.lower()
    is_bare = not joint.strip("\"'` ")
    if _PIN_KEY.search(label):
        return redact_secret(value, aliases, label) if is_pin(label, value) else None
    if word in _LABELS_OF_LOGINS and (login := _LOGIN.fullmatch(value)) and looks_invented(login["password"]):
        user = redact_name("user", login["user"], aliases)
        return f"{user}{login['joint']}{redact_secret(login['password'], aliases)}"
    if value.isdigit():
        is_secret = word in _LABELS_OF_PASSWORDS and not is_bare and len(value) >= _SHORTEST_NUMBER
    elif word in _LABELS_OF_PASSWORDS:
        is_secret = looks_invented(value)
    else:
        is_secret = bool(_ONE_PART.fullmatch(value)) and looks_invented(value)
        is_secret = is_secret and not (is_bare and word in _LABELS_OF_KEYS)
    redacted = redact_secret(value, aliases) if is_secret else value
    return None if redacted == value else redacted


def looks_invented(text: str) -> bool:
    """Whether letters and digits of a text alternate in a run of six or more, which is no word of a technique."""
    runs = (run for run in _RUN.findall(text) if len(run) >= _SHORTEST_RUN and not _TECHNICAL.fullmatch(run))
    return any(any(map(str.isdigit, run)) and any(map(str.isalpha, run)) for run in runs)
