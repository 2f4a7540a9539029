"""The diagnosis of `awstape doctor`: what is installed, set and left behind, and what to do about it.

1. A check has one line for what it found. It is fine, a note, or a problem: something that makes a recording or a
   replay fail or give other answers. Each problem has a tip.
2. Nothing is made or changed: no key, no CA, no file.
3. No line has a key, a password or a credential: of variables only names are shown, of URLs no password.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from awstape.catalog.botocore_data import DEFAULT_SERVICES, select_services
from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.aliases import Key, key_fingerprint
from awstape.core.text.advice import shell_path
from awstape.errors import UserError
from awstape.files import cassette_files, keys, project_settings, user_folders
from awstape.files.journal import cassette_of, find_journals
from awstape.files.quarantine import quarantine_of
from awstape.program.environment import check_endpoint_urls
from awstape.program.javascript import NODE_TIP, load_package
from awstape.proxying.proxy_settings import proxy_from_environment
from awstape.proxying.requirement import require_mitmproxy
from awstape.proxying.tls.trusted_certificates import CA_VARIABLES, OTHER_CA_VARIABLES

#: Names the upstream of recordings.
_UPSTREAM = "AWSTAPE_UPSTREAM"
_RECORD = "pip install 'awstape[record]'"
#: Versions from which clients obey AWS_ENDPOINT_URL.
_BOTO3, _AWS_CLI_1, _AWS_CLI_2 = (1, 28), (1, 29), (2, 13)
_PROXY_TIP = "replay it with awstape replay --proxy"


@dataclass(frozen=True)
class Check:
    """What one check found. subject: what was examined. tip: what to do, empty if nothing."""

    kind: Literal["ok", "note", "problem"]
    subject: str
    state: str
    tip: str = ""


def diagnose(folder: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    """Examines this installation and the project of a folder."""
    yield from _installation()
    yield from _clients(environ)
    yield from _javascript(folder)
    cassettes = cassette_files.find_in_folder(folder)
    yield from _settings(folder)
    yield from _kept_values(folder, cassettes)
    yield from _key_and_cassettes(folder, cassettes, environ)
    yield from _leftovers(folder, cassettes)
    yield from _certificates(environ)
    yield from _ways_to_aws(folder, environ)


def _installation() -> Iterator[Check]:
    yield Check("ok", "awstape", f"{version('awstape')} on Python {platform.python_version()}, {platform.system()}")
    if sys.platform == "win32":
        yield Check("note", "recording", "not possible on Windows", "record on Linux or macOS; replay works here")
    elif found := _version_of("mitmproxy"):
        try:
            require_mitmproxy("recording a program")
        except UserError as error:
            yield Check("problem", "recording", error.problem, error.tip)
        else:
            yield Check("ok", "recording", f"mitmproxy {found}")
    else:
        yield Check("note", "recording", "mitmproxy is not installed: only an endpoint can be replayed", _RECORD)


def _clients(environ: Mapping[str, str]) -> Iterator[Check]:
    found = _version_of("boto3")
    if found and _numbers(found) < _BOTO3:
        yield Check("note", "boto3", f"{found} ignores AWS_ENDPOINT_URL", f"update it to 1.28, or {_PROXY_TIP}")
    elif found:
        yield Check("ok", "boto3", found)
    if found := _aws_cli(environ):
        lowest = _AWS_CLI_2 if _numbers(found) >= (2,) else _AWS_CLI_1
        if _numbers(found) < lowest:
            yield Check("note", "AWS CLI", f"{found} ignores AWS_ENDPOINT_URL", f"update it, or {_PROXY_TIP}")
        else:
            yield Check("ok", "AWS CLI", found)


def _javascript(folder: Path) -> Iterator[Check]:
    """What the package.json of a folder lacks for recording and replay."""
    try:
        package = load_package(folder)
    except UserError as error:
        yield Check("problem", "Node.js", error.problem, error.tip)
        return
    if package is None:
        return
    if not (package.has_sdk_v2 or package.has_sdk_v3):
        tip = "npm i @aws-sdk/client-iam, or whichever client your program needs"
        yield Check("note", "Node.js", "package.json has no AWS SDK: nothing in it calls AWS by itself", tip)
    if package.has_sdk_v2:
        tip = f"{_PROXY_TIP}, or move to version 3"
        yield Check("note", "Node.js", "package.json has version 2 of the AWS SDK, which ignores AWS_ENDPOINT_URL", tip)
    if package.has_sdk_v3:
        yield Check("ok", "Node.js", "package.json has version 3 of the AWS SDK")
    if package.agent:
        yield Check("ok", "Node.js", f"package.json has {package.agent}, which recordings need")
    else:
        yield Check("note", "Node.js", "package.json has no global-agent: recordings see no call", NODE_TIP)


def _settings(folder: Path) -> Iterator[Check]:
    try:
        project_settings.load_rules(folder)
        services = project_settings.load_services(folder)
    except UserError as error:
        yield Check("problem", "settings", error.problem, error.tip)
    else:
        named = ", ".join(services) if services else f"{', '.join(DEFAULT_SERVICES)} (the default)"
        yield Check("ok", "settings", f"recorded services: {named}")


def _kept_values(folder: Path, cassettes: list[Path]) -> Iterator[Check]:
    """The rules by which real values stay, and settings of single cassettes that can't be read."""
    problems: dict[str, Check | None] = {}
    kept: dict[Path, Check] = {}
    for place in dict.fromkeys((folder, *(file.parent for file in cassettes))):
        try:
            rules, path = project_settings.load_rules(place), project_settings.find_settings(place)
        except UserError as error:
            # That of the folder is reported before.
            check = Check("problem", "settings", error.problem, error.tip) if place != folder else None
            problems.setdefault(error.problem, check)
            continue
        if path and rules.keep_something:
            globs = [f"keep = {json.dumps(rules.keep)}"] if rules.keep else []
            names = ["keep-names = true"] if rules.keep_names else []
            state = f"real values stay by {path}: {', '.join(globs + names)}"
            kept[path] = Check("note", "settings", state, f"awstape check {shell_path(folder)} counts them")
    yield from kept.values()
    yield from filter(None, problems.values())


