"""Each use of a platform-specific feature in the source, and the behaviour on other platforms.

Linux and macOS run everything. On Windows, replay, the command line and pytest run; recording doesn't.
"""

from __future__ import annotations

import ast
import json
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from examples import PROGRAMS, ROOT, environment
from support.paths import GUIDE

PACKAGE = ROOT / "proxy" / "awstape"
AS_ON_WINDOWS = PROGRAMS / "as_on_windows.py"

#: Features that some platforms lack or implement differently: modules, names of `os` and `signal`.
MODULES = {*"ctypes fcntl grp msvcrt posix pty pwd resource syslog termios tty winreg".split()}
SIGNALS = {*"SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH".split()}
CALLS_OF_SIGNAL = {*"alarm pthread_kill pthread_sigmask setitimer sigpending sigwait sigwaitinfo sigtimedwait".split()}
CALLS_OF_OS = {
    *(
        "chmod chown fchmod fchown fork forkpty getegid geteuid getgid getpgid getpgrp getuid initgroups kill killpg "
        "link mkfifo mknod name nice openpty set_blocking setegid seteuid setgid setpgid setsid setuid symlink "
        "tcgetpgrp umask O_BINARY O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK"
    ).split()
}
METHODS = {"add_signal_handler", "chmod", "hardlink_to", "symlink_to"}
ARGUMENTS = {"preexec_fn", "process_group", "start_new_session"}
FILES = ("/dev/", "/proc/")

NO_FOLLOWER = "Windows: no process follows a recording, which does all the work itself"
NO_RECORDING = "used by recording only, which doesn't run on Windows"
NO_PROGRAM = "Windows: no program is run, so no signals are forwarded; UserError"
NO_WORKERS = "Windows has no forks: a replay is one process; UserError"
NO_MODES = "Windows has no modes: the location of a folder protects it and its files from other users"
#: (name of the module's file, feature that it uses) → behaviour on other platforms.
BOUND = {
    ("atomic_writes", "fcntl"): "Windows: if two processes write one cassette at the same time, the last one wins",
    ("atomic_writes", "os.chmod"): f"{NO_MODES}; a read-only file stays read-only",
    ("atomic_writes", "os.fchown"): NO_MODES,
    ("atomic_writes", "os.umask"): "Windows: it does not affect other users",
    ("atomic_writes", "sys.platform"): "Windows: folders are not synced, and cassettes not locked",
    ("certificate_authority", "os.geteuid"): "Windows: the owner of the CA's key is not checked",
    ("certificate_authority", "os.name"): NO_MODES,
    ("configured_endpoints", "os.name"): "Windows: the configuration is in USERPROFILE, as in botocore",
    ("child_process", "'sigwaitinfo'"): "macOS lacks it: the terminal's foreground group shows who sent a signal",
    ("child_process", "/dev/tty"): NO_PROGRAM,
    (
        "child_process",
        "/proc/self/environ",
    ): "elsewhere the file is missing: a program gets the LC_CTYPE that Python has set",
    (
        "child_process",
        "ctypes",
    ): "Linux only: elsewhere a program outlives a killed awstape, and a core is dumped twice",
    ("child_process", "os.O_NOCTTY"): NO_PROGRAM,
    ("child_process", "os.getpgrp"): NO_PROGRAM,
    ("child_process", "os.kill"): NO_PROGRAM,
    ("child_process", "os.tcgetpgrp"): NO_PROGRAM,
    ("child_process", "preexec_fn="): NO_PROGRAM,
    ("child_process", "resource"): NO_PROGRAM,
    ("child_process", "signal.SIGHUP"): NO_PROGRAM,
    ("child_process", "signal.SIGKILL"): NO_PROGRAM,
    ("child_process", "signal.SIGQUIT"): NO_PROGRAM,
    ("child_process", "signal.SIGUSR1"): NO_PROGRAM,
    ("child_process", "signal.SIGUSR2"): NO_PROGRAM,
    ("child_process", "signal.pthread_kill"): NO_PROGRAM,
    ("child_process", "signal.pthread_sigmask"): "Windows: signals are not blocked while results are written",
    ("child_process", "signal.sigpending"): NO_PROGRAM,
    ("child_process", "signal.sigwait"): NO_PROGRAM,
    ("child_process", "signal.sigwaitinfo"): "macOS: sigwait, which doesn't report who sent the signal",
    ("child_process", "sys.platform"): NO_PROGRAM,
    ("follower", "os.nice"): NO_FOLLOWER,
    ("follower", "start_new_session="): NO_FOLLOWER,
    ("diagnosis", "sys.platform"): "Windows: the diagnosis says that nothing is recorded there",
    ("follower", "sys.platform"): NO_FOLLOWER,
    ("journal", "fcntl"): "Windows: journals are not locked",
    ("journal", "os.O_CLOEXEC"): NO_RECORDING,
    ("journal", "os.O_NOFOLLOW"): NO_RECORDING,
    ("journal", "sys.platform"): "Windows: journals are not locked",
    ("keys", "os.link"): "NTFS has hard links; on a file system without them, a key can't be stored: UserError",
    ("keys", "os.name"): NO_MODES,
    ("limited_reading", "'O_NONBLOCK'"): "Windows has no named pipes in folders: a file is opened without the flag",
    ("limited_reading", "os.set_blocking"): "called only on platforms with O_NONBLOCK",
    ("progress", "os.getpgrp"): "Windows has no background: progress is shown on every terminal",
    ("progress", "os.tcgetpgrp"): "Windows has no background: progress is shown on every terminal",
    ("progress", "sys.platform"): "Windows has no background: progress is shown on every terminal",
    ("servers", ".add_signal_handler"): "Windows: `signal.signal` wakes the event loop",
    ("servers", "signal.SIGHUP"): "Windows lacks it; Ctrl-C and SIGTERM end a server",
    ("servers", "sys.platform"): "Windows: `signal.signal` wakes the event loop",
    ("worker", "signal.SIGHUP"): NO_WORKERS,
    ("workers", "'fork'"): NO_WORKERS,
    ("workers", "os.fork"): NO_WORKERS,
    ("workers", "os.kill"): NO_WORKERS,
    ("workers", "signal.SIGKILL"): NO_WORKERS,
    ("user_folders", ".chmod"): NO_MODES,
    ("user_folders", "sys.platform"): "Windows: the configuration is in APPDATA; macOS: in Application Support",
}


