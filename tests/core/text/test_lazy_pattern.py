"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from unittest import mock

import pytest

import awstape.core
from awstape.core.text.lazy_pattern import lazy_pattern


def test_it_does_what_a_compiled_pattern_does() -> None:
    lazy, compiled = lazy_pattern(r"(?P<word>[a-z]+)-(\d)", re.I), re.compile(r"(?P<word>[a-z]+)-(\d)", re.I)
    text = "Role-1, role-22"
    assert (lazy.pattern, lazy.groups, lazy.groupindex) == (compiled.pattern, 2, compiled.groupindex)
    assert lazy.findall(text) == compiled.findall(text)
    assert lazy.sub(r"\2", text) == compiled.sub(r"\2", text) == "1, 22"
    assert lazy.subn("", text, 1) == compiled.subn("", text, 1)
    assert lazy.split(text) == compiled.split(text)
    assert [match.span() for match in lazy.finditer(text)] == [(0, 6), (8, 14)]
    found = lazy.search(text, 1), lazy.match(text, 8), lazy.fullmatch(text, 0, 6)
    assert [match and match["word"] for match in found] == ["ole", "role", "Role"]


def test_it_matches_bytes() -> None:
    assert lazy_pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_it_is_compiled_once_when_it_is_first_used() -> None:
    with mock.patch("re.compile", wraps=re.compile) as compiling:
        pattern = lazy_pattern("[a-z]+", re.ASCII)
        assert pattern.pattern == "[a-z]+"
        assert not compiling.called
        assert pattern.fullmatch("abc")
        assert pattern.sub("", "abc1") == "1"
    compiling.assert_called_once_with("[a-z]+", re.ASCII)


def test_what_no_pattern_has_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        lazy_pattern("a").replace  # type: ignore[attr-defined]  # noqa: B018


def test_every_lazy_pattern_of_the_core_can_be_compiled() -> None:
    names = [module.name for module in pkgutil.walk_packages(awstape.core.__path__, "awstape.core.")]
    values = [value for name in names for value in vars(import_module(name)).values()]
    lazy = [value for value in values if isinstance(value, type(lazy_pattern("")))]
    assert len(lazy) > 100
    for pattern in lazy:
        re.compile(pattern.pattern, pattern.flags)
