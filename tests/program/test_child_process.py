"""A program under awstape: it receives signals, its exit status is kept, and it doesn't outlive awstape."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from awstape.errors import UserError
from awstape.program.child_process import run_program

# Signals are for a process of its own: pytest may have threads that don't hold them back.
DRIVER = """
import asyncio, os, sys
from awstape.program import child_process
with child_process.signals_blocked():
    {before}
    warn = lambda line: print(line, file=sys.stderr)
    status = asyncio.run(child_process.run_program(sys.argv[1:], os.environ, warn))
    print("ended", flush=True)
sys.exit(child_process.exit_like(status))
"""
#: Tells each signal, and ends with the count at SIGUSR2.
LISTENER = """
import os, signal, sys
count = 0
def hear(number, frame):
    global count
    count += 1
    os.write(1, f"{signal.Signals(number).name}\\n".encode())  # print would fail within the other print
    if number == signal.SIGUSR2:
        sys.exit(count)
for name in "INT TERM HUP QUIT USR1 USR2".split():
    signal.signal(getattr(signal, "SIG" + name), hear)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def under_awstape(*command: str, before: str = "") -> list[str]:
    return python(DRIVER.format(before=before), *command)


@contextmanager
def started(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Runs a process in a process group of its own, which is killed afterwards."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def rest_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The rest of its output. `communicate` would miss what was read ahead with a line."""
    assert process.stdout and process.stderr
    said = process.stdout.read(), process.stderr.read()
    process.wait(60)
    return said


# --- its end ---


@pytest.mark.parametrize(
    ("script", "status"), [("true", 0), ("exit 7", 7), ("kill -KILL $$", -signal.SIGKILL), ("kill $$", -signal.SIGTERM)]
)
def test_the_exit_status_is_passed_on(script: str, status: int) -> None:
    assert asyncio.run(run_program(["sh", "-c", script], os.environ, pytest.fail)) == status


@pytest.mark.parametrize("name", ["INT", "TERM", "KILL", "SEGV"])
def test_awstape_dies_as_the_program_died(name: str, tmp_path: Path) -> None:
    done = subprocess.run(under_awstape("sh", "-c", f"kill -{name} $$"), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == -signal.Signals[f"SIG{name}"]
    assert (done.stdout, done.stderr) == ("ended\n", "")
    assert not list(tmp_path.iterdir()), "a core dump"


def test_a_shell_sees_the_signal() -> None:
    script = '"$@"; echo $?'
    command = ["sh", "-c", script, "sh", *under_awstape("sh", "-c", "kill -TERM $$")]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "ended\n143\n"


@pytest.mark.parametrize(
    ("command", "reason", "status"),
    [
        (["/nowhere/program"], "No such file or directory", 127),
        (["no-such-program-anywhere"], "No such file or directory", 127),
        ([str(Path(__file__).parent)], "Permission denied", 126),
        (["true", "nul\0"], "an argument holds a NUL, or no Unicode", 126),
    ],
)
def test_a_program_that_cannot_be_started_is_named(command: list[str], reason: str, status: int) -> None:
    with pytest.raises(UserError) as caught:
        asyncio.run(run_program(command, os.environ, pytest.fail))
    assert caught.value.problem == f"{command[0]}: can't be started: {reason}"
    assert caught.value.tip
    assert caught.value.status == status


# --- signals ---


def test_signals_are_passed_on() -> None:
    with started(*under_awstape(*python(LISTENER))) as process:
        assert line_of(process) == "ready"
        for name in ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2"):
            process.send_signal(signal.Signals[f"SIG{name}"])
            assert line_of(process) == f"SIG{name}"
        assert rest_of(process) == ("ended\n", "")
        assert process.returncode == 6


def test_ctrl_c_reaches_the_program_once() -> None:
    """A pseudo-terminal sends it to its foreground group."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = under_awstape(*python(LISTENER))
        os.execv(command[0], command)
    try:
        assert read_until(terminal, b"ready")
        os.write(terminal, b"\x03")
        assert read_until(terminal, b"SIGINT")
        os.kill(pid, signal.SIGUSR2)  # passed on behind anything that was to be passed on before
        assert read_until(terminal, b"ended")
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)  # which ends what still runs
    assert os.waitstatus_to_exitcode(status) == 2


def read_until(terminal: int, text: bytes) -> bool:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 1024)
    return seen.count(text) == 1


def test_a_second_sigterm_kills() -> None:
    """Two at once, as `timeout` sends them to the process and to its group, count as one."""
    with started(*under_awstape(*python(LISTENER))) as process:
        assert line_of(process) == "ready"
        process.send_signal(signal.SIGTERM)
        assert line_of(process) == "SIGTERM"
        process.send_signal(signal.SIGTERM)
        assert line_of(process) == "SIGTERM"
        with suppress(subprocess.TimeoutExpired):
            process.wait(1.1)
        process.send_signal(signal.SIGTERM)
        out, err = rest_of(process)
    assert (process.returncode, out) == (-signal.SIGKILL, "ended\n")
    assert err.startswith("second SIGTERM: killing the program, process ")


def test_a_signal_before_the_program_started_ends_it() -> None:
    early = under_awstape("echo", "started", before="os.kill(os.getpid(), 2)")
    done = subprocess.run(early, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (-signal.SIGINT, "ended\n")


def test_what_is_ignored_stays_ignored() -> None:
    """As under nohup."""
    script = 'trap "" HUP; exec "$@"'
    program = "import os, signal; print(signal.getsignal(1) == signal.SIG_IGN); os.kill(os.getppid(), 1)"
    command = ["sh", "-c", script, "sh", *under_awstape(*python(program), before="os.kill(os.getpid(), 1)")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nended\n", "")


# --- no orphan ---


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent's end")
def test_the_program_ends_when_awstape_is_killed() -> None:
    with started(*under_awstape(*python(LISTENER))) as process:
        assert line_of(process) == "ready"
        process.kill()
        process.wait()
        assert line_of(process) == "SIGTERM"


def test_the_program_ends_when_awstape_fails(capfd: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        script = "echo $$ >&2; trap 'exit 0' TERM; while :; do sleep 0.05; done"
        running = asyncio.create_task(run_program(["sh", "-c", script], os.environ, pytest.fail))
        await asyncio.sleep(0.2)
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(main())
    program = int(capfd.readouterr().err)
    with pytest.raises(ChildProcessError):  # not even a zombie
        os.waitpid(program, os.WNOHANG)
    with pytest.raises(ProcessLookupError):
        os.kill(program, 0)


# --- nothing sticks to it ---


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells it")
def test_the_program_has_what_it_would_have_by_itself() -> None:
    """Signals, umask, open files, priority, folder, environment: without a locale, Python adds one to its own."""
    show = "grep -E '^(Sig(Blk|Ign|Cgt)|Umask)' /proc/self/status; ls /proc/self/fd; nice; pwd; env | sort"
    odd = "umask 027; trap '' USR1; exec nice -n 3 \"$@\""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environ = {**kept, "AWSTAPE_KEY": "a fake key, which is the user's own"}
    seen = [
        subprocess.check_output(["sh", "-c", odd, "sh", *prefix, "sh", "-c", show], env=environ, text=True)
        for prefix in ([], under_awstape())
    ]
    assert seen[0] + "ended\n" == seen[1]


def test_pipes_and_big_outputs_go_through() -> None:
    command = under_awstape("sh", "-c", "yes | head -1; head -c 3000000 /dev/zero; cat")
    done = subprocess.run(command, input=b"from stdin", capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"y\n" + bytes(3000000) + b"from stdinended\n"
