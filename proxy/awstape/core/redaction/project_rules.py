"""A project's rules of redaction: `[tool.awstape]` in a pyproject.toml.

1. `keep`: globs that match a whole name, account id or other identifier; what matches stays. Secrets are never kept.
2. `mask`: regular expressions; each match in what stays readable becomes an alias, in every service.
3. `mask-members`: members, by name or by path (`Description`, `Tags.Value`); the whole text becomes an alias.
4. `keep-names`: true keeps all names and paths. Account ids, unique and access key ids, e-mail addresses, organisation
   ids, external ids and secrets become aliases all the same.
5. Recording, replay and check must use the same rules: with other rules, a value has another alias.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase, translate
from functools import cache

from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Models, Service, Shape

#: All settings of the table. The last three are read elsewhere: services, rules of matching, options of tests.
_SETTINGS = ("keep", "mask", "mask-members", "keep-names", "services", "match", "pytest")


class RuleError(ValueError):
    """A rule that can't be used. name: the setting. value: the wrong value in it. problem, tip: as in a UserError."""

    def __init__(self, name: str, value: object, problem: str, tip: str = "") -> None:
        super().__init__(f"{name}: {problem}")
        self.name, self.value, self.problem, self.tip = name, value, problem, tip


@dataclass(frozen=True)
class Rules:
    """The rules of a project, as described at the head of this module."""

    keep: tuple[str, ...] = ()
    mask: tuple[re.Pattern[str], ...] = ()
    mask_members: tuple[tuple[str, ...], ...] = ()
    keep_names: bool = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, object], models: Models) -> Rules:
        """The rules in the settings of `[tool.awstape]`. Raises RuleError."""
        for name in settings:
            if name not in _SETTINGS:
                problem = f"no such setting{did_you_mean(name, dict.fromkeys(_SETTINGS))}"
                raise RuleError(name, None, problem, f"known: {', '.join(_SETTINGS)}")
        keep_names = settings.get("keep-names", False)
        if not isinstance(keep_names, bool):
            raise RuleError("keep-names", keep_names, "expected true or false")
        return cls(
            tuple(_parse_glob(text) for text in _read_texts("keep", settings)),
            tuple(_parse_pattern(text) for text in _read_texts("mask", settings)),
            tuple(_parse_member(text, models) for text in _read_texts("mask-members", settings)),
            keep_names,
        )

    @property
    def keep_something(self) -> bool:
        """Whether a value that identifies somebody may stay."""
        return bool(self.keep or self.keep_names)

    def without_keep(self) -> Rules:
        """The rules, without those by which a value stays."""
        return replace(self, keep=(), keep_names=False) if self.keep_something else self

    def keeps(self, value: str) -> bool:
        """Whether an identifier stays as it is."""
        return bool(self.keep) and _compile_globs(self.keep).fullmatch(value) is not None

    def masks(self, members: tuple[str, ...]) -> bool:
        """Whether a text becomes an alias as a whole. members: their names on the way to it."""
        return bool(self.mask_members) and any(members[-len(member) :] == member for member in self.mask_members)


@cache
def _compile_globs(globs: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern that matches what one of the globs matches."""
    return re.compile("|".join(map(translate, globs)))


NO_RULES = Rules()
#: A glob that matches all of them, or a pattern that matches the empty text in one of them, is too general.
_PROBES = ("q", "7-Zebra_ off", "~")


def _read_texts(name: str, settings: Mapping[str, object]) -> Iterator[str]:
    values = settings.get(name, [])
    if not isinstance(values, list):
        raise RuleError(name, values, "expected a list of texts")
    for value in values:
        if not isinstance(value, str) or not value:
            raise RuleError(name, value, "expected a list of texts that are not empty")
        yield value


def _parse_glob(text: str) -> str:
    if all(fnmatchcase(probe, text) for probe in _PROBES):
        raise RuleError(
            "keep", text, f"{text!r} would keep everything", 'keep the names that may be public, such as "demo-*"'
        )
    if "arn:" in text.lower():
        tip = "to keep an ARN, keep its account id and its names"
        raise RuleError("keep", text, f"{text!r} is an ARN; a rule keeps one name or id", tip)
    return text


def _parse_pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:  # its words differ between versions of Python
        reason = "" if error.pos is None else f": unexpected or unclosed at character {error.pos + 1}"
        raise RuleError("mask", text, f"{text!r} is not a regular expression{reason}") from None
    except (OverflowError, RecursionError):
        raise RuleError("mask", text, f"{text!r} is not a regular expression: it is too large") from None
    if any(
        match.start() == match.end() for probe in ("", string.printable, *_PROBES) for match in pattern.finditer(probe)
    ):
        raise RuleError("mask", text, f"{text!r} matches the empty text", "match the text that is to be hidden")
    return pattern


def _parse_member(text: str, models: Models) -> tuple[str, ...]:
    names = tuple(text.replace("[]", "").split("."))
    known = _collect_member_names(models.recognised)
    for name in names:
        if name not in known and not _is_member_of_any_service(name, models):
            tip = "members are spelled as in a cassette, such as Description or Tags.Value"
            raise RuleError("mask-members", text, f"no operation has a member {name}{did_you_mean(name, known)}", tip)
    return names


@cache
def _is_member_of_any_service(name: str, models: Models) -> bool:
    """Whether a service has such a member, recorded or not. It takes seconds: models are read in turn."""
    return any(name in _collect_member_names([models.services[service]]) for service in models.services)


def _collect_member_names(services: Iterable[Service]) -> dict[str, None]:
    """The names of all members of all operations and errors, and those that every error has in a cassette."""
    names = dict.fromkeys(("code", "message", "members"))
    seen: set[Shape] = set()
    services = list(services)
    operations = [op for service in services for op in service.operations.values()]
    errors = [shape for service in services for shape in service.errors.values()]
    left = [shape for op in operations for shape in (op.input, op.output) if shape] + errors
    while left:
        shape = left.pop()
        if shape not in seen:
            seen.add(shape)
            names |= dict.fromkeys(shape.members)
            inner = [*shape.members.values(), shape.member, shape.key, shape.value]
            left += [member.shape for member in inner if member]
    return names
