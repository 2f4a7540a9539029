"""Measures speed and memory, each as a ratio to a reference that is measured in the same run.

    make bench

Each figure is the median of three rounds. Work and reference alternate, so a machine that slows down slows both.
"""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import statistics
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, islice
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import unescape

import botocore.session
import yaml
from botocore.stub import Stubber

import awstape
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.cli.terminal.tables import console, track_table
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.compare.cassette_diff import diff_cassettes
from awstape.core.editing.edits import set_value
from awstape.core.recording.capture import read as read_capture
from awstape.core.recording.capture import write as write_capture
from awstape.core.recording.folding import Recording
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import Paging
from awstape.core.replay.player import Player
from awstape.core.view.selectors import select
from awstape.core.view.track_statistics import cassette_statistics
from awstape.files.journal import Journal
from awstape.serving.endpoint import serve
from awstape.workbench.html_page import PageSource, render_page
from support import proxies

ROUNDS = 3
MODELS = load_models()
LIST_ROLES = MODELS.services["iam"].operations["ListRoles"]
DOCUMENT = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/Role%d"},'
    '"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"example-%d"}}}]}'
)


def output(number: int, roles: int) -> dict[str, Value]:
    """Returns the output of one page of ListRoles."""
    items: list[Value] = [
        {
            "Path": "/team-a/",
            "RoleName": f"Role{number}x{i}",
            "RoleId": f"AROAEXAMPLE{number:05}{i:05}",
            "Arn": f"arn:aws:iam::111122223333:role/team-a/Role{number}x{i}",
            "CreateDate": "2024-03-02T09:14:11Z",
            "AssumeRolePolicyDocument": DOCUMENT % (i, i),
            "Description": f"Lets Role{i} of alice@example.com in",
        }
        for i in range(roles)
    ]
    return {"IsTruncated": False, "Roles": items}


