"""Tools that answer a boto3 client in its process: each is a context manager that yields a client for `clients.call`.

Tools that record do so themselves, from a bare server, and replay as many calls as they recorded.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import boto3
import moto
import placebo
import vcr
from botocore.awsrequest import AWSResponse
from botocore.stub import Stubber

import awstape
from bench.references import clients, servers
from bench.traffic import cassette_text, form, output, page

Client = AbstractContextManager[Any]


class Tools:
    """The tools, for calls that list the roles of `/p0/`, `/p1/` … in turn. peers: the folder of further packages."""

    def __init__(self, folder: Path, tracks: int, roles: int, calls: int, peers: Path | None) -> None:
        self.folder, self.tracks, self.roles, self.calls = folder, tracks, roles, calls
        self.forms = listing_forms(tracks, roles)
        self.cassette = folder / "awstape.yaml"
        self.cassette.write_text(cassette_text(tracks, roles), "utf-8")
        self._peers = peers
        self._recordings: dict[str, tuple[Path, str]] = {}
        self.new_client: Callable[..., Any] = clients.iam

    @contextmanager
    def awstape(self) -> Iterator[Any]:
        with awstape.replay(self.cassette) as tape:
            yield self.new_client()
            assert not tape.misses

    @contextmanager
    def stubber(self) -> Iterator[Any]:
        client = self.new_client()
        with Stubber(client) as stubbing:
            for number in range(self.calls):
                stubbing.add_response("list_roles", output(number % self.tracks, self.roles))
            yield client

    @contextmanager
    def before_send_hook(self) -> Iterator[Any]:
        """A handler of botocore's event that answers each form from memory."""
        bodies = {form: body.encode() for form, body in self.forms.items()}

        class Body:
            def __init__(self, body: bytes) -> None:
                self._body = body

            def stream(self, *_: object, **__: object) -> Iterator[bytes]:
                yield self._body

        def answer(request: Any, **_: object) -> AWSResponse:
            headers: Any = {"Content-Type": "text/xml"}
            raw: Any = Body(bodies[request.body])
            return AWSResponse(request.url, 200, headers, raw)

        client = self.new_client()
        client.meta.events.register("before-send.iam", answer)
        yield client

    @contextmanager
    def vcrpy(self) -> Iterator[Any]:
        begin = vcr.VCR(match_on=("method", "uri", "body")).use_cassette
        path, url = self._recorded("vcrpy.yaml", lambda path: begin(str(path), record_mode="all"))
        with begin(str(path), record_mode="none"):
            yield self.new_client(url)

    @contextmanager
    def cassetter(self) -> Iterator[Any]:
        begin: Any = import_peer("cassetter", self._peers).use_cassette
        match_on = ["method", "uri", "body"]
        path, url = self._recorded("cassetter.yaml", lambda path: begin(path, record_mode="all", match_on=match_on))
        with begin(path, record_mode="none", match_on=match_on):
            yield self.new_client(url)

    @contextmanager
    def placebo(self) -> Iterator[Any]:
        """placebo tells no requests apart: it plays what it recorded, in that order."""
        folder = self.folder / "placebo"
        if not folder.exists():
            folder.mkdir()
            with (
                servers.responder(self.forms, self.folder, "--matching") as server,
                _pill(folder, "record") as session,
                redirect_stdout(io.StringIO()),  # it prints timestamps
            ):
                clients.call(session.client("iam", endpoint_url=server.url, **clients.CREDENTIALS), self.calls)
        with _pill(folder, "playback") as session:
            yield session.client("iam", **clients.CREDENTIALS)

    @contextmanager
    def moto(self) -> Iterator[Any]:
        """moto keeps a model of AWS: it has the same roles, which it made."""
        with moto.mock_aws():
            client = self.new_client()
            for number in range(self.tracks):
                for name in range(self.roles):
                    client.create_role(RoleName=f"R{number}x{name}", Path=f"/p{number}/", AssumeRolePolicyDocument="{}")
            yield client

    def _recorded(self, name: str, begin: Callable[[Path], Client]) -> tuple[Path, str]:
        """The recording of all calls with a tool, made once, and the URL of its client. begin: gets the path of it."""
        if name not in self._recordings:
            path = self.folder / name
            with servers.responder(self.forms, self.folder, "--matching") as server, begin(path):
                clients.call(clients.iam(server.url), self.calls)
            self._recordings[name] = path, server.url
        return self._recordings[name]


def listing_forms(tracks: int, roles: int) -> Mapping[str, str]:
    """The forms that botocore sends for listings of `/p0/`, `/p1/` …, with the bodies of their responses."""
    return {form(f"%2Fp{number}%2F"): page(number, roles).body.decode() for number in range(tracks)}


@contextmanager
def _pill(folder: Path, mode: str) -> Iterator[Any]:
    session = boto3.session.Session()
    pill = placebo.attach(session, data_path=str(folder))
    getattr(pill, mode)()
    yield session
    pill.stop()


def import_peer(name: str, peers: Path | None) -> Any:
    """Imports a package of the peers' environment; its dependencies are those of this environment."""
    packages = next((peers / "lib").glob("python*/site-packages"), None) if peers else None
    if packages and str(packages) not in sys.path:
        sys.path.append(str(packages))
    return import_module(name)


def missing_peer(name: str, peers: Path | None) -> str:
    """Why a package can't be imported; empty if it can."""
    try:
        import_peer(name, peers)
    except ImportError as error:
        return f"not measured: {error}"
    return ""
