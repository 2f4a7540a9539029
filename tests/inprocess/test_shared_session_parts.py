"""Sessions that share what they load are as apart as botocore's own are, and cost less."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

import botocore.hooks
import botocore.loaders
import botocore.session
import pytest

import awstape
from awstape.inprocess import shared_session_parts
from awstape.inprocess.shared_session_parts import SharedLoader, share_session_parts
from support.paths import ROOT

CASSETTE = ROOT / "cassettes" / "roles.yaml"


@pytest.fixture
def shared() -> Iterator[None]:
    with ExitStack() as undo:
        share_session_parts(undo)
        yield


def handlers(session: Any) -> set[tuple[str, Any]]:
    """The handlers of events that clients emit."""
    emitter = session.get_component("event_emitter")._emitter
    events = ("before-send.iam.ListRoles", "before-parameter-build.s3.PutObject", "creating-client-class.s3",
              "choose-signer.sts.AssumeRole", "getattr.logs.x", "provide-client-params.cost-explorer.X")  # fmt: skip
    return {(event, handler) for event in events for handler in emitter._handlers.prefix_search(event)}


@pytest.mark.usefixtures("shared")
def test_a_session_has_the_handlers_of_botocore() -> None:
    with_parts = [botocore.session.Session() for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "EventAliaser", botocore.hooks.EventAliaser)
        patch.setattr(botocore.hooks, "accepts_kwargs", shared_session_parts._accepts_kwargs)
        plain = botocore.session.Session()
    assert handlers(plain)
    assert handlers(with_parts[0]) == handlers(with_parts[1]) == handlers(plain)


@pytest.mark.usefixtures("shared")
def test_a_handler_of_one_session_is_not_called_by_another() -> None:
    called: list[str] = []
    first, second = botocore.session.Session(), botocore.session.Session()
    old, new = next(pair for pair in botocore.hooks.EVENT_ALIASES.items() if "." not in pair[0])
    first.register(f"an-event.{old}", lambda **_: called.append("first"))
    second.get_component("event_emitter").emit(f"an-event.{new}.X")
    assert called == []
    first.get_component("event_emitter").emit(f"an-event.{new}.X")
    assert called == ["first"]


@pytest.mark.usefixtures("shared")
def test_other_aliases_of_events_are_not_mixed_with_botocores() -> None:
    seen: list[str] = []
    emitter = botocore.hooks.HierarchicalEmitter()
    own = botocore.session.EventAliaser(emitter, {"cloudwatchlogs": "something"})  # type: ignore[attr-defined]
    own.register("before-send.cloudwatchlogs", lambda event_name, **_: seen.append(event_name))
    own.emit("before-send.cloudwatchlogs.X")
    assert seen == ["before-send.something.X"]


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("handler", [lambda: None, "no handler"])
def test_a_handler_that_takes_no_keywords_is_refused(handler: Any) -> None:
    with pytest.raises(ValueError, match="must"):
        botocore.session.Session().register("before-send", handler)


@pytest.mark.usefixtures("shared")
def test_a_second_session_reads_no_model_and_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: read.append(name) or function(*args)

    def make_client() -> None:
        session = botocore.session.Session()
        session.create_client("iam", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")

    make_client()
    file_loader = botocore.loaders.JSONFileLoader
    monkeypatch.setattr(file_loader, "load_file", counting("file", file_loader.load_file))
    monkeypatch.setattr(shared_session_parts, "_accepts_kwargs", counting("handler", lambda _: True))
    monkeypatch.setattr(shared_session_parts, "_remembered", lru_cache(shared_session_parts._accepts_kwargs))
    counts = []
    for _ in range(2):
        make_client()
        counts.append(read.count("handler"))
        assert "file" not in read
        read.clear()
    assert counts[1] < counts[0] / 2  # those that are left are methods of the client's own objects


def test_all_is_as_before_after_the_last_tape(tmp_path: Path) -> None:
    parts = [(botocore.loaders, "Loader"), (botocore.session, "EventAliaser"), (botocore.hooks, "accepts_kwargs")]
    before = [getattr(module, name) for module, name in parts]
    with awstape.replay(CASSETTE):
        assert botocore.loaders.Loader is SharedLoader
        with awstape.replay(CASSETTE):
            pass
        assert botocore.loaders.Loader is SharedLoader
    assert [getattr(module, name) for module, name in parts] == before
