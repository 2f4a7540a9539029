"""A hidden value is not shown in any way in which a report shows values."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from pprint import pformat

import pytest

from awstape.core.redaction.aliases import Key
from awstape.core.text.hidden import Hidden

SHOWN: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "str": str,
    "format": "{}".format,
    "percent": lambda value: f"{value!s} %s %r" % (value, value),
    "pprint": lambda value: pformat([value], width=1),
    "in a dict": lambda value: repr({"a": [value]}),
    "vars": lambda value: repr(getattr(value, "__dict__", {})),
    "message": lambda value: "".join(traceback.format_exception_only(ValueError(value))),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN.keys())
@pytest.mark.parametrize("secret", [Hidden("canary"), Hidden(b"canary"), Key(b"canary")], ids=["text", "bytes", "key"])
def test_it_is_never_shown(show: Callable[[object], str], secret: Hidden[str] | Hidden[bytes]) -> None:
    assert "canary" not in show(secret)
    assert secret.reveal() in ("canary", b"canary")


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_is_not_written(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError, match=r"^a hidden value is not written$"):
        write([Hidden("canary")] if write is not copy.copy else Hidden("canary"))


def test_equal_values_of_one_kind_are_equal() -> None:
    assert Hidden("a") == Hidden("a") != Hidden("b")
    assert len({Key(b"a"), Key(b"a"), Key(b"b")}) == 2
    assert Key(b"a") != Hidden(b"a")
    assert Hidden("a") != "a"
