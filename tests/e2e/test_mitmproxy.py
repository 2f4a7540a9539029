"""The addon in mitmproxy's own programs."""

import asyncio
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from mitmproxy.http import HTTPFlow, Response
from mitmproxy.options import Options
from mitmproxy.test import taddons, tflow

from awstape import addon
from awstape.cli.main import cli
from e2e.conftest import Recorded
from e2e.harness import BIN, LIST_EVERYTHING, TIMEOUT, Machine, Run, calls
from e2e.renaming import renaming
from e2e.test_secrecy import is_clean
from support.misses import not_recorded
from support.standin import StandIn
from support.tips import Tip

ADDON = addon.__file__
NO_USERS = """\
<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ListUsersResult>
    <IsTruncated>false</IsTruncated>
    <Users/>
  </ListUsersResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-4000-8000-000000000000</RequestId>
  </ResponseMetadata>
</ListUsersResponse>
"""
#: The real program; "mitmdump" is a fork of `e2e.warm`.
MITMDUMP = str(BIN / "mitmdump")
LIST_USERS = calls("print(len(iam.list_users()['Users']))")


def arguments(machine: Machine, *options: str) -> tuple[str, ...]:
    """Returns the command-line arguments of mitmdump and mitmweb."""
    sets = (f"confdir={machine.home / 'conf'}", *options)
    listen = ("--listen-host", "127.0.0.1", "--listen-port", "0")
    return ("-s", str(ADDON), *listen, *(part for option in sets for part in ("--set", option)))


def to_upstream(aws: StandIn) -> tuple[str, ...]:
    return (f"awstape_upstream={aws.url}",)


@dataclass(frozen=True)
class Mitm:
    """A running mitmdump or mitmweb."""

    process: subprocess.Popen[str]
    environ: dict[str, str]

    def stop(self) -> Run:
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=TIMEOUT)
        return Run(self.process.returncode, out, err)


@contextmanager
def mitm(machine: Machine, *command: str) -> Iterator[Mitm]:
    """Runs one of mitmproxy's programs; yields it with the environment of a program that uses it as its proxy."""
    with machine.process(*command, PYTHONUNBUFFERED="1") as process:
        assert process.stdout
        output = []
        for line in process.stdout:
            output.append(line)
            if found := re.search(r"proxy.* listening at (127\.0\.0\.1:\d+)", line):
                break
        else:
            pytest.fail("".join(output))
        yield Mitm(process, through(machine, found[1]))