def bound(path: Path) -> Iterator[str]:
    """Yields the platform-specific features that a module uses."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES | {"os", "signal", "sys"}:
            yield f"from {node.module}"
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            named = {"os": CALLS_OF_OS, "signal": SIGNALS | CALLS_OF_SIGNAL, "sys": {"platform"}}.get(owner, METHODS)
            if node.attr in named:
                yield f"{owner}.{node.attr}" if owner in ("os", "signal", "sys") else f".{node.attr}"
        elif isinstance(node, ast.keyword) and (node.arg in ARGUMENTS):
            yield f"{node.arg}="
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node.value in CALLS_OF_OS - {"name", "link", "kill"} | CALLS_OF_SIGNAL | SIGNALS:
                yield repr(node.value)
            elif node.value.startswith(FILES):
                yield node.value


def all_bound() -> set[tuple[str, str]]:
    """Returns (name of the module's file, feature) for all modules of the package."""
    return {(path.stem, name) for path in PACKAGE.rglob("*.py") for name in bound(path)}


def test_every_platform_specific_feature_is_listed() -> None:
    """Each use has an entry that describes the behaviour elsewhere, and each entry belongs to a use."""
    assert all_bound() == set(BOUND)
    assert all(BOUND.values())


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the command line without the features that Windows lacks."""
    command = [sys.executable, AS_ON_WINDOWS, *arguments]
    return subprocess.run(list(map(str, command)), env=environment(), capture_output=True, text=True, timeout=300)


def test_the_command_line_runs_without_features_that_windows_lacks(tmp_path: Path) -> None:
    cassette = tmp_path / "roles.yaml"
    cassette.write_bytes((ROOT / "cassettes" / "roles.yaml").read_bytes())
    for arguments in (["ls", cassette], ["check", cassette], ["repage", cassette, "1"], ["show", cassette]):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), arguments
    assert cassette.read_bytes() != (ROOT / "cassettes" / "roles.yaml").read_bytes()


def test_a_cassette_is_replayed_without_features_that_windows_lacks() -> None:
    command = [sys.executable, str(AS_ON_WINDOWS), "replay", str(ROOT / "cassettes" / "empty-pages.yaml"), "--json"]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stderr
        try:
            address = json.loads(process.stdout.readline())["address"]
            url = f"{address}/?Action=ListUsers&Version=2010-05-08"
            assert b"<Users/>" in urllib.request.urlopen(url, timeout=60).read()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
        assert json.loads(process.stderr.read())["misses"] == []


def test_a_program_is_refused_on_windows() -> None:
    done = run("replay", ROOT / "cassettes" / "roles.yaml", "--", "true")
    assert done.returncode == 126
    assert done.stderr.splitlines() == [
        "ERROR awstape runs no programs on Windows, where it cannot forward signals to them",
        "TIP leave out -- COMMAND, and start the program with the variables that awstape prints",
    ]


def test_platforms_are_stated() -> None:
    """The classifiers in pyproject.toml and the guide name the same platforms."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
    pythons = [line.rpartition(" ")[2] for line in classifiers if re.search(r"Python :: 3\.\d", line)]
    systems = {line.rpartition(" ")[2] for line in classifiers if line.startswith("Operating System")}
    (section,) = re.findall(
        r"^## Platforms\n(.*)",
        (GUIDE / "services.md").read_text("utf-8"),
        re.M | re.DOTALL,
    )
    assert systems == {"Linux", "MacOS", "Windows"}
    assert all(name in section for name in ("Linux", "macOS", "Windows", f"{pythons[0]} to {pythons[-1]}"))