def _key_and_cassettes(folder: Path, files: list[Path], environ: Mapping[str, str]) -> Iterator[Check]:
    cassettes: dict[Path, Cassette] = {}
    damaged: list[Check] = []
    for file in files:
        try:
            cassettes[file] = cassette_files.load_lazily(file, load_models())
        except UserError as error:
            damaged.append(Check("problem", "cassettes", error.problem, error.tip))
    source = keys.VARIABLE if environ.get(keys.VARIABLE) else "a file in the config folder"
    try:
        key = keys.find_key(environ)
    except UserError as error:
        yield Check("problem", "key", error.problem, error.tip)
    else:
        if key is not None:
            yield Check("ok", "key", f"from {source}, fingerprint {key_fingerprint(key)}")
        yield from _foreign_keys(folder, cassettes, key)
    yield Check("ok", "cassettes", f"{len(cassettes)} in {folder}")
    yield from damaged


def _foreign_keys(folder: Path, cassettes: Mapping[Path, Cassette], key: Key | None) -> Iterator[Check]:
    """The keys that cassettes need and that are not at hand."""
    own = key_fingerprint(key) if key is not None else None
    others = {file: cassette.keys for file, cassette in cassettes.items() if cassette.keys and own not in cassette.keys}
    if not others:
        if key is None:
            tip = f"set {keys.VARIABLE} to that of your team, if it has one"
            yield Check("note", "key", "none yet: the first recording makes one", tip)
        return
    first = next(iter(others))
    number = f" and {len(others) - 1} more" if len(others) > 1 else ""
    needed = ", ".join(sorted(set().union(*others.values())))
    state = f"{first}{number} need{'' if number else 's'} the key {needed}: without it real names do not match"
    renew = "" if key is None else f", or renew the aliases with awstape rekey {shell_path(folder)}"
    yield Check("problem", "key", state, f"set {keys.VARIABLE} to your team's key{renew}")


def _leftovers(folder: Path, cassettes: list[Path]) -> Iterator[Check]:
    for journal in find_journals(folder):
        state = f"{journal}: an interrupted recording, or one that is running"
        yield Check("note", "recordings", state, f"awstape recover {shell_path(cassette_of(journal))}")
    for path in cassettes:
        if quarantine_of(path).exists():
            yield Check("note", "recordings", f"{path}: pages are set aside", f"awstape recover {shell_path(path)}")


def _certificates(environ: Mapping[str, str]) -> Iterator[Check]:
    for name in (*CA_VARIABLES, *OTHER_CA_VARIABLES):
        if environ.get(name) and not Path(environ[name]).is_file():
            yield Check("problem", "trusted CAs", f"{name} names a file that is not there", f"unset {name}")
    if _version_of("cryptography") is None:
        return
    from awstape.proxying.tls import certificate_authority

    try:
        folder = user_folders.data_folder(environ)
        authority = certificate_authority.find(folder)
    except UserError as error:
        yield Check("problem", "awstape's CA", error.problem, error.tip)
        return
    if authority is None:
        yield Check("ok", "awstape's CA", f"none yet: the first recording makes one in {folder}")
    else:
        until = certificate_authority.describe(authority)["valid_until"]
        yield Check("ok", "awstape's CA", f"valid until {until}, renewed by itself: {authority.file}")


def _ways_to_aws(folder: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    try:
        proxy = proxy_from_environment(environ)
    except UserError as error:
        yield Check("problem", "proxy", error.problem, error.tip)
    else:
        if proxy:
            yield Check("ok", "proxy", f"{proxy.variable} is set: recordings connect through it")
    if environ.get(_UPSTREAM):
        state = f"{_UPSTREAM} is set: recordings are of that stand-in"
        yield Check("note", "upstream", state, f"unset {_UPSTREAM} to record AWS")
        return
    services: Sequence[str] = DEFAULT_SERVICES
    with suppress(UserError):  # it is reported with the settings
        services = project_settings.load_services(folder) or DEFAULT_SERVICES
    try:
        check_endpoint_urls(environ, select_services(services), {})
    except UserError as error:
        yield Check("problem", "endpoint", error.problem, error.tip)
    else:
        yield Check("ok", "endpoint", "no setting leads recorded services away from AWS")


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _aws_cli(environ: Mapping[str, str]) -> str | None:
    """The version of the AWS CLI on PATH: `aws --version` prints `aws-cli/2.15.0 Python/…`."""
    program = shutil.which("aws", path=environ.get("PATH", ""))
    if program is None:
        return None
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = (done.stdout or done.stderr).split()
    return words[0].partition("/")[2] or None if words else None


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version, up to the first part that is none."""
    numbers = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
