"""What reports print first of a miss, for tests of other things; core/replay/test_misses.py states the sentences."""

from __future__ import annotations


def not_recorded(operation: str) -> str:
    """The first line of the miss for an operation, `iam ListUsers`, that the cassette lacks, or its identity."""
    return f"{operation} was not recorded"
