"""The command line. It turns words into calls and errors into text; the work is done elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from awstape import __version__
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.serve import Announce
    from awstape.tape import RecordMode, Tape

_FORMATS = ("text", "json", "github", "sarif")
_MODES = ("all", "new_episodes", "once", "rewrite")
_COMMAND = "awstape.command"


class ProgramCommand(click.Command):
    """A command whose arguments after `--` are a program to run, kept in `ctx.meta`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[at + 1 :])
            args = args[:at]
            if not ctx.meta[_COMMAND] and not ctx.resilient_parsing:
                raise click.UsageError("after -- the program to run is missing", ctx)
        try:
            return super().parse_args(ctx, list(args))
        except click.UsageError as error:
            param = error.param if isinstance(error, click.BadParameter) else None
            of_a_word = type(error) is click.UsageError or (param is not None and param.name == "cassettes")
            if _COMMAND in ctx.meta or len(args) < 2 or not of_a_word:
                raise
            raise UserError(
                error.format_message(), f"{ctx.command_path} CASSETTE -- PROGRAM: put -- before it"
            ) from None

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


_json = click.option("--json", "as_json", is_flag=True, help="Say it in JSON, for scripts.")
_port = click.option("--port", type=click.IntRange(0, 65535), default=0, help="Listen here; 0 is any free port.")


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="awstape")
def cli() -> None:
    """Record paginated AWS IAM and Access Analyzer traffic; replay it offline, page by page."""


@cli.command(cls=ProgramCommand)
@click.argument("cassette", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--mode", type=click.Choice(_MODES), default="all", show_default=True, help="How to treat an old cassette."
)
@click.option(
    "--upstream",
    multiple=True,
    envvar="AWSTAPE_UPSTREAM",
    show_envvar=True,
    metavar="SERVICE=URL",
    help="Record a stand-in, such as LocalStack or moto.",
)
@click.option("--operation", multiple=True, metavar="GLOB", help="Record only operations that match; repeatable.")
@click.option("--include-writes", is_flag=True, help="Record operations that change something, too.")
@_port
@_json
@click.pass_context
def record(
    ctx: click.Context,
    cassette: Path,
    mode: RecordMode,
    upstream: tuple[str, ...],
    operation: tuple[str, ...],
    include_writes: bool,
    port: int,
    as_json: bool,
) -> int:
    """Record what COMMAND asks of IAM and Access Analyzer into CASSETTE.

    COMMAND runs with HTTPS_PROXY and CA variables set; other TLS traffic passes through unread. Without COMMAND
    the proxy runs until Ctrl-C. Account ids, names and other identifiers are replaced before anything is written.

    \b
    all           (default) record everything; tracks not seen in this run stay
    new_episodes  answer from the cassette what is in it to the end, record the rest
    once          record only if there is no cassette yet, else replay it
    rewrite       forget the old cassette

    \b
    awstape record policies.yaml -- aws iam list-policies --scope Local
    awstape record team.yaml --mode new_episodes -- pytest
    """
    _need_mitmproxy("record")
    from awstape import keys, serve
    from awstape.report import recording_facts, recording_lines
    from awstape.tape import open_for_recording

    is_first = not keys.is_there(os.environ)
    redirected = serve.parse_upstream(upstream)
    tape = open_for_recording(cassette, mode, os.environ, operation, include_writes)
    if is_first:
        click.echo(f"made a key for your aliases: {keys.key_file()}", err=True)
    announce = _announcer(f"recording into {cassette}", as_json)
    server = serve.proxy(tape, redirected, port)
    status = asyncio.run(serve.run(server, ctx.meta.get(_COMMAND), announce))
    if recording := tape.close():
        lines = recording_lines(str(cassette), recording, len(tape.player.total.played) if tape.player else 0)
        _say(lines, recording_facts(str(cassette), recording), as_json)
        return status
    return _report_replay(tape, status, as_json)


@cli.command(cls=ProgramCommand)
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--paging",
    default="recorded",
    show_default=True,
    metavar="MODE",
    help="How pages are cut: recorded, client (by its limit), N items each, torture[:SEED].",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Let requests fail, as 'throttle ListRoles page=2 times=1'.",
)
@click.option("--strict", is_flag=True, help="Fail if something recorded was not asked for, or a fault never struck.")
@click.option("--proxy", is_flag=True, help="Intercept HTTPS instead of serving a plain endpoint.")
@_port
@_json
@click.pass_context
def replay(
    ctx: click.Context,
    cassettes: tuple[Path, ...],
    paging: str,
    faults: tuple[str, ...],
    strict: bool,
    proxy: bool,
    port: int,
    as_json: bool,
) -> int:
    """Serve CASSETTES, files or folders, offline.

    COMMAND runs with AWS_ENDPOINT_URL set (with --proxy: HTTPS_PROXY and CA variables) and credentials that are
    nobody's. Nothing is ever forwarded. The exit status is that of COMMAND, or 1 if a request had no recorded answer.

    \b
    FAULT is KIND [OPERATION] [page=N] [times=N|always], or slow … [seconds=S]; KIND is one of
    throttle, internal, unavailable, denied, expired, drop, slow

    \b
    awstape replay policies.yaml -- python list_policies.py
    awstape replay policies.yaml --paging torture --strict -- pytest
    awstape replay policies.yaml --fault 'throttle ListPolicies page=2' -- ./audit
    awstape replay cassettes/ --proxy -- aws iam list-policies --scope Local
    """
    if proxy:
        _need_mitmproxy("replay --proxy")
    from awstape import serve
    from awstape.tape import open_for_replay

    tape = open_for_replay(cassettes, os.environ, paging, faults)
    announce = _announcer("replaying " + " ".join(map(str, cassettes)), as_json)
    server = serve.proxy(tape, {}, port) if proxy else serve.endpoint(tape, port)
    status = asyncio.run(serve.run(server, ctx.meta.get(_COMMAND), announce))
    return _report_replay(tape, status, as_json, strict=strict)


