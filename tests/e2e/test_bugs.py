"""An internal error stops awstape visibly, and its message quotes nothing from the traffic."""

import asyncio
from pathlib import Path

import pytest
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.test import tflow

from awstape import opening
from awstape.core.aws.wire import Reply, Request
from awstape.core.cassette.cassette import Cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.summary import Recording
from awstape.errors import UserError
from awstape.proxying.interceptor import Interceptor
from awstape.tape import Tape


class BrokenTape(Tape):
    """Raises an exception whose message contains a name from the traffic."""

    def answer(self, request: Request, session: str = "") -> Reply | None:
        if "GetRole" in request.query:
            raise KeyError("DeployRole")
        return None

    def record(self, *_: object, **__: object) -> None:
        raise KeyError("DeployRole")


@pytest.fixture
def broken() -> Interceptor:
    return Interceptor(BrokenTape(None, Cassette(), None, None))


def flow(action: str, answer: Response | None = None) -> HTTPFlow:
    made = tflow.tflow()
    made.request.host = "iam.amazonaws.com"
    made.request.path = f"/?Action={action}&Version=2010-05-08"
    made.response = answer
    return made


def is_refused(flow: HTTPFlow) -> bool:
    assert flow.response
    assert flow.response.text
    assert "DeployRole" not in flow.response.text
    return "<Code>CassetteStopped</Code>" in flow.response.text and flow.response.status_code == 400


@pytest.mark.parametrize("where", ["request", "response", "error"])
def test_after_an_internal_error_all_requests_are_refused(broken: Interceptor, where: str) -> None:
    if where == "request":
        asyncio.run(broken.request(first := flow("GetRole")))
    else:
        asyncio.run(broken.request(first := flow("ListUsers")))
        assert first.response is None
        first.response = Response.make(200)
        asyncio.run(getattr(broken, where)(first))
    assert is_refused(first)
    asyncio.run(broken.request(second := flow("ListUsers")))
    assert is_refused(second)
    assert broken.failure
    assert broken.failure.problem.startswith("awstape stopped: KeyError in test_bugs.py, line ")


def test_after_an_internal_error_at_the_end_nothing_is_written(cassette: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(self: Recorder, *_: object) -> Recording:
        raise KeyError("DeployRole")

    monkeypatch.setattr(Recorder, "finish", finish)
    recording = opening.open_for_recording(cassette, "all", {"AWSTAPE_KEY": "a fake key for a bug"})
    with pytest.raises(UserError, match=r"not written: KeyError in test_bugs\.py, line \d+$") as caught:
        recording.close()
    assert caught.value.__cause__ is None
    assert not cassette.exists()
