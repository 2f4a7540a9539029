"""The forms of resource ARNs: `launch-template/NAME` of `ec2`, derived from patterns in botocore's models and policies.

1. A pattern is a regular expression; what it leaves open is a name, what it spells out is a word of AWS.
2. Alternatives and optional parts make a form each. A pattern that leaves the service open makes none.
3. In a policy, a wildcard or variable is a name. The resource must begin with a word, not be a bucket, and end with a
   name. What is spelled out between them is a word only behind a name, behind a segment of AWS (`aws`, `AWS-…`), or as
   a plain word of a resource that has no path (`loadbalancer/app`): anything else may be a customer's name.
4. A segment that is open in part is a name as a whole. Twelve digits are an account, other digits a version.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

NAME, VERSION, ACCOUNT = "NAME", "N", "ACCOUNT"
_OPEN, _DIGITS, _TWELVE_DIGITS = "\0", "\1", "\2"
_MARKS = _OPEN + _DIGITS + _TWELVE_DIGITS
_MOST = 64  # texts that one pattern may stand for
_WILDCARD = re.compile(r"\$\{[^{}]*\}|[*?]+")
_OPEN_RUN = re.compile(rf"[{_MARKS}]*{_OPEN}[{_MARKS}]*")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_SEPARATOR = re.compile(r"([/:])")
_LITERAL = re.compile(r"[\w.@$+-]*")
_OF_AWS = re.compile(r"aws|amazon|service-role$", re.IGNORECASE)
#: Types of resources with a path of names.
_TYPES_WITH_PATH = frozenset(
    """
    group instance-profile log-group parameter policy repository role schedule secret server-certificate table user
    """.split()
)


@dataclass(frozen=True, order=True)
class ArnForm:
    """A form of ARNs. region and account: whether it has them. resource: with NAME, ACCOUNT, and N for a version."""

    service: str
    resource: str
    region: bool = True
    account: bool = True


def forms_of_patterns(patterns: Iterable[tuple[str, str]]) -> Counter[ArnForm]:
    """Returns form → number of patterns that have it. patterns: (service of the model, pattern)."""
    found: Counter[ArnForm] = Counter()
    for _, pattern in patterns:
        try:
            texts = _texts(parser.parse(pattern))
        except re.error:  # the syntax of another language
            continue
        found.update(set(_forms(texts)))
    return found


def forms_of_policies(resources: Iterable[str]) -> Counter[ArnForm]:
    """Returns form → number of a policy's resources that have it."""
    found: Counter[ArnForm] = Counter()
    for resource in resources:
        for form in _forms([_WILDCARD.sub(_OPEN, resource)]):
            segments = _SEPARATOR.split(form.resource)
            if (form.service, form.account) == ("s3", False):  # a bucket's name
                continue
            if _TYPE.fullmatch(segments[0]) and segments[0] != NAME and segments[-1] in (NAME, "*"):
                found[replace(form, resource="".join(_without_names(segments)))] += 1
    return found


def _without_names(segments: list[str]) -> Iterator[str]:
    """Yields segments and separators, with NAME for segments that may be a customer's name."""
    has_path, is_of_aws, before = segments[0] in _TYPES_WITH_PATH, False, ""
    for i, segment in enumerate(segments):
        if i % 2 or segment in ("", NAME, "*"):
            yield segment
        else:
            is_of_aws = is_of_aws or _OF_AWS.match(segment) is not None
            is_word = before == NAME or (not has_path and segment.isalpha() and segment.islower())
            yield segment if i == 0 or is_of_aws or is_word else NAME
        before = segment if not i % 2 else before


def _forms(texts: Iterable[str]) -> Iterator[ArnForm]:
    for text in texts:
        fields = text[text.find("arn:") :].split(":", 5) if "arn:" in text else []
        if len(fields) == 6 and re.fullmatch(r"[a-z0-9-]+", fields[2]):
            _, _, service, region, account, resource = fields
            form = "".join(map(_segment, _SEPARATOR.split(resource)))
            form = re.sub(rf"(?<={NAME}):{NAME}$", ":*", form) if service == "logs" else form
            if NAME in form and form != NAME and account in ("", *_MARKS):
                yield ArnForm(service, form, bool(region), bool(account))


def _segment(text: str) -> str:
    """Returns a segment of a form, or a separator as it is."""
    if text in ("/", ":"):
        return text
    special = {_DIGITS: VERSION, _TWELVE_DIGITS: ACCOUNT}.get(text, text)
    return special if _LITERAL.fullmatch(special) else NAME


def _texts(parsed: Any) -> list[str]:
    """Returns the texts that a parsed pattern stands for, with marks for what it leaves open."""
    parts = [_part(str(code), value) for code, value in parsed]
    texts = []
    for chosen in product(*parts):
        text = _OPEN_RUN.sub(_OPEN, "".join(chosen))
        texts.append(re.sub(rf"{_DIGITS}+", _DIGITS, text))
        if len(texts) == _MOST:
            break
    return list(dict.fromkeys(texts))


def _part(code: str, value: Any) -> list[str]:
    match code:
        case "LITERAL":
            return [chr(value)]
        case "SUBPATTERN":
            return _texts(value[-1])
        case "BRANCH":
            return [text for branch in value[1] for text in _texts(branch)][:_MOST]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, _, inner = value
            texts = _texts(inner)
            if texts in ([_OPEN], [_DIGITS]):
                return [_TWELVE_DIGITS] if texts == [_DIGITS] and least == 12 else texts
            return ["", *texts] if least == 0 else [text * min(least, 4) for text in texts]
        case "IN":
            return _class(value)
        case "ANY" | "NOT_LITERAL" | "CATEGORY":
            return [_OPEN]
    return [""]  # a position or a condition


def _class(items: list[tuple[Any, Any]]) -> list[str]:
    """Returns what a class of characters stands for: separators each, otherwise a mark."""
    literals = [chr(value) for code, value in items if str(code) == "LITERAL"]
    if len(literals) == len(items) and (len(items) == 1 or all(c in "/:" for c in literals)):
        return literals
    is_digit = all((str(code), value) == ("RANGE", (48, 57)) or "DIGIT" in str(value) for code, value in items)
    return [_DIGITS if is_digit and "NOT" not in str(items) else _OPEN]
