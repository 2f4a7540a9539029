"""An export is valid HAR 1.2, mitmproxy reads it, and replay answers its requests with its responses."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from awstape.core.aws.wire import Request
from awstape.core.replay.replies import ServedPage
from awstape.files import cassette_files
from support import asking
from support.asking import SHIPPED, exported
from support.exchanges import MODELS, cassette, player, request, respond

#: What must be there, from the specification of HAR 1.2; * is each item of a list.
REQUIRED: dict[str, dict[str, type | tuple[type, ...]]] = {
    "log": {"version": str, "creator": dict, "entries": list},
    "log.creator": {"name": str, "version": str},
    "log.entries.*": {
        "startedDateTime": str,
        "time": (int, float),
        "request": dict,
        "response": dict,
        "cache": dict,
        "timings": dict,
        "comment": str,
    },
    "log.entries.*.request": {
        "method": str,
        "url": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "queryString": list,
        "headersSize": int,
        "bodySize": int,
    },
    "log.entries.*.request.headers.*": {"name": str, "value": str},
    "log.entries.*.request.queryString.*": {"name": str, "value": str},
    "log.entries.*.response": {
        "status": int,
        "statusText": str,
        "httpVersion": str,
        "cookies": list,
        "headers": list,
        "content": dict,
        "redirectURL": str,
        "headersSize": int,
        "bodySize": int,
    },
    "log.entries.*.response.headers.*": {"name": str, "value": str},
    "log.entries.*.response.content": {"size": int, "mimeType": str, "text": str},
    "log.entries.*.timings": {"send": (int, float), "wait": (int, float), "receive": (int, float)},
}


def at(value: Any, path: str) -> Iterator[Any]:
    """The value at a path."""
    step, _, rest = path.partition(".")
    for below in value if step == "*" else [value[step]]:
        yield from at(below, rest) if rest else [below]


@pytest.mark.parametrize("name", [*SHIPPED, "wire-cases.yaml"])
def test_mitmproxy_reads_it_and_replay_answers_the_same(name: str, tmp_path: Path) -> None:
    path = asking.of(name, tmp_path)
    recorded = cassette_files.load(path, MODELS)
    text = exported(recorded, "har").text
    playing = player(recorded, key=None)
    flows = list(FlowReader(io.BytesIO(text.encode())).stream())
    entries = json.loads(text)["log"]["entries"]
    assert len(flows) == len(entries) == len(list(asking.questions(recorded)))
    for entry, flow in zip(entries, flows, strict=True):
        assert isinstance(flow, HTTPFlow) and flow.response
        request, response = flow.request, flow.response
        path_, _, query = request.path.partition("?")
        headers = tuple(request.headers.items())
        served = playing.answer(Request(request.method, request.host, path_, query, headers, request.content or b""))
        assert isinstance(served, ServedPage), served
        assert (served.response.status, served.response.body) == (response.status_code, response.content)
        assert served.response.headers == asking.headers_from_har(response)
        assert served.response.headers == tuple((each["name"], each["value"]) for each in entry["response"]["headers"])


def test_it_is_valid(tmp_path: Path) -> None:
    har = json.loads(exported(cassette_files.load(asking.of("wire-cases.yaml", tmp_path), MODELS), "har").text)
    for path, members in REQUIRED.items():
        found = list(at(har, path))
        assert found
        for each in found:
            assert each.keys() - {"postData", "encoding"} == members.keys(), path
            assert all(isinstance(each[name], kind) for name, kind in members.items()), path
    entries = har["log"]["entries"]
    posted = [entry["request"]["postData"] for entry in entries if "postData" in entry["request"]]
    assert posted
    assert all(each.keys() == {"mimeType", "text"} for each in posted)
    dates = [datetime.fromisoformat(entry["startedDateTime"]) for entry in entries]
    assert dates == sorted(set(dates))
    assert {date.year for date in dates} == {1970}


def test_text_of_other_scripts_comes_through_mitmproxy() -> None:
    """For it, as for browsers, text/xml without a charset is Latin-1."""
    recorded = cassette((request("GetRole", {"RoleName": "r"}), respond("GetRole", {"Role": {"Description": "é 😀"}})))
    (flow,) = FlowReader(io.BytesIO(exported(recorded, "har").text.encode())).stream()
    assert isinstance(flow, HTTPFlow) and flow.response and flow.response.content
    assert "<Description>é 😀</Description>" in flow.response.content.decode()
