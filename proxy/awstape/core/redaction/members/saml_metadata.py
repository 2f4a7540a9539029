"""SAML metadata: the document with which an identity provider describes itself.

1. The structure stays: elements, namespaces, bindings, formats, protocols, algorithms, flags and dates, with the
   formatting of the document.
2. Every other attribute and text becomes an alias: URLs and ids of the provider, certificates, names, addresses.
3. A text that is no such document becomes one alias.
4. A document that would become shorter than IAM accepts, a thousand characters, is filled up with blanks at its end.

Source: "Metadata for the OASIS Security Assertion Markup Language (SAML) V2.0".
"""

from __future__ import annotations

import re

from awstape.core.aws.protocols.encodings.xml_text import parse_xml
from awstape.core.aws.wire import WireError
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.identifiers import redact_whole_identifier
from awstape.core.text.lazy_pattern import lazy_pattern

_ATTRIBUTE = lazy_pattern(
    r"(?P<before>\s(?:[\w.-]+:)?(?P<name>[\w.-]+)\s*=\s*)(?P<quote>[\"'])(?P<value>.*?)(?P=quote)", re.DOTALL
)
#: A comment, an instruction, a tag; between them is text.
_MARKUP = lazy_pattern(
    r"<!--(?P<comment>.*?)-->|<\?.*?\?>|<!\[CDATA\[(?P<data>.*?)\]\]>|<(?P<tag>/?[^\s<>/]+)(?:\"[^\"]*\"|'[^']*'|[^<>\"'])*>",
    re.DOTALL,
)
_NAMESPACE = lazy_pattern(r"\s(?:xmlns|xsi)(?::[\w.-]+)?\s*=")
_ROOTS = frozenset({"EntityDescriptor", "EntitiesDescriptor"})
_PUBLIC_ATTRIBUTES = frozenset(
    """
    Algorithm AuthnRequestsSigned Binding Format NameFormat Type URI WantAssertionsSigned WantAuthnRequestsSigned
    cacheDuration contactType index isDefault isRequired lang protocolSupportEnumeration use validUntil
    """.split()
)
_PUBLIC_TEXTS = frozenset({"NameIDFormat"})
#: Names of claims that everybody has.
_CLAIM = lazy_pattern(
    r"urn:oid:[\d.]+|https?://schemas\.(?:xmlsoap\.org|microsoft\.com)/\S+|https://aws\.amazon\.com/SAML/\S+"
)
_SHORTEST = 1000


def redact_saml_metadata(text: str, aliases: Aliases) -> str:
    """A metadata document with aliases, or one alias for another text."""
    if aliases.is_alias(text) or not _is_metadata(text):
        return aliases.saml_metadata(text)
    out: list[str] = []
    at, element = 0, ""
    for markup in _MARKUP.finditer(text):
        out += [_redact_text(text[at : markup.start()], element, aliases), _redact_markup(markup, element, aliases)]
        at, element = markup.end(), _local_name(markup["tag"]) if markup["tag"] else element
    redacted = "".join([*out, text[at:]])
    end = redacted.rindex("</")
    blanks = " " * (_SHORTEST - len(redacted)) if len(text) >= _SHORTEST else ""
    return redacted[:end] + blanks + redacted[end:]


def _is_metadata(text: str) -> bool:
    try:
        root = parse_xml(text.encode("utf-8", "surrogatepass"))
    except WireError:
        return False
    return root.tag.rpartition("}")[2] in _ROOTS and "</" in text


def _redact_markup(markup: re.Match[str], element: str, aliases: Aliases) -> str:
    whole = markup[0]
    if (comment := markup["comment"]) is not None:
        return f"<!--{_redact_value(comment, aliases)}-->"
    if (data := markup["data"]) is not None:
        return f"<![CDATA[{_redact_text(data, element, aliases)}]]>"
    return _ATTRIBUTE.sub(lambda match: _redact_attribute(match, aliases), whole) if markup["tag"] else whole


def _redact_attribute(match: re.Match[str], aliases: Aliases) -> str:
    name, value = match["name"], match["value"]
    if name in _PUBLIC_ATTRIBUTES or _NAMESPACE.match(match["before"]) or _CLAIM.fullmatch(value):
        return match[0]
    return f"{match['before']}{match['quote']}{_redact_value(value, aliases)}{match['quote']}"


def _redact_text(text: str, element: str, aliases: Aliases) -> str:
    return text if element in _PUBLIC_TEXTS else _redact_value(text, aliases)


def _redact_value(text: str, aliases: Aliases) -> str:
    """The alias of an attribute or a text, between the white space around it."""
    from html import unescape

    value = unescape(text.strip())
    if not value or aliases.is_alias(value):
        return text
    begin = text.index(text.strip()[0])
    return text[:begin] + _alias_of(value, aliases) + text[begin + len(text.strip()) :]


def _alias_of(value: str, aliases: Aliases) -> str:
    if identifier := redact_whole_identifier(value, aliases):
        return identifier
    if "://" in value:
        return aliases.url(value)
    is_name = re.fullmatch(r"[\w .@+-]{1,60}", value) is not None
    return aliases.name("saml-part", value) if is_name else aliases.secret("secret", value)


def _local_name(tag: str) -> str:
    """The name of the element that a tag begins; empty for one that ends an element."""
    return "" if tag.startswith("/") else tag.rpartition(":")[2]
