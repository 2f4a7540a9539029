"""The endpoint's own paths, for tests in any language, over raw HTTP."""

from __future__ import annotations

import http.client
import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import pytest
from botocore.exceptions import ClientError

from awstape import __version__
from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.catalog.service_models import load_models
from awstape.opening import open_for_replay
from awstape.program import servers
from awstape.tape import Tape
from support.demo_takes import NO_USERS, TWO_TAKES
from support.misses import not_recorded, not_replayed
from support.tips import Tip

CASSETTE = f"version: 1\n{TWO_TAKES}{NO_USERS}"
GET_ROLE = "Action=GetRole&Version=2010-05-08&RoleName=demo"
LIST_USERS = "Action=ListUsers&Version=2010-05-08"
MISS = "Action=ListGroups&Version=2010-05-08"
UNPLAYED_ROLE = {
    "service": "iam",
    "operation": "GetRole",
    "region": None,
    "account": None,
    "identity": {"RoleName": "demo"},
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """One connection to a replay, and its tape."""

    tape: Tape
    connection: http.client.HTTPConnection

    def ask(self, method: str, path: str, body: str = "") -> Answer:
        self.connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200
        return answer.json

    def reset(self, path: str = "/~/reset") -> Any:
        answer = self.ask("POST", path)
        assert answer.status == 200
        return answer.json

    def call(self, form: str, path: str = "/") -> str:
        """The response to an AWS call, as the word in it that distinguishes it from others."""
        body = self.ask("POST", path, form).body.decode()
        words = ("first", "second", "<Users/>", "Throttling", "CassetteMiss")
        return next(word for word in words if word in body)

    def misses(self, path: str = "/~/misses") -> list[str]:
        return [miss["operation"] for miss in self.get(path)["misses"]]


@contextmanager
def replaying(folder: Path, *faults: str) -> Iterator[Client]:
    path = folder / "tape.yaml"
    path.write_text(CASSETTE)
    tape = open_for_replay([path], {"HOME": str(folder)}, faults=faults)
    with servers.run_in_background(servers.serve_endpoint(tape, 0)) as (url, _):
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        try:
            yield Client(tape, connection)
        finally:
            connection.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with replaying(tmp_path) as client:
        yield client


def test_no_path_of_a_service_begins_with_a_tilde() -> None:
    """Nor with a URI label, such as `/{Name}`, which may hold anything."""
    uris = [
        operation["http"]["requestUri"]
        for service in DEFAULT_SERVICES
        for operation in botocore.loaders.Loader().load_service_model(service, "service-2")["operations"].values()
    ]
    assert len(uris) == sum(len(service.operations) for service in load_models().recognised) > 200
    assert [uri for uri in uris if not uri.startswith("/") or uri.startswith(("/~", "/{"))] == []


QUEUE = """\
version: 1
---
service: sqs
operation: GetQueueUrl
region: us-east-1
identity: {QueueName: jobs}
pages:
- output: {QueueUrl: https://sqs.us-east-1.amazonaws.com/111122223333/jobs}
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_queue_urls_lead_back_to_the_endpoint_and_session(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "tape.yaml"
    path.write_text(QUEUE)
    tape = open_for_replay([path], {"HOME": str(tmp_path)})
    with (
        servers.workers_for(tape, workers) as processes,
        servers.run_in_background(servers.serve_endpoint(tape, 0, workers=processes)) as (url, _),
    ):
        for _ in range(2):  # also where the answer is known
            for prefix in ("", "/~one", "/%7Etwo"):
                asked = urllib.request.Request(
                    f"{url}{prefix}",
                    b'{"QueueName": "jobs"}',
                    {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.GetQueueUrl"},
                )
                with urllib.request.urlopen(asked) as answer:
                    assert json.load(answer) == {"QueueUrl": f"{url}{prefix}/111122223333/jobs"}


# --- what is there ---


@pytest.mark.parametrize("path", ["/~/health", "/~/health/", "/~/health?x=1", "/~demo/~/health"])
def test_health_tells_what_is_served(client: Client, path: str) -> None:
    counts = {"tracks": 2, "takes": 3, "pages": 3}
    assert client.get(path) == {
        "status": "ok", "version": __version__, **counts, "paging": "recorded", "faults": []
    }  # fmt: skip


def test_health_tells_the_faults(tmp_path: Path) -> None:
    with replaying(tmp_path, "throttle  GetRole   times=2", "slow seconds=1234.567") as client:
        assert client.get("/~/health")["faults"] == ["throttle GetRole times=2", "slow seconds=1234.567"]


def test_control_paths_play_no_take(client: Client) -> None:
    for path in ("/~/health", "/~/misses", "/~demo/~/misses"):
        client.get(path)
    client.ask("GET", "/~/nothing")
    client.ask("POST", "/~/health")
    assert client.misses() == []
    assert client.get("/~/misses")["unplayed"] == [
        {**UNPLAYED_ROLE, "take": 1, "pages": 1},
        {**UNPLAYED_ROLE, "take": 2, "pages": 1},
        {
            "service": "iam",
            "operation": "ListUsers",
            "region": None,
            "account": None,
            "identity": {},
            "take": 1,
            "pages": 1,
        },
    ]


def test_misses_name_the_differences(client: Client) -> None:
    client.call(GET_ROLE.replace("demo", "dome"))
    (miss,) = client.get("/~/misses")["misses"]
    assert (miss["kind"], miss["operation"], miss["nearest"]) == ("identity", "iam GetRole", UNPLAYED_ROLE)
    (difference,) = miss["differences"]
    assert (difference["member"], difference["cassette"]) == ("RoleName", '"demo"')
    assert miss["text"].startswith(f"{not_recorded('iam GetRole')}\n")


# --- what is not there ---


@pytest.mark.parametrize(
    "path",
    "/~/ /~/nothing /~/healthy /~/health/more /~/HEALTH /~//health /~demo/~/ /~demo/~/healthy".split(),
)
def test_an_unknown_control_path_is_a_404(client: Client, path: str) -> None:
    answer = client.ask("GET", path)
    assert answer.status == 404
    tip = Tip("the paths of awstape are /~/health, /~/misses, /~/reset and /~NAME/…")
    health, misses, reset = re.findall(r"/~/\w+", tip.printed(answer.json["error"]))
    assert [client.ask("GET", each).status for each in (health, misses)] == [200, 200]
    assert client.ask("POST", reset).status == 200


@pytest.mark.parametrize("path", ["/~", "/~demo/~", "/~a/~b/", "/~tests/test_a.py::test_one", f"/~{'a' * 201}/"])
def test_a_path_without_a_session_name_is_a_miss(client: Client, path: str) -> None:
    answer = client.ask("POST", path, LIST_USERS)
    assert (answer.status, answer.headers["x-awstape-miss"]) == (400, "true")
    assert b"iam accepts requests at the path / only; the prefix of a replay session is /~NAME" in answer.body
    assert len(client.misses()) == 1


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/~/health", "GET, HEAD"),
        ("DELETE", "/~/misses", "GET, HEAD"),
        ("POST", "/~demo/~/misses/", "GET, HEAD"),
        ("GET", "/~/reset", "POST"),
        ("HEAD", "/~demo/~/reset", "POST"),
    ],
)
def test_a_wrong_method_is_a_405_with_the_right_one(client: Client, method: str, path: str, allowed: str) -> None:
    client.call(GET_ROLE, "/~demo")
    answer = client.ask(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert client.call(GET_ROLE, "/~demo") == "second", "a reset that was refused resets nothing"


def test_a_probe_may_ask_for_the_head_only(client: Client) -> None:
    answer = client.ask("HEAD", "/~/health")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(client.ask("GET", "/~/health").body)


# --- whom it answers ---


@pytest.mark.parametrize("path", ["/", "/~one", "/~/health", "/~/misses", "/~/reset", "/~one/~/reset"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=["rebinding", "page", "sandbox", "image"],
)
def test_pages_of_others_are_not_answered(client: Client, path: str, headers: dict[str, str]) -> None:
    client.call(GET_ROLE)
    for method in ("GET", "POST", "OPTIONS"):
        client.connection.request(method, path, headers=headers)
        response = client.connection.getresponse()
        text = response.read().decode()
        assert (response.status, text.split()[0]) == (421, "awstape")
        assert not [name for name, _ in response.getheaders() if name.lower().startswith("access-control")]
    assert client.call(GET_ROLE) == "second", "nothing was reset, no take was taken"


@pytest.mark.parametrize("host", ["localhost:1", "awstape", "host.docker.internal", "iam.amazonaws.com", "[::1]:80"])
def test_programs_may_call_it_by_names_of_their_networks(client: Client, host: str) -> None:
    client.connection.request("GET", "/~/health", headers={"Host": host, "Origin": "http://localhost:3000"})
    response = client.connection.getresponse()
    assert json.loads(response.read())["status"] == "ok"
    assert response.getheader("access-control-allow-origin") is None


# --- sessions ---


def test_each_session_begins_with_the_first_take(client: Client) -> None:
    for path in ("/", "/~one", "/~two/", "/~three/"):
        assert [client.call(GET_ROLE, path) for _ in range(3)] == ["first", "second", "second"]


@pytest.mark.parametrize(
    "name",
    [
        "~",
        "~~",
        ".",
        "..",
        "a.b",
        "a:b@c",
        "-",
        "%20",
        "%2F",
        "%7E",
        "M%C3%BCller",
        "'(x)*",
        "health",
        "reset",
        "a" * 200,
    ],
)
def test_a_session_may_have_any_name(client: Client, name: str) -> None:
    assert [client.call(GET_ROLE, path) for path in (f"/~{name}", f"/~{name}/")] == ["first", "second"]
    assert client.call(GET_ROLE) == "first", "it is not everybody's"
    client.call(MISS, f"/~{name}")
    assert client.misses(f"/~{name}/~/misses") == ["iam ListGroups"]
    assert client.reset(f"/~{name}/~/reset") == {"reset": name}
    assert client.call(GET_ROLE, f"/~{name}") == "first"


def test_a_session_has_its_own_misses(client: Client) -> None:
    client.call(MISS, "/~one")
    client.call(LIST_USERS, "/~one/")
    client.call(GET_ROLE, "/~two")
    assert client.misses("/~one/~/misses") == client.misses("/~one/~/misses/") == ["iam ListGroups"]
    assert client.misses("/~two/~/misses") == client.misses("/~never/~/misses") == []
    assert client.misses() == ["iam ListGroups"]

    def unplayed(path: str) -> list[tuple[str, int]]:
        return [(track["operation"], track["take"]) for track in client.get(path)["unplayed"]]

    assert unplayed("/~one/~/misses") == [("GetRole", 1), ("GetRole", 2)]
    assert unplayed("/~two/~/misses") == [("GetRole", 2), ("ListUsers", 1)]
    assert unplayed("/~never/~/misses") == [("GetRole", 1), ("GetRole", 2), ("ListUsers", 1)]
    assert unplayed("/~/misses") == [("GetRole", 2)]


def test_a_session_has_its_own_faults(tmp_path: Path) -> None:
    with replaying(tmp_path, "throttle GetRole") as client:
        for path in ("/", "/~one", "/~two"):
            assert [client.call(GET_ROLE, path) for _ in range(2)] == ["Throttling", "first"]


# --- reset ---


def test_takes_and_faults_begin_anew_after_a_reset(tmp_path: Path) -> None:
    with replaying(tmp_path, "throttle GetRole") as client:
        for path in ("/", "/~one"):
            assert [client.call(GET_ROLE, path) for _ in range(3)] == ["Throttling", "first", "second"]
        assert client.reset("/~one/~/reset") == {"reset": "one"}
        assert client.call(GET_ROLE) == "second"
        assert [client.call(GET_ROLE, "/~one") for _ in range(3)] == ["Throttling", "first", "second"]
        assert client.reset() == {"reset": "all sessions"}
        for path in ("/", "/~one"):
            assert [client.call(GET_ROLE, path) for _ in range(2)] == ["Throttling", "first"]


def test_what_a_reset_forgets_stays_in_the_report(client: Client) -> None:
    client.call(MISS)
    client.call(MISS, "/~one")
    client.call(LIST_USERS, "/~one")
    client.reset("/~one/~/reset")
    assert client.misses("/~one/~/misses") == []
    client.reset()
    assert client.misses() == []
    client.call(MISS, "/%7Eone")
    assert client.misses("/~one/~/misses") == client.misses() == ["iam ListGroups"]
    player = client.tape.player
    assert player
    assert [miss.operation for miss in player.misses] == ["iam ListGroups"] * 3
    assert {track.operation for track, _, _ in player.takes_not_replayed()} == {"GetRole"}


def test_a_reset_of_an_unknown_session_changes_nothing(client: Client) -> None:
    client.call(GET_ROLE)
    assert client.reset("/~never/~/reset/") == {"reset": "never"}
    assert client.call(GET_ROLE) == "second"


@pytest.mark.parametrize("service", ["sts", "dynamodb"])
def test_another_service_is_refused_in_a_format_that_it_speaks(client: Client, service: str) -> None:
    keys = {"aws_access_key_id": "fake", "aws_secret_access_key": "fake", "region_name": "us-east-1"}
    asking = boto3.client(service, endpoint_url=f"http://127.0.0.1:{client.connection.port}", **keys)
    with pytest.raises(ClientError) as caught:
        asking.list_tables() if service == "dynamodb" else asking.get_caller_identity()
    error = caught.value.response["Error"]
    assert error["Code"] == "CassetteMiss" and error["Message"].startswith(not_replayed(service))
    asking.close()
