"""What all sessions of botocore have in common, kept from one to the next: loaded data, names of events, signatures.

Each test has a default session of its own, so that none is left for the next test: handlers that a test registers,
credentials and settings end with it. Without this, each session would read and parse the service models anew, and
prepare some hundred handlers, which takes longer than most tests.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from types import FunctionType
from typing import Any

import botocore.hooks
import botocore.loaders
import botocore.session

_Cache = dict[tuple[object, ...], object]
#: Folders → what a loader that searches them has loaded, by method and arguments.
_caches: dict[tuple[str, ...], _Cache] = {}
#: Name of an event → its name after botocore's aliases.
_event_names: dict[str, str] = {}


def share_session_parts(undo: ExitStack) -> None:
    """Gives all sessions that are created from now on the same parts, until `undo` is closed."""
    for module, name, replaced in (
        (botocore.loaders, "Loader", SharedLoader),
        (botocore.session, "EventAliaser", _SharedAliaser),
        (botocore.hooks, "accepts_kwargs", _accepts_kwargs_once),
    ):
        undo.callback(setattr, module, name, getattr(module, name))
        setattr(module, name, replaced)


class SharedLoader(botocore.loaders.Loader):
    """A loader whose cache belongs to the folders that it searches at the time: adding a folder changes the cache."""

    @property
    def _cache(self) -> _Cache:
        return _caches.setdefault(tuple(self.search_paths), {})

    @_cache.setter
    def _cache(self, value: _Cache) -> None:
        """Ignores the new cache that the constructor sets."""


class _SharedAliaser(botocore.hooks.EventAliaser):
    """An emitter that knows the names of events that any other one has looked up."""

    def __init__(self, event_emitter: Any, event_aliases: Any = None) -> None:
        super().__init__(event_emitter, event_aliases)
        if event_aliases in (None, botocore.hooks.EVENT_ALIASES):
            self._alias_name_cache = _event_names


_accepts_kwargs: Callable[[Any], Any] = botocore.hooks.accepts_kwargs
#: As `_accepts_kwargs`, which reads a signature.
_remembered = lru_cache(1000)(_accepts_kwargs)


def _accepts_kwargs_once(handler: Any) -> Any:
    """As `_accepts_kwargs`; the signature of each of botocore's own functions is read once."""
    is_own = isinstance(handler, FunctionType) and handler.__module__.startswith("botocore.")
    return _remembered(handler) if is_own else _accepts_kwargs(handler)
