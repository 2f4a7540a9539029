"""Searches a YAML file that is no cassette of awstape, such as one of VCR.py, for values that look real.

1. Every text of the file is searched as free text, under the key that it has in the file. Its place is the path of
   keys. Comments are searched, too. Of a file that is no YAML, every line is searched.
2. Binary and compressed texts are searched as what they hold, if that is text.
3. The tokens of headers are real values here: `Authorization: Bearer …`, cookies. A cassette of awstape has no headers.
4. Ids of requests, digests and signatures look random and reveal nothing: they are no findings. Nor is what other tools
   write in place of a secret, such as `DUMMY` and `<REDACTED>`.
5. As in a cassette, what AWS's documentation uses is no finding, and neither is what the project keeps or a comment
   allows (`core.check.value_search`, `core.check.allowed_values`).
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator

import yaml

from awstape.core.aws.member_paths import Path, format_path
from awstape.core.check.allowed_values import AllowComments
from awstape.core.check.document_strings import ANYWHERE
from awstape.core.check.findings import Finding, Review, allowed_values, looks_real
from awstape.core.check.value_search import KeptValue, ValueSearch
from awstape.core.redaction.documentation_names import has_general_words_only, is_documentation_id
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.string_walk import TEXT, StringContext, root_place

_SECRET = "secret"
_MOST_DECOMPRESSED = 4_000_000
#: Kinds of values that are known by their random look.
_RANDOM_KINDS = frozenset({_SECRET, "password", "canonical user id"})
#: Headers that hold the id of a request, or a digest.
_OF_REQUESTS = re.compile(
    r"x-amz(?:n|-apigw|-cf|-apigateway)?-?(?:request-?)?id(?:-2)?|x-amzn-(?:requestid|trace-id)|(?:apigw-)?requestid"
    r"|x-request-id|request_?id|etag|content-md5|x-amz-(?:content-sha256|crc\w+|checksum-\w+|version-id)|amz-sdk-invocation-id",
    re.IGNORECASE,
)
_REQUEST_ID = re.compile(r"(?P<begin><(?:requestid|hostid)>|\"requestid\"\s*:\s*\")[\w/+=-]{1,100}", re.IGNORECASE)
_AUTHORIZATION = re.compile(r"(?:proxy-)?authorization", re.IGNORECASE)
_SIGNED = re.compile(r"AWS4-\S+ Credential=(?P<id>[^/\s]+)/[^\n]*?Signature=[0-9a-f]+", re.IGNORECASE)
_TOKEN = re.compile(r"\b(?:bearer|basic|token)\s+(?P<token>[\w.~+/=-]{8,})", re.IGNORECASE)
#: What other tools write in place of a token.
_PLACEHOLDER = re.compile(
    r"(?:dummy|fake|filtered|redacted|removed|hidden|placeholder|sample|mock|bearer|access|auth|api|key|token|secret|x{3,}"
    r"|[-_.<>*\[\]=/]|(?:\d(?!\d{3})))+",
    re.IGNORECASE,
)
_COOKIES = re.compile(r"(?:set-)?cookie", re.IGNORECASE)
_COOKIE = re.compile(r"[\w.-]+=(?P<token>(?=[^;\s]*\d)(?=[^;\s]*[A-Za-z])[^;\s]{16,})")


def review_other_text(text: str, rules: Rules = NO_RULES, *, exceptions: bool = True) -> Review:
    """Reviews the text of a file that is no cassette. exceptions: as in `core.check.findings.review_text`."""
    search = ValueSearch(rules if exceptions else rules.without_keep())
    comments = AllowComments(text if exceptions else "")
    findings: set[Finding] = set()
    kept: set[KeptValue] = set()
    for line, path, key, value in _texts(text):
        if _PLACEHOLDER.fullmatch(value):
            continue
        value = _SIGNED.sub(r"\g<id>", _REQUEST_ID.sub(r"\g<begin>", value))
        is_header = _AUTHORIZATION.fullmatch(key) is not None
        context = StringContext(root_place(TEXT), path, key="" if is_header else key) if path else ANYWHERE
        tokens = {(_SECRET, token) for token in _find_tokens(key, value)}
        if not tokens and not search.may_hold_values(value, context):
            continue
        searched = search.search(value, context)
        place = format_path(path)
        place = "" if looks_real(place) else place
        kept.update(search.kept_values(searched, place, line))
        kinds = {*searched.kinds} - (_RANDOM_KINDS if _OF_REQUESTS.fullmatch(key) else set())
        kinds |= {_SECRET} if tokens and not kinds else set()
        if kinds and (reason := comments.reason_for(line)):
            kept.update(allowed_values({*searched.real, *tokens}, reason, place, line))
        else:
            findings.update(Finding(line, place, kind) for kind in kinds)
    return Review(tuple(sorted(findings)), kept=tuple(sorted(kept)))


def _find_tokens(key: str, text: str) -> Iterator[str]:
    """The tokens of headers in a text. key: that of the text."""
    is_header = _AUTHORIZATION.search(key) or _AUTHORIZATION.search(text)
    for pattern in (*([_TOKEN] if is_header else []), *([_COOKIE] if _COOKIES.fullmatch(key) else [])):
        for match in pattern.finditer(text):
            token = match["token"]
            if not (is_documentation_id(token) or has_general_words_only(token) or _PLACEHOLDER.fullmatch(token)):
                yield token


def _texts(text: str) -> Iterator[tuple[int, Path, str, str]]:
    """(line, path of keys, key, text) of each text, key and comment of a file. key: that of the text, or empty."""
    lines = text.split("\n")
    try:
        documents = list(yaml.compose_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, RecursionError):
        yield from ((i, (), "", line) for i, line in enumerate(lines, 1))
        return
    yield from ((i, (), "", line) for i, line in enumerate(lines, 1) if line.lstrip().startswith("#"))
    seen: set[int] = set()
    left: list[tuple[Path, yaml.Node]] = [((), node) for node in documents if node]
    while left:
        path, node = left.pop()
        if id(node) in seen:  # an alias of YAML
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            key = next((step for step in reversed(path) if isinstance(step, str)), "")
            yield node.start_mark.line + 1, path, key, _readable_text(node)
        elif isinstance(node, yaml.SequenceNode):
            left += [((*path, i), item) for i, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = key.value if isinstance(key, yaml.ScalarNode) else ""
                yield key.start_mark.line + 1, path, "", name
                left.append(((*path, name), value))


def _readable_text(node: yaml.ScalarNode) -> str:
    """The text of a scalar, decoded and decompressed if it holds such a text."""
    text = str(node.value)
    if not node.tag.endswith(":binary") and not text.startswith("H4sI"):
        return text
    try:
        data = base64.b64decode(text)
        if data[:2] == b"\x1f\x8b":
            data = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, _MOST_DECOMPRESSED)
        return data.decode("utf-8")
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        return ""  # no text
