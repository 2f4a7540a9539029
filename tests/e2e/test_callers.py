"""An audit of several accounts in one run: each caller sees its own data again, with the key and by aliases."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from awstape.core.aws.access_keys import access_key_of_account
from e2e import warm
from e2e.harness import Machine, to_upstream

#: Access key ids: of two accounts, and one that tells none. The account at index N has N + 1 roles.
CALLERS = (access_key_of_account("111122223333"), access_key_of_account("444455556666"), "AKIAEXAMPLE000000000")
AUDIT = """
import boto3, sys
for id_ in sys.argv[1:]:
    iam = boto3.Session(aws_access_key_id=id_, aws_secret_access_key="fake", region_name="us-east-1").client("iam")
    print(len(iam.list_roles()["Roles"]), flush=True)
"""


class Accounts(ThreadingHTTPServer):
    """A stand-in for AWS whose answer depends on the caller. calls: how often each index of `CALLERS` asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls = Counter[int]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Accounts

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        found = re.search("Credential=([^/]*)/", self.headers["authorization"])
        assert found
        number = CALLERS.index(found[1])
        self.server.calls[number] += 1
        roles = "<member><RoleName>x</RoleName></member>" * (number + 1)
        result = f"<ListRolesResult><IsTruncated>false</IsTruncated><Roles>{roles}</Roles></ListRolesResult>"
        body = f'<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">{result}</ListRolesResponse>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def accounts() -> Iterator[Accounts]:
    with Accounts() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def audit(*callers: str) -> tuple[str, ...]:
    return warm.python(), "-c", AUDIT, *callers


@pytest.mark.parametrize("way", [(), ("--proxy",)], ids=["endpoint", "proxy"])
def test_each_caller_sees_its_own_data_again(
    way: tuple[str, ...], machine: Machine, stranger: Machine, accounts: Accounts, cassette: Path
) -> None:
    machine.awstape("record", cassette, *to_upstream(accounts.url), "--", *audit(*CALLERS)).ok()
    assert accounts.calls == {0: 1, 1: 1, 2: 1}
    text = cassette.read_text("utf-8")
    assert not any(real in text for real in (*CALLERS, "111122223333", "444455556666"))

    run = machine.awstape("replay", cassette, "--strict", *way, "--", *audit(*CALLERS[::-1]), CALLERS[1]).ok()
    assert run.out == "3\n2\n1\n2\n"

    aliases = [each["account"] for each in machine.awstape("ls", cassette, "--json").json]
    first = text.partition("account: ")[2].split()[0].strip("'")
    ids = [machine.awstape("env", "--caller", alias, "--json").json["AWS_ACCESS_KEY_ID"] for alias in aliases]
    run = stranger.awstape("replay", cassette, "--strict", *way, "--", *audit(*ids)).ok()
    assert sorted(run.out.split()) == ["1", "2", "3"], "without the key, by aliases"
    assert f"credentials are those of {first}; those of " in run.err

    missed = stranger.awstape("replay", cassette, *way, "--", *audit("AKIASTRANGER"))
    assert missed.status == 1
    assert "the cassette doesn't know the caller; it knows " in missed.err
    assert "AKIASTRANGER" not in missed.err


def test_the_caller_whose_credentials_are_in_the_environment_stays(
    machine: Machine, stranger: Machine, accounts: Accounts, cassette: Path
) -> None:
    """`eval "$(awstape env --caller ALIAS)"`, then `awstape replay`: the program is this caller, not the first one."""
    program = AUDIT.replace("sys.argv[1:]", "[None]").replace('id_, aws_secret_access_key="fake"', "id_")
    asking = warm.python(), "-c", program
    machine.awstape("record", cassette, *to_upstream(accounts.url), "--", *audit(*CALLERS[:2])).ok()
    aliases = [each["account"] for each in machine.awstape("ls", cassette, "--json").json]
    found = []
    for alias in aliases:
        chosen = machine.awstape("env", "--caller", alias, "--json").json
        chosen = {name: value for name, value in chosen.items() if value is not None}
        run = stranger.awstape("replay", cassette, "--", *asking, **chosen)
        assert f"credentials are those of {alias}; those of " in run.err
        found.append(run.out)
    assert sorted(found) == ["1\n", "2\n"]


def test_new_episodes_record_another_caller_beside_the_first(
    machine: Machine, accounts: Accounts, cassette: Path
) -> None:
    upstream = to_upstream(accounts.url)
    machine.awstape("record", cassette, *upstream, "--", *audit(CALLERS[0])).ok()
    header = cassette.read_text("utf-8").split("---")[0]
    both = machine.awstape("record", cassette, "--mode", "new_episodes", *upstream, "--", *audit(*CALLERS[:2])).ok()
    assert both.out == "1\n2\n"
    assert accounts.calls == {0: 1, 1: 1}, "the first one is answered from the cassette, the second one is not"
    found = json.loads(machine.awstape("ls", cassette, "--json").ok().out)
    assert [each["operation"] for each in found] == ["ListRoles", "ListRoles"]
    assert cassette.read_text("utf-8").startswith(header)
