"""The options of tests with cassettes: `[tool.awstape.pytest]`, the marker `awstape`, the fixture `awstape_config`.

1. All three have the same options. In a pyproject.toml their names have hyphens: `include-writes`.
2. A wrong name or value is found before a test uses a cassette.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from awstape.core.aws.conform import did_you_mean
from awstape.core.redaction.project_rules import RuleError

#: The modes of `--awstape`.
MODES = ("none", "once", "new_episodes", "all", "rewrite")
SCOPES = ("function", "class", "module")


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _are_texts(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list | tuple) and all(isinstance(each, str) for each in value))


#: Option → whether a value is one of it, and which values are.
_VALUES: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "folder": (lambda value: isinstance(value, str | os.PathLike) and bool(os.fspath(value)), "the path of a folder"),
    "mode": (lambda value: value in MODES, f"one of {', '.join(MODES)}"),
    "strict": (_is_truth, "true or false"),
    "paging": (
        lambda value: isinstance(value, str | int) and not isinstance(value, bool),
        "a string or a number, such as 'torture'",
    ),
    "include_writes": (_is_truth, "true or false"),
    "guard": (_is_truth, "true or false"),
    "faults": (_are_texts, "a list of strings, such as ['throttle ListRoles page=2']"),
    "scope": (lambda value: value in SCOPES, f"one of {', '.join(SCOPES)}"),
}
#: The options of the fixture, of the marker, and of the table.
COMMON = ("folder", "mode", "strict", "paging", "include_writes")
OF_MARKER = ("paging", "faults", "strict", "mode", "include_writes", "folder", "scope")
OF_TABLE = (*COMMON, "guard")


def find_problem(options: Mapping[str, object], known: Iterable[str]) -> str:
    """What is wrong with the first wrong option; empty if all are right."""
    known = tuple(known)
    for name, value in options.items():
        if name not in known:
            return f"no such option: {name}{did_you_mean(name, dict.fromkeys(known))}"
        is_right, expected = _VALUES[name]
        if not is_right(value):
            return f"{name} is {expected}"
    return ""


def read_table(table: object) -> dict[str, object]:
    """The options in `[tool.awstape.pytest]`. Raises RuleError."""
    if not isinstance(table, Mapping):
        raise RuleError("pytest", table, "expected a table", "write [tool.awstape.pytest] and the options below it")
    names = [name.replace("_", "-") for name in OF_TABLE]
    for name, value in table.items():
        if name not in names:
            problem = f"no such option: {name}{did_you_mean(name, dict.fromkeys(names))}"
            raise RuleError("pytest", name, problem, f"known: {', '.join(names)}")
        is_right, expected = _VALUES[name.replace("-", "_")]
        if not is_right(value):
            raise RuleError(f"pytest.{name}", value, f"expected {expected}")
    return {name.replace("-", "_"): value for name, value in table.items()}
