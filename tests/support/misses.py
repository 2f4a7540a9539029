"""What reports print first of a miss, for tests of other things; core/replay/test_misses.py states the sentences."""

from __future__ import annotations


def not_recorded(operation: str) -> str:
    """The first line of the miss for an operation, `iam ListUsers`, that the cassette lacks, or its identity."""
    return f"{operation} was not recorded"


def not_replayed(what: str, *services: str) -> str:
    """The first line of the miss for a service or host, or its beginning. services: one or two that are replayed."""
    replayed = " and ".join(services) + (" are" if len(services) > 1 else " is") if services else ""
    return f"{what} is not replayed: only {replayed}"


def recording_ended(operation: str, page: int) -> str:
    """The first line of the miss for the token at which a recording stopped."""
    return f"{operation}: the recording ended after page {page}"
