"""Whether the process runs in CI, by the variable that all CI systems set."""

from __future__ import annotations


def is_ci(variable: str | None) -> bool:
    """Whether the variable `CI` has a value that says so; `false`, `0` and `no` say that it is not CI."""
    return (variable or "").lower() not in ("", "0", "false", "no")
