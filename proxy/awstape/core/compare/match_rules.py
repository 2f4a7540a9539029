"""A project's rules of matching: the table `[tool.awstape.match]` in a pyproject.toml.

1. A rule is one line, `"SERVICE OPERATION MEMBER" = RULE`, with the names in the order in which a track shows them. So
   a miss can show the very line that mends it.
2. The operation may be a glob: `"ce Get* TimePeriod.Start"`. The service and the member are names. A nested member is
   a path; lists are no step of it, as in `mask-members`. A map is none either, unless the path names one of its keys,
   as the cassette spells it: `"dynamodb PutItem Item.createdAt"`.
3. `"ignore"`: the member counts as absent, in requests and in tracks.
4. `{within = "1h"}`: two times match that are at most so far apart: weeks, days, hours, minutes and seconds, `1d12h`.
5. `"relative"`: of all such times of a request, only the distances count. If there is one, any time matches.
6. Of several rules for one member, the first counts.
7. A rule counts in replay, also for what `new_episodes` answers. A recording keeps what was sent: two tracks stay two.
8. A time is a timestamp of the model, or a text or number whose name or shape speaks of times
   (`core.compare.request_times`). The page token and limit, and what SDKs set by themselves, never count: they
   have no rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple

from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Models, Operation, Shape
from awstape.core.compare.request_times import IGNORED, RELATIVE, TimeRule, may_be_time, skip_containers
from awstape.core.redaction.project_rules import RuleError
from awstape.core.text.lazy_pattern import lazy_pattern

Names = tuple[str, ...]
"""The path of a member: the names of the members on the way to it."""

_KEY_TIP = 'a rule is "SERVICE OPERATION MEMBER" = RULE, such as "cloudtrail LookupEvents StartTime" = "relative"'
_RULE_TIP = 'a rule is "ignore", "relative" or {within = "1h"}'
_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = lazy_pattern(r"(?:\d{1,6}[wdhms])+", re.ASCII)


class MatchRules(NamedTuple):
    """The rules of a project. rules: (service, glob of operations, path of the member, rule), in the file's order."""

    rules: tuple[tuple[str, str, Names, TimeRule], ...] = ()

    @classmethod
    def from_settings(cls, table: object, models: Models) -> MatchRules:
        """The rules in the table `match`. Raises RuleError, whose value is the key of the wrong rule."""
        if not isinstance(table, Mapping):
            raise RuleError("match", table, "expected a table", _KEY_TIP)
        return cls(tuple(_read_rule(key, value, models) for key, value in table.items()))

    def for_operation(self, operation: Operation) -> Mapping[Names, TimeRule]:
        """The rules for the members of an operation."""
        return _find_rules(self, operation.service.name, operation.name) if self.rules else {}


NO_MATCH_RULES = MatchRules()


@cache
def _find_rules(rules: MatchRules, service: str, operation: str) -> Mapping[Names, TimeRule]:
    found: dict[Names, TimeRule] = {}
    for of_service, glob, names, rule in rules.rules:
        if of_service == service and fnmatchcase(operation, glob):
            found.setdefault(names, rule)
    return found


def write_rule(operation: Operation, names: Names, rule: TimeRule) -> str:
    """The line of a pyproject.toml that has a rule."""
    text = f'{{within = "{_write_duration(rule.within)}"}}' if rule.within is not None else f'"{rule.kind}"'
    return f'"{operation.service.name} {operation.name} {".".join(names)}" = {text}'


def _write_duration(seconds: Decimal) -> str:
    left, text = int(seconds), ""
    for unit in "dhms":
        count, left = divmod(left, _UNITS[unit])
        text += f"{count}{unit}" if count else ""
    return text


def _read_rule(key: str, value: object, models: Models) -> tuple[str, str, Names, TimeRule]:
    parts = key.split()
    if len(parts) != 3:
        raise RuleError("match", key, f"{key!r} doesn't name a service, an operation and a member", _KEY_TIP)
    service, glob, path = parts
    rule = _read_value(key, value)
    names = tuple(path.replace("[]", "").split("."))
    found = list(_find_members(key, service, glob, names, models))
    # The last name may be that of a type, behind the key of a map: `Item.createdAt.S`.
    if rule.kind != "ignore" and not any(may_be_time(name, shape) for shape in found for name in names[-2:]):
        tip = 'times take "relative" and within; any other member can be set to "ignore"'
        raise RuleError("match", key, f"{path} of {service} {glob} is not a time", tip)
    return service, glob, names, rule


