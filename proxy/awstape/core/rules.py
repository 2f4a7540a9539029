"""A project's own rules of redaction, as `[tool.awstape]` of a pyproject.toml has them.

1. `keep`: globs over a whole name, account id or other identifier; what matches stays as it is. Secrets never do.
2. `mask`: regular expressions; what they match in free text becomes an alias.
3. `mask-members`: members, by name or by path (`Description`, `Tags.Value`); the whole of their text becomes an alias.
4. `keep-names`: true keeps all names and paths. Account ids, unique and access key ids, e-mail addresses,
   organisation ids, external ids and secrets become aliases all the same.
5. The same rules count where a cassette is recorded, replayed and checked: another rule is another alias.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from awstape.core.conform import Path, did_you_mean, member_names
from awstape.core.model import Models, Shape

_NAMES = ("keep", "mask", "mask-members", "keep-names")


class RuleError(ValueError):
    """A rule that can't be used: `name` of the setting, the `value` in it that is wrong, and what is wrong with it."""

    def __init__(self, name: str, value: object, problem: str, tip: str = "") -> None:
        super().__init__(f"{name}: {problem}")
        self.name, self.value, self.problem, self.tip = name, value, problem, tip


@dataclass(frozen=True)
class Rules:
    """See the rules of this module."""

    keep: tuple[str, ...] = ()
    mask: tuple[re.Pattern[str], ...] = ()
    mask_members: tuple[tuple[str, ...], ...] = ()
    keep_names: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, object], models: Models) -> Rules:
        """The rules that settings say. Raises RuleError."""
        for name in settings:
            if name not in _NAMES:
                problem = f"no such setting{did_you_mean(name, dict.fromkeys(_NAMES))}"
                raise RuleError(name, None, problem, f"known: {', '.join(_NAMES)}")
        keep_names = settings.get("keep-names", False)
        if not isinstance(keep_names, bool):
            raise RuleError("keep-names", keep_names, "expected true or false")
        return cls(
            tuple(_glob(text) for text in _texts("keep", settings)),
            tuple(_pattern(text) for text in _texts("mask", settings)),
            tuple(_member(text, models) for text in _texts("mask-members", settings)),
            keep_names,
        )

    def keeps(self, value: str) -> bool:
        """Whether an identifier stays as it is."""
        return any(fnmatchcase(value, glob) for glob in self.keep)

    def masks(self, path: Path) -> bool:
        """Whether the text at a path becomes an alias as a whole."""
        if not self.mask_members:
            return False
        names = member_names(path)
        return any(names[-len(member) :] == member for member in self.mask_members)


NO_RULES = Rules()
_PROBES = ("q", "7-Zebra_ off", "~")


def _texts(name: str, settings: Mapping[str, object]) -> Iterator[str]:
    values = settings.get(name, [])
    if not isinstance(values, list):
        raise RuleError(name, values, "expected a list of texts")
    for value in values:
        if not isinstance(value, str) or not value:
            raise RuleError(name, value, "expected a list of texts that are not empty")
        yield value


def _glob(text: str) -> str:
    if all(fnmatchcase(probe, text) for probe in _PROBES):
        raise RuleError("keep", text, f"{text!r} would keep everything", "keep-names = true keeps all names")
    if "arn:" in text.lower():
        tip = "an ARN is kept where its account id and its names are: name those"
        raise RuleError("keep", text, f"{text!r} is an ARN; a rule keeps one name or id", tip)
    return text


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:  # Python's words for it differ between versions
        reason = "" if error.pos is None else f": unexpected or not closed at character {error.pos + 1}"
        raise RuleError("mask", text, f"{text!r} is no regular expression{reason}") from None
    except (OverflowError, RecursionError):
        raise RuleError(
            "mask", text, f"{text!r} is no regular expression that Python can match: it is too large"
        ) from None
    if any(
        match.start() == match.end() for probe in ("", string.printable, *_PROBES) for match in pattern.finditer(probe)
    ):
        raise RuleError("mask", text, f"{text!r} matches the empty text", "let it match what is to be hidden")
    return pattern


def _member(text: str, models: Models) -> tuple[str, ...]:
    names = tuple(text.replace("[]", "").split("."))
    known = _member_names(models)
    for name in names:
        if name not in known:
            tip = "spelled as in a cassette, such as Description or Tags.Value"
            raise RuleError("mask-members", text, f"no operation has a member {name}{did_you_mean(name, known)}", tip)
    return names


def _member_names(models: Models) -> dict[str, None]:
    """The names of all members of all operations and errors."""
    names: dict[str, None] = {}
    seen: set[Shape] = set()
    operations = [op for service in models.services.values() for op in service.operations.values()]
    errors = [shape for service in models.services.values() for shape in service.errors.values()]
    left = [shape for op in operations for shape in (op.input, op.output) if shape] + errors
    while left:
        shape = left.pop()
        if shape not in seen:
            seen.add(shape)
            names |= dict.fromkeys(shape.members)
            inner = [*shape.members.values(), shape.member, shape.key, shape.value]
            left += [member.shape for member in inner if member]
    return names