def timed(work: Callable[[], object], reference: Callable[[], object]) -> tuple[float, float]:
    """Runs both in alternation; returns the median seconds of each."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for times, run in zip(taken, (work, reference), strict=True):
            gc.collect()
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
    return statistics.median(taken[0]), statistics.median(taken[1])


def show(what: str, work: float, reference: float, against: str, more: str = "") -> None:
    print(f"{what:<34} {work * 1000:>9.1f} ms {work / reference:>7.2f} × {against}{more}")


def bench_codec(response: Response) -> None:
    answer = read_response(LIST_ROLES, response)
    botocore = f"botocore parsing the same {len(response.body) // 1024} KiB"
    work, reference = timed(lambda: read_response(LIST_ROLES, response), lambda: parse_response(LIST_ROLES, response))
    show("decode a page of 100 roles", work, reference, botocore)
    work, reference = timed(
        lambda: write_response(LIST_ROLES, answer, "id"), lambda: parse_response(LIST_ROLES, response)
    )
    show("encode that page", work, reference, botocore)


def bench_recorder(responses: list[Response]) -> None:
    def feed() -> tuple[Recorder, list[str]]:
        recorder = Recorder(MODELS, Redactor(Key(b"key")), parse_response)
        fed = (recorder.feed(request(f"/p{i}/"), response) for i, response in enumerate(responses))
        return recorder, [write_capture(capture) for capture in fed if capture]

    def finish(recorder: Recorder, captures: list[str]) -> Recording:
        return recorder.finish(read_capture(capture, MODELS, is_own=True) for capture in captures)

    def record() -> object:
        return finish(*feed())

    def parse() -> None:
        for response in responses:
            parse_response(LIST_ROLES, response)

    size = sum(len(response.body) for response in responses)
    answers = [read_response(LIST_ROLES, response) for response in responses]

    def redact() -> None:
        redactor = Redactor(Key(b"key"))
        for answer in answers:
            redactor.redact_answer(LIST_ROLES, answer)

    work, reference = timed(redact, parse)
    show(
        f"redact {len(responses)} such pages",
        work,
        reference,
        "botocore parsing them",
        f"; {size / work / 1e6:.1f} MB/s",
    )
    work, reference = timed(record, parse)
    show(
        f"record {len(responses)} such pages",
        work,
        reference,
        "botocore parsing them",
        f"; {size / work / 1e6:.1f} MB/s",
    )
    fed = feed()
    cassette = finish(*fed).merged
    show("fold their captures at the end", *timed(lambda: finish(*fed), lambda: write_cassette(cassette)), "writing it")


def bench_journal(responses: list[Response]) -> None:
    """Measures the cost of writing each exchange to the disk before the program gets its response."""
    requests = [request(f"/p{i}/") for i in range(len(responses))]

    def feed(recorder: Recorder) -> list[str]:
        fed = (recorder.feed(*exchange) for exchange in zip(requests, responses, strict=True))
        return [write_capture(capture) for capture in fed if capture]

    captures = feed(Recorder(MODELS, Redactor(Key(b"key")), parse_response))
    with tempfile.TemporaryDirectory() as folder:

        def append() -> None:
            journal = Journal.create(Path(folder, "x.yaml"), Key(b"key"))
            for capture in captures:
                journal.append(capture)
            journal.close(remove=True)

        def restore() -> None:
            recorder = Recorder(MODELS, Redactor(Key(b"key")), parse_response)
            recorder.finish(read_capture(capture, MODELS) for capture in captures)

        def redact() -> object:
            return feed(Recorder(MODELS, Redactor(Key(b"key")), parse_response))

        show("append them to a journal", *timed(append, redact), "redacting them")
        show("recover them from captures", *timed(restore, redact), "redacting them")


def bench_proxy(rounds: int = 6) -> None:
    """Measures requests through `awstape record`, against plain mitmdump with the same client and upstream."""
    sizes = {"100 roles": (100, 8), "1 KB": (1, 60)}  # roles of a page, requests in a round
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pages = {
            what: [(f"{form(f'/{roles}x{i}/')}".encode(), page(i, roles).body) for i in range(rounds * number)]
            for what, (roles, number) in sizes.items()
        }
        with proxies.both(dict(chain(*pages.values())), folder) as clients:
            for what, (_, number) in sizes.items():
                taken: tuple[list[float], list[float]] = ([], [])
                begin = clients[0].memory
                for i in range(rounds):
                    for client, times in zip(clients, taken, strict=True):
                        start = time.perf_counter()
                        for asked, body in pages[what][i * number : (i + 1) * number]:
                            assert client.ask(asked) == body
                        times.append((time.perf_counter() - start) / number)
                more = (clients[0].memory - begin) / (rounds * number)
                work, reference = (statistics.median(times[1:]) for times in taken)  # the first has the handshakes
                show(f"record a page of {what} by proxy", work, reference, "mitmdump", f"; {more / 1000:.0f} kB kept")


def bench_proxy_memory(few: int = 500, many: int = 5000) -> None:
    """Measures the memory of `awstape record` after many exchanges of different identities, against that after few."""
    pages = {form(f"/x{i}/").encode(): page(i, 1).body for i in range(many)}
    with tempfile.TemporaryDirectory() as name, proxies.recorded(pages, Path(name)) as client:
        taken = []
        for begin, end in ((0, few), (few, many)):
            for asked, body in islice(pages.items(), begin, end):
                assert client.ask(asked) == body
            taken.append(client.memory)
    size, ratio = f"{taken[1] / 1e6:.1f} MB", taken[1] / taken[0]
    print(f"{f'memory after {many} exchanges':<34} {size:>12} {ratio:>7.2f} × that after {few}")


def bench_document(cassette: Cassette) -> None:
    text = write_cassette(cassette)
    documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    size = f"{len(text) / 1e6:.1f} MB"
    work, reference = timed(
        lambda: read_cassette(text, MODELS), lambda: list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    )
    show(f"read a cassette of {size}", work, reference, "PyYAML loading it without validation")
    work, reference = timed(lambda: write_cassette(cassette), lambda: yaml.dump_all(documents, Dumper=yaml.CSafeDumper))
    show("write that cassette", work, reference, "PyYAML dumping it")
    tracemalloc.start()
    kept = read_cassette(text, MODELS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(kept.takes) == len(cassette.takes)
    print(f"{'peak memory while reading it':<34} {peak / 1e6:>9.1f} MB {peak / len(text):>7.2f} × the text")


def bench_commands(recorded: Cassette) -> None:
    """Measures the work of the commands that check, compare, edit and show a cassette, against reading it."""
    redactor = Redactor(Key(b"key"))
    cassette = redactor.redact_cassette(MODELS, recorded)
    text = "# a comment\n" + write_cassette(cassette)
    edited = set_value(MODELS, cassette, select(MODELS, cassette, ["1"]), "pages[].output.Roles[0].Path", "/")
    for what, work in (
        ("check a cassette", lambda: check_text(text, MODELS)),
        ("compare it with an edited copy", lambda: list(diff_cassettes(MODELS, cassette, edited))),
        ("rewrite it after an edit", lambda: rewrite_cassette(MODELS, [CassetteText.read([text], MODELS)], edited)),
        ("render its HTML page", lambda: render_page([PageSource("it", cassette)], "it")),
        ("list it", lambda: [*track_table(console(), "it", cassette_statistics(cassette, MODELS), MODELS)]),
    ):
        show(what, *timed(work, lambda: read_cassette(text, MODELS)), "reading it")


def bench_endpoint(cassette: Cassette, requests: int = 1000) -> None:
    body = write_response(LIST_ROLES, cassette.takes[0].pages[0].answer, "id").body

    class Reference(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            # In one write: otherwise the benchmark would measure Nagle's algorithm.
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Reference)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    player = Player(MODELS, cassette, Redactor(Key(b"key")), has_key=True)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    endpoint = serve(player.answer, "127.0.0.1", 0)
    address = asyncio.run_coroutine_threadsafe(endpoint.__aenter__(), loop).result()
    work, reference = timed(
        lambda: ask(address, requests), lambda: ask((str(server.server_address[0]), server.server_address[1]), requests)
    )
    rate = f"; {requests / work:,.0f} requests/s, {len(body) // 1024} KiB each"
    show(f"{requests} requests to the endpoint", work, reference, "http.server with fixed bytes", rate)
    asyncio.run_coroutine_threadsafe(endpoint.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    server.shutdown()


def bench_paging(cassette: Cassette) -> None:
    """Measures the replay of a one-page listing under other paging modes, against the encoding of that page."""
    answer = cassette.takes[0].pages[0].answer
    for mode in ("client", "10", "torture"):
        player = Player(MODELS, cassette, Redactor(Key(b"key")), has_key=True, paging=Paging.parse(mode))
        pages = len(list(traverse(player)))
        work, reference = timed(
            lambda player=player: list(traverse(player)), lambda: write_response(LIST_ROLES, answer, "id")
        )
        show(f"1000 roles in {pages} pages ({mode})", work, reference, "encoding them in one page")


def traverse(player: Player) -> Iterator[Response]:
    """Yields the pages of the listing, requested from the player directly, without a client."""
    token = ""
    while True:
        response = player.answer(request("/p0/", token)).response
        assert response
        yield response
        found = re.search(rb"<Marker>(.*)</Marker>", response.body)
        if not found:
            return
        token = f"&Marker={quote(unescape(found[1].decode()))}"


def bench_misses(tracks: int = 5000, requests: int = 20) -> None:
    """Measures misses in a cassette of many tracks, against pages that it has."""
    player = Player(MODELS, Cassette.of(take(i, 1) for i in range(tracks)), Redactor(Key(b"key")), has_key=True)
    player.answer(request("/none/"))  # the index is made at the first miss
    work, reference = timed(
        lambda: [player.answer(request(f"/none{i}/")) for i in range(requests)],
        lambda: [player.answer(request(f"/p{i}/")) for i in range(requests)],
    )
    show(f"{requests} misses among {tracks} tracks", work, reference, "as many pages from the same cassette")


def bench_in_process(path: Path, calls: int = 200) -> None:
    """Measures calls of a botocore client that a cassette answers, against botocore's own Stubber."""
    roles = {"IsTruncated": False, "Roles": []}
    stubbed = botocore.session.get_session().create_client(
        "iam", aws_access_key_id="fake", aws_secret_access_key="fake", region_name="us-east-1"
    )

    def stub() -> None:
        with Stubber(stubbed) as stubber:
            for _ in range(calls):
                stubber.add_response("list_roles", roles)
                stubbed.list_roles()

    with awstape.replay(path) as tape:
        client = botocore.session.get_session().create_client("iam")
        work, reference = timed(lambda: [client.list_roles(PathPrefix="/p0/") for _ in range(calls)], stub)
        assert not tape.misses
    each = f"; {work / calls * 1000:.2f} ms each"
    show(f"{calls} calls in this process", work, reference, "botocore's Stubber, without wire or parser", each)