def _read_value(key: str, value: object) -> TimeRule:
    if value == "ignore":
        return IGNORED
    if value == "relative":
        return RELATIVE
    if isinstance(value, Mapping) and list(value) == ["within"]:
        duration = value["within"]
        seconds = _read_duration(duration) if isinstance(duration, str) else 0
        if not seconds:
            tip = 'durations are spelled as in "30s", "15m", "1h", "7d" or "1d12h"'
            raise RuleError("match", key, f"{key!r}: {duration!r} is not a duration", tip)
        return TimeRule("within", Decimal(seconds))
    hint = did_you_mean(value, ("ignore", "relative", "within")) if isinstance(value, str) else ""
    raise RuleError("match", key, f"{key!r}: no such rule{hint}", _RULE_TIP)


def _read_duration(text: str) -> int:
    """The seconds of a duration; 0 for a text that is none."""
    if not _DURATION.fullmatch(text):
        return 0
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(\w)", text, re.ASCII))


def _find_members(key: str, service: str, glob: str, names: Names, models: Models) -> Iterator[Shape]:
    """The shapes of a member in the operations that have it. Raises RuleError if none has it, or if it never counts."""
    if service not in models.services:
        problem = f"no service is called {service}{did_you_mean(service, list(models.services))}"
        raise RuleError("match", key, problem, "services are spelled as in boto3, such as accessanalyzer")
    operations = models.services[service].operations
    matching = [operation for name, operation in operations.items() if fnmatchcase(name, glob)]
    if not matching:
        problem = f"no operation of {service} matches {glob}{did_you_mean(glob, operations)}"
        raise RuleError("match", key, problem, "operations are spelled as in ListPolicyVersions; globs are allowed")
    having = [(op, shape) for op in matching if (shape := _shape_of(op, names)) is not None]
    if not having:
        _raise_unknown_member(key, service, glob, names, matching)
    counting = [shape for op, shape in having if not (op.paging and names[0] in op.paging.request_members)]
    if not counting or _is_incidental(having[0][0], names):
        problem = f"{'.'.join(names)} of {service} {glob} never counts in matching"
        raise RuleError("match", key, problem, "remove the rule: page tokens, limits and what SDKs set have none")
    yield from counting


def _shape_of(operation: Operation, names: Names) -> Shape | None:
    """The shape of an input's member, in lists and maps that of what they contain; None if there is no such member."""
    shape = operation.input
    for name in names:
        shape = _step_into(shape, name)
    return skip_containers(shape)


def _step_into(shape: Shape | None, name: str) -> Shape | None:
    """The shape of a member, or of the value of a key, in a structure or in what lists and maps contain."""
    inside = skip_containers(shape)
    if inside is not None and name in inside.members:
        return inside.members[name].shape
    while shape is not None and shape.member:
        shape = shape.member.shape
    return shape.value.shape if shape is not None and shape.value else None


def _is_incidental(operation: Operation, names: Names) -> bool:
    shape = skip_containers(operation.input if len(names) == 1 else _shape_of(operation, names[:-1]))
    member = shape.members.get(names[-1]) if shape else None
    return member is not None and member.is_incidental


def _raise_unknown_member(key: str, service: str, glob: str, names: Names, operations: Iterable[Operation]) -> None:
    """Names the first step of a path that no operation has."""
    end = next(i for i in range(1, len(names) + 1) if not any(_shape_of(op, names[:i]) for op in operations))
    parents = [op.input if end == 1 else _shape_of(op, names[: end - 1]) for op in operations]
    known = dict.fromkeys(name for shape in map(skip_containers, parents) if shape for name in shape.members)
    where = f"{service} {glob}" + (f" {'.'.join(names[: end - 1])}" if end > 1 else "")
    problem = f"{where} has no member {names[end - 1]}{did_you_mean(names[end - 1], known)}"
    tip = f"known: {', '.join(known)}" if len(known) <= 12 else "members are spelled as in a cassette"
    raise RuleError("match", key, problem, tip if known else "this operation has no members to compare")