@cli.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to say it.")
def check(cassettes: tuple[Path, ...], form: str) -> int:
    """Find what looks real in CASSETTES, files or folders.

    Account ids, ARNs, names, unique and access key ids, e-mail addresses, keys, tokens and other secrets, in
    hand-edited or imported cassettes as well; comments are searched, too. No key is needed. What is found is never
    printed. The exit status is 1 if something was found.

    \b
    awstape check cassettes/
    awstape check cassettes/ --format sarif > awstape.sarif
    """
    from awstape import catalog, project, store
    from awstape.core.check import FORMAT, Finding, findings
    from awstape.formats import FORMATS

    rules = project.rules()
    files = store.find_all(cassettes)
    found: list[tuple[str, Finding]] = []
    for file in files:
        try:
            found += [(str(file), each) for each in findings(store.load_text(file), catalog.models(), rules)]
        except UserError as error:  # one file must not hide what is in the others
            found.append((str(file), Finding(1, "", FORMAT, error.problem.removeprefix(f"{file}: "))))
    if text := FORMATS[form](found, len(files)):
        click.echo(text)
    return int(bool(found))


@cli.command()
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@click.option("--kind", metavar="KIND", help="What the values name: role, policy, user, path, external-id, …")
@_json
def alias(values: tuple[str, ...], kind: str | None, as_json: bool) -> int:
    """Print the aliases that stand for VALUES under your key, a line each.

    ARNs, account ids, unique ids, e-mail addresses and the like say by themselves what they are. The alias of a name
    depends on what it names: --kind says it.

    \b
    awstape alias arn:aws:iam::111122223333:policy/Deploy
    awstape alias --kind role DeployRole AuditRole
    """
    from awstape.rekeying import aliases_of

    aliases = aliases_of(values, kind, os.environ)
    click.echo(json.dumps(dict(aliases)) if as_json else "\n".join(alias for _, alias in aliases))
    return 0


@cli.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--values",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="Real values, a line each, that are to match under the new key; needs AWSTAPE_OLD_KEY. - is standard input.",
)
@_json
def rekey(cassettes: tuple[Path, ...], values: TextIO | None, as_json: bool) -> int:
    """Renew every alias in CASSETTES under the key at hand, AWSTAPE_KEY or your key file.

    What agreed before agrees after, in all cassettes alike. Which real value an alias stands for is not known: only
    those in FILE match requests with real values afterwards; the rest match as aliases, or are recorded again. --json
    tells old aliases and new ones, to change tests with.

    \b
    awstape rekey cassettes/
    AWSTAPE_OLD_KEY=… awstape rekey cassettes/ --values names.txt
    """
    from awstape.rekeying import rekey_files

    try:
        known = [line.strip() for line in values if line.strip()] if values else []
    except UnicodeDecodeError as error:
        raise UserError(f"the values are not UTF-8: {error.reason}", "one value a line, as UTF-8 text") from None
    renewed, files, matched = rekey_files(cassettes, known, os.environ)
    told = f"renewed {len(renewed)} aliases in {' '.join(map(str, files))}" if files else "all have this key already"
    click.echo(json.dumps(renewed) if as_json else told)
    if known and files:
        click.echo(f"{len(matched & set(known))} of {len(set(known))} values were found", err=True)
    return 0


@cli.command()
def addon() -> int:
    """Print the path of the mitmproxy addon.

    \b
    mitmdump -s "$(awstape addon)" --set awstape_cassette=team.yaml
    """
    _need_mitmproxy("addon")
    click.echo(Path(__file__).with_name("addon.py"))
    return 0


def _need_mitmproxy(what: str) -> None:
    if find_spec("mitmproxy") is None:
        raise UserError(f"awstape {what} needs mitmproxy, which is not installed", "pip install 'awstape[record]'")


def _announcer(doing: str, as_json: bool) -> Announce:
    """Says where the server listens and what to set, for people to copy or for scripts to read."""

    def announce(url: str, changes: dict[str, str | None]) -> None:
        from awstape.session import exports

        if as_json:
            click.echo(json.dumps({"address": url, "environment": changes}))
            return
        click.echo(f"{doing} at {url}; Ctrl-C ends it", err=True)
        click.echo("\n".join(exports(changes)))

    return announce


def _report_replay(tape: Tape, status: int, as_json: bool, strict: bool = False) -> int:
    """Says what was missed and what never happened; a miss, and if strict the rest, turns success into 1."""
    from awstape.report import replay_facts, replay_lines

    assert tape.player
    _say(replay_lines(tape.player), replay_facts(tape.player), as_json)
    return status or int(bool(tape.player.misses or (strict and (tape.player.unplayed() or tape.player.unstruck()))))


def _say(lines: Iterable[str], facts: dict[str, object], as_json: bool) -> None:
    """On the error stream: the output is the program's."""
    for line in [json.dumps(facts)] if as_json else lines:
        click.echo(line, err=True)


def main(args: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    try:
        return cli.main(args, prog_name="awstape", standalone_mode=False) or 0
    except UserError as error:
        _fail(error.problem, error.tip)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "awstape"
        _fail(error.format_message(), f"{where} --help")
    except click.ClickException as error:
        _fail(error.format_message(), "")
    except click.Abort:
        return 130
    return 2


def _fail(problem: str, tip: str) -> None:
    """One line each, whatever stands in a file's name."""
    for word, text in (("ERROR", problem), ("TIP", tip)):
        if text:
            click.echo(f"{word} {' '.join(text.splitlines())}", err=True)