def ask(address: tuple[str, int], requests: int) -> None:
    """Sends requests one after the other on one connection, and reads the responses."""
    form = b"Action=ListRoles&Version=2010-05-08&PathPrefix=%2Fp0%2F"
    head = b"POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    message = head + b"Content-Length: %d\r\n\r\n" % len(form) + form
    with socket.create_connection(address) as client, client.makefile("rb") as answers:
        for _ in range(requests):
            client.sendall(message)
            length = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            answers.read(length)


def form(prefix: str, more: str = "") -> str:
    return f"Action=ListRoles&Version=2010-05-08&PathPrefix={prefix}{more}"


def request(prefix: str, more: str = "") -> Request:
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    return Request("POST", "iam.amazonaws.com", "/", "", headers, form(prefix, more).encode())


def page(number: int, roles: int) -> Response:
    """One page of ListRoles as AWS sends it."""
    return write_response(LIST_ROLES, Answer(output=output(number, roles)), "id")


def take(number: int, roles: int) -> Take:
    track = Track("iam", "ListRoles", None, {"PathPrefix": f"/p{number}/"})
    return Take(track, (Page(None, None, Answer(output=output(number, roles))),))


def main() -> None:
    responses = [page(i, 100) for i in range(10)]
    bench_proxy()
    bench_proxy_memory()
    bench_codec(responses[0])
    bench_recorder(responses)
    bench_journal(responses)
    bench_document(Cassette.of(take(i, 100) for i in range(20)))
    bench_commands(Cassette.of(take(i, 20) for i in range(20)))
    bench_paging(Cassette.of([take(0, 1000)]))
    bench_misses()
    bench_endpoint(Cassette.of([take(0, 5)]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "roles.yaml")
        path.write_text(write_cassette(Cassette.of([take(0, 5)])), "utf-8")
        bench_in_process(path)


if __name__ == "__main__":
    main()
