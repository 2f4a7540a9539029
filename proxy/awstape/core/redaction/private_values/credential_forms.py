"""Credentials that the form of their text tells: headers, elements of XML, connection strings, options of commands.

1. Each form has one part that is the secret, and one at most that is a user. What surrounds them stays.
2. `Basic <base64>` is a user and a password; the whole base64 becomes one alias.
3. A password in a command follows the option of its program: `mysql -pX`, `sshpass -p X`, `docker login -p X`,
   `curl -u user:X`. No other program's `-p` is taken for one.
4. A login is a user and a password beside a slash or a comma: `Login bob / Hunter22`. The password must look invented.
5. A telephone number without the code of its country follows a word for it: `Tel. 079 412 88 04`.
"""

from __future__ import annotations

import re

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.private_values.secret_labels import LOGIN_WORD, SECRET_WORD, looks_invented
from awstape.core.redaction.text.arn import redact_name
from awstape.core.redaction.text.labelled_values import is_template
from awstape.core.text.encoded_text import decode_base64_text

_REST = r"[^\n|;&]{0,80}?"
#: A form's parts in order: `s_…` is a secret, `b_…` one in base64, `u_…` a user, `l_…` the password of a login, and
#: `t_…` a telephone number.
_FORMS = (
    r"(?i:basic)\ {1,4}(?P<b_basic>[A-Za-z0-9+/]{7,}={0,2})(?![A-Za-z0-9+/=])",
    r"""["']auth["']\s?:\s?["'](?P<b_docker>[A-Za-z0-9+/]{7,}={0,2})(?=["'])""",
    rf"<[\w:.-]{{0,40}}?{SECRET_WORD}[\w.-]{{0,20}}>\s*(?P<s_element>[^<>\s]{{1,200}})(?=\s*</)",
    rf"""(?i:key|name)\s?=\s?["'][\w:.-]{{0,40}}?{SECRET_WORD}["']\s{{1,4}}(?i:value)\s?=\s?"""
    r"""["'](?P<s_attribute>[^"'<>\s]{1,200})""",
    r"jdbc:oracle:\w{1,10}:(?P<u_oracle>[^/\s@:]{1,64})/(?P<s_oracle>[^@\s/]{1,128})(?=@)",
    rf"(?:mysql|mariadb)(?:dump|admin|import|show)?\ (?:{_REST}\ )?-p(?P<s_mysql>[^\s\"'|;&]{{3,128}})",
    r"sshpass\ {1,4}-p\ {0,4}(?P<s_sshpass>[^\s|;&]{3,128})",
    rf"(?:docker|podman|helm\ registry|az|oc)\ login\ (?:{_REST}\ )?-p\ {{0,4}}(?P<s_login>[^\s|;&]{{3,128}})",
    rf"(?i:curl)\ (?:{_REST}\ )?-{{1,2}}u(?:ser)?\ {{0,4}}[\"']?"
    r"(?P<u_curl>[^\s:\"'|;&]{1,64}):(?P<s_curl>[^\s\"'|;&]{1,128})",
    rf"(?:{LOGIN_WORD})(?!\w)[:=]?\ (?P<u_login>[\w.@-]{{2,64}})\ ?[/,]\ ?(?P<l_login>[^\s\"',;<>()]{{6,80}})",
    r"(?:(?<![^\W_])|(?<=[a-z]))(?:(?i:tele(?:fon|phone|fax)|phone|mobile|mobil|natel|handy|cell|fax)"
    r"|(?i:t[eé]l)\.?|(?i:mob|ph)\.)(?:-?(?i:nr|no|number|nummer)\.?)?[\"']?\s?[:=]?\s?"
    r"[\"']?(?P<t_number>\(?0?\d(?:[\d()./-]|\ (?=[\d(])){4,18}\d)(?![\w-])",
)
CREDENTIAL = rf"(?:{'|'.join(_FORMS)})"
_FEWEST_DIGITS_OF_PHONE, _MOST_DIGITS_OF_PHONE = 7, 15


def redact_credential_form(match: re.Match[str], aliases: Aliases) -> str:
    """A match of `CREDENTIAL`, with aliases for its user and its secret."""
    out, at = [], match.start()
    for name, text in match.groupdict().items():
        if text is None or name[1:2] != "_" or name[0] not in "sbult":
            continue
        begin, end = match.span(name)
        out += [match.string[at:begin], _redact_part(name[0], text, aliases)]
        at = end
    return "".join([*out, match.string[at : match.end()]])


def _redact_part(part: str, text: str, aliases: Aliases) -> str:
    if is_template(text) or aliases.is_alias(text) or aliases.contains_alias(text):
        return text
    if part == "u":
        return redact_name("user", text, aliases)
    if part == "t":
        digits = sum(map(str.isdigit, text))
        is_number = _FEWEST_DIGITS_OF_PHONE <= digits <= _MOST_DIGITS_OF_PHONE
        return aliases.secret("phone", text) if is_number else text
    if part == "b":
        decoded = decode_base64_text(text)
        is_login = decoded is not None and ":" in decoded and not aliases.contains_alias(decoded)
        return aliases.password(text) if is_login else text
    if part == "l" and not looks_invented(text):
        return text
    return aliases.password(text)