def through(machine: Machine, address: str) -> dict[str, str]:
    return {
        "HTTPS_PROXY": f"http://{address}",
        "AWS_CA_BUNDLE": str(machine.home / "conf" / "mitmproxy-ca-cert.pem"),
        "AWS_ACCESS_KEY_ID": "AWSTAPE",  # as `awstape record` gives to programs with --upstream
        "AWS_SECRET_ACCESS_KEY": "fake",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def import_and_compare(file: Path, cassette: Path) -> str:
    """Imports a file that mitmproxy saved; asserts that the result equals the cassette; returns the output."""
    imported = file.with_suffix(".yaml")
    result = CliRunner().invoke(cli, ["import", str(file), "-o", str(imported)], standalone_mode=False)
    assert result.return_value == 0, result.output
    assert imported.read_bytes() == cassette.read_bytes()
    assert is_clean(result.output)
    return result.output


def test_awstape_prints_the_path_of_the_addon(machine: Machine) -> None:
    assert machine.awstape("addon").ok().out == f"{ADDON}\n"


def test_mitmdump_records_and_replays(
    recorded: Recorded, owner: Machine, aws: StandIn, cassette: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flows, har = tmp_path / "flows", tmp_path / "dump.har"
    options = f"awstape_cassette={cassette}", f"save_stream_file={flows}", f"hardump={har}", *to_upstream(aws)
    with mitm(owner, MITMDUMP, *arguments(owner, *options)) as dump:
        assert owner.run(*LIST_EVERYTHING, **dump.environ).json == recorded.seen
        run = dump.stop()
    assert f"recorded {cassette}: 16 tracks, " in run.out
    assert cassette.read_bytes() == recorded.cassette.read_bytes()
    monkeypatch.setenv("AWSTAPE_KEY", recorded.key)
    import_and_compare(flows, recorded.cassette)
    import_and_compare(har, recorded.cassette)
    with flows.open("ab") as file:
        file.write(b"9999:9:websocket;DeployRole")
    assert "1 × the file is damaged here" in import_and_compare(flows, recorded.cassette)
    with mitm(owner, MITMDUMP, *arguments(owner, f"awstape_replay={cassette}")) as dump:
        assert renaming(recorded.seen, owner.run(*LIST_EVERYTHING, **dump.environ).json)
        assert owner.run(*calls("iam.list_role_tags(RoleName='Fake')"), **dump.environ).out == "400 CassetteMiss\n"
        run = dump.stop()
    assert f"miss: {not_recorded('iam ListRoleTags')}" in run.out
    assert "not replayed" not in run.out
    assert aws.calls == recorded.calls


def test_mitmdump_records_and_replays_as_a_reverse_proxy(machine: Machine, aws: StandIn, cassette: Path) -> None:
    """For programs that ignore HTTPS_PROXY; calls are recognised by their signature, under whatever host."""
    program = calls("print(len(iam.list_users()['Users']))", "print(len(analyzer.list_analyzers()['analyzers']))")
    reverse = ("--mode", f"reverse:{aws.url}")
    seen = []
    for option in (f"awstape_cassette={cassette}", f"awstape_replay={cassette}"):
        with mitm(machine, "mitmdump", *arguments(machine, option), *reverse) as dump:
            url = dump.environ.pop("HTTPS_PROXY")
            seen.append(machine.run(*program, **dump.environ, AWS_ENDPOINT_URL=url).ok().out)
            run = dump.stop()
        assert "miss" not in run.out and "no call to record" not in run.out
    assert seen[0] == seen[1]
    assert aws.calls == {"ListUsers": 1, "ListAnalyzers": 1}


def test_following_what_mitmdump_says_of_writes_misses_and_keys(machine: Machine, aws: StandIn, cassette: Path) -> None:
    """Its options are those of mitmproxy, not of the command line."""
    create = calls("iam.create_role(RoleName='zfake', AssumeRolePolicyDocument='{}')")

    def run(program: tuple[str, ...], *options: str) -> str:
        with mitm(machine, "mitmdump", *arguments(machine, *options, *to_upstream(aws))) as dump:
            machine.run(*program, **dump.environ)
            return dump.stop().out

    said = run(create, f"awstape_cassette={cassette}")
    option = Tip("--set awstape_include_writes=true").take(said, "--set (.*)")
    assert f"recorded {cassette}: 1 track" in run(create, f"awstape_cassette={cassette}", option)

    said = run(LIST_USERS, f"awstape_replay={cassette}")
    command = Tip('mitmdump -s "$(awstape addon)"').take(said.partition("to record it: ")[2], "mitmdump.*")
    assert machine.run("sh", "-c", f"echo {command.partition(' --set')[0]}").ok().out == f"mitmdump -s {ADDON}\n"
    rest = said.partition(command)[2].splitlines()[0]
    assert Tip("--set awstape_{}={}").printed(rest)
    options = [word for word in shlex.split(rest) if word != "--set"]
    assert f"recorded {cassette}: 1 track" in run(LIST_USERS, *options)
    assert "miss" not in run(LIST_USERS, f"awstape_replay={cassette}")

    machine.environ["AWSTAPE_KEY"] = "another fake key"
    failed = machine.run("mitmdump", *arguments(machine, f"awstape_cassette={cassette}", *to_upstream(aws)))
    tip = Tip("to drop everything that is recorded, and record it with a key of your own: {}")
    options = [word for word in shlex.split(tip.take(failed.out, r'addon\)" (.*)\)')) if word != "--set"]
    assert f"recorded {cassette}: 1 track" in run(LIST_USERS, *options)


def test_following_what_mitmdump_says_of_services(machine: Machine, aws: StandIn, cassette: Path) -> None:
    """The stand-in's address is that of both services; without the option, it is recognised by the signature."""
    analyzers = calls("print(len(analyzer.list_analyzers()['analyzers']))")

    def run(*options: str) -> str:
        sets = arguments(machine, f"awstape_cassette={cassette}", *to_upstream(aws), *options)
        with mitm(machine, "mitmdump", *sets) as dump:
            machine.run(*analyzers, AWS_MAX_ATTEMPTS="1", **dump.environ)
            return dump.stop().out

    said = run("awstape_service=iam")
    options = Tip("  not recorded: {}; to record these as well: {}").take(said, "--set .*")
    assert Tip("--set awstape_service={}").printed(options)
    assert "recorded" in run(*[word for word in options.split() if word != "--set"])
    assert "ListAnalyzers" in cassette.read_text()


def test_the_option_of_mitmproxy_that_adds_cas_exists() -> None:
    tip = Tip("set the CAs to trust: --set ssl_verify_upstream_trusted_ca=FILE")
    assert tip.take(addon._ADVICE.trust, r"--set (\w+)") in Options()


def test_mitmdump_tells_what_passed_it(machine: Machine, aws: StandIn, cassette: Path) -> None:
    reverse = ("--mode", f"reverse:{aws.url}")
    with mitm(machine, "mitmdump", *arguments(machine, f"awstape_cassette={cassette}"), *reverse) as dump:
        machine.run("curl", "-s", f"{dump.environ['HTTPS_PROXY']}/health").ok()
        run = dump.stop()
    assert "what passed the proxy, 1 request, was for other services and hosts" in run.out
    assert "bypasses" not in run.out


def test_mitmdump_ends_when_an_option_is_wrong(machine: Machine) -> None:
    run = machine.run("mitmdump", *arguments(machine, "awstape_replay=no-such.yaml"))
    assert run.status == 1
    assert "OptionsError: no-such.yaml: " in run.out


def test_changed_options_end_and_write_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets options during a recording, as users can in mitmproxy's console."""
    monkeypatch.setenv("AWSTAPE_KEY", "a fake key for the console")
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"

    async def ask_for_users(tape: addon.Awstape) -> HTTPFlow:
        flow = tflow.tflow()
        flow.request.host, flow.request.headers["host"] = ["iam.amazonaws.com"] * 2
        flow.request.path = "/?Action=ListUsers&Version=2010-05-08"
        await tape.request(flow)
        return flow

    async def change_options() -> None:
        tape = addon.Awstape()
        with taddons.context(tape) as context:  # type: ignore[no-untyped-call]
            context.configure(tape, awstape_cassette=str(first))
            flow = await ask_for_users(tape)
            flow.response = Response.make(200, NO_USERS)
            await tape.response(flow)
            assert not first.exists()
            context.configure(tape, awstape_cassette=str(second))
            assert "operation: ListUsers\n" in first.read_text("utf-8")
            context.configure(tape, awstape_cassette="", awstape_replay=[str(first)])
            assert (response := (await ask_for_users(tape)).response)
            assert response.status_code == 200
            context.configure(tape, awstape_replay=[])
            assert (await ask_for_users(tape)).response is None

    asyncio.run(change_options())
    assert not second.exists()


def test_mitmweb_records(machine: Machine, aws: StandIn, cassette: Path) -> None:
    web = ("mitmweb", "--no-web-open-browser", "--web-port", "0")
    with mitm(machine, *web, *arguments(machine, f"awstape_cassette={cassette}", *to_upstream(aws))) as running:
        assert machine.run(*LIST_USERS, **running.environ).ok().out == "0\n"
        running.stop()
    assert "operation: ListUsers\n" in cassette.read_text("utf-8")
