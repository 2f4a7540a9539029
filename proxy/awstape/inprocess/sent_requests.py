"""Notifies observers of botocore's calls in this process: when a call begins, and before a request is really sent.

1. botocore sends a request only if none of its handlers answered. So what moto or a Stubber answers is not sent.
2. A call that fails for lack of credentials counts as a request that is sent.
3. Observers come and go in any order. botocore is changed while there is one, and is as before when the last one has
   gone.
4. Clients of aiobotocore have a class of endpoints of their own, which is met at their first call.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutine
from typing import Any

import botocore.endpoint
from botocore.exceptions import NoCredentialsError


@dataclass(frozen=True, eq=False)
class Observer:
    """The functions that are called for each call. If one raises an error, the call fails with it.

    begin: a call begins; gets botocore's endpoint of the client. send: a request is about to be sent; gets its service,
    operation and URL.
    """

    begin: Callable[[Any], None] = lambda _: None
    send: Callable[[str, str, str], None] = lambda *_: None


_Method = Callable[..., Any]
_observers: list[Observer] = []
_former: dict[tuple[Any, str], _Method] = {}
"""(class of botocore, name of a method that is changed) → the method as it was."""
_call: ContextVar[tuple[str, str]] = ContextVar("awstape_observed_call", default=("", ""))


def observe(observer: Observer) -> None:
    """Begins to notify an observer."""
    if not _observers:
        _change(botocore.endpoint.Endpoint, "make_request", _notifying_of_calls)
    _observers.append(observer)


def ignore(observer: Observer) -> None:
    """Ends it."""
    _observers.remove(observer)
    if not _observers:
        for (kind, name), method in _former.items():
            setattr(kind, name, method)
        _former.clear()


def _change(kind: Any, name: str, wrapper: Callable[[_Method], _Method]) -> None:
    method = _former[kind, name] = kind.__dict__[name]
    setattr(kind, name, wraps(method)(wrapper(method)))


def _notifying_of_calls(make_request: _Method) -> _Method:
    def begin_and_make_request(endpoint: Any, operation_model: Any, *args: Any, **options: Any) -> Any:
        _call.set((operation_model.service_model.service_name, operation_model.name))
        for observer in _observers:
            observer.begin(endpoint)
        for kind in type(endpoint).__mro__:
            if "_send" in kind.__dict__ and (kind, "_send") not in _former:
                _change(kind, "_send", _notifying_before_sending)
        with _notifying_without_credentials(endpoint.host):
            made = make_request(endpoint, operation_model, *args, **options)
            return _await(made, endpoint.host) if iscoroutine(made) else made

    return begin_and_make_request


async def _await(made: Coroutine[Any, Any, Any], host: str) -> Any:
    """What a client of aiobotocore gets for a call."""
    with _notifying_without_credentials(host):
        return await made


@contextmanager
def _notifying_without_credentials(host: str) -> Iterator[None]:
    try:
        yield
    except NoCredentialsError:
        _notify_before_sending(host)
        raise


def _notifying_before_sending(send: _Method) -> _Method:
    def notify_and_send(*endpoint_and_request: Any) -> Any:
        try:
            _notify_before_sending(endpoint_and_request[1].url)
            return send(*endpoint_and_request)
        finally:
            del endpoint_and_request  # the request is signed: an error's frames must not show it

    return notify_and_send


def _notify_before_sending(url: str) -> None:
    for observer in _observers:
        observer.send(*_call.get(), url)
