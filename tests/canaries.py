"""Plants canaries, made-up realistic values, wherever traffic can contain text, and searches awstape's output for them.

Each canary is a value of some kind, in some encoding and context, at one string position of some operation. It passes
through the public interfaces: its exchanges are recorded, the recording is written as a cassette, and its request is
sent to a player that misses. Then the canary's real parts are searched for in all text that awstape wrote or reported,
by decoders that share no code with awstape's.

    python tests/canaries.py 10000 --seed 1

The same count and seed plant the same canaries. Combinations of kind, encoding and context are used equally often, and
so are positions: about 7,000 canaries visit each of them.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import multiprocessing
import re
import string
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle, islice, pairwise, product
from random import Random
from urllib.parse import quote, unquote, urlencode

import yaml

from awstape import report
from awstape.catalog.service_models import DEFAULT_SERVICES
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.member_paths import MapKey
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Response
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.members.member_kinds import NAME_KINDS, PATH_SHAPES, is_free_text
from awstape.core.redaction.string_walk import Place, StringContext
from awstape.core.replay.misses import Miss
from support import exchanges
from support.exchanges import KEY, Exchange
from support.positions import KEY as MAP_KEY
from support.positions import (
    Position,
    has_text_as_token,
    is_denied_by_place,
    positions,
    required_members,
    value_at,
)

# --- kinds, encodings, contexts ---------------------------------------------------------------------------------

_LOWER, _LETTERS = string.ascii_lowercase + string.digits, string.ascii_letters + string.digits
_UPPER, _HEX = string.ascii_uppercase + "234567", "0123456789abcdef"
_ALPHABETS = {"n": _LOWER, "U": _UPPER, "h": _HEX, "m": _LETTERS, "B": _LETTERS + "+/", "u": _LETTERS + "-_"}
#: NAME: a name, planted only where the model has a name. KNOWN_NAME: a name in free text, which another exchange
#: contains as a name.
NAME, KNOWN_NAME = "name", "known name"
_NAMES = "Payroll-<n10> deploy_<n10> Ana.<n10> dev+<n10> <n12>".split()
#: Kind → templates. `<a>`: an account id, `<d>`: one in groups, `<c>`: a card, `<i>`: an address, `<n10>`: ten
#: characters of the alphabet `n`.
#: The text that replaces angle brackets must never be found in the output; it is too random to occur there by chance.
KINDS = {
    "account": "<a> <a> <d>".split(),
    "arn": """
        arn:aws:iam::<a>:user/<n10> arn:aws:iam::<a>:role/<n10>/<n10>/x-<n10> arn:aws-cn:iam::<a>:policy/Ana-<n10>
        arn:aws:iam::<a>:root arn:aws:iam::<a>:role/service-role/<n10> arn:aws:iam::<a>:mfa/<n10>
        arn:aws:iam::<a>:saml-provider/<n10> arn:aws:iam::<a>:oidc-provider/<n10>.example/id/<n10>
        arn:aws:iam::<a>:instance-profile/<n10> arn:aws-us-gov:iam::<a>:server-certificate/<n10>.<n10>
        arn:aws:sts::<a>:assumed-role/<n10>/<n10> arn:aws:sts::<a>:federated-user/<n10> arn:aws:s3:::<n10>
        arn:aws:s3:::prod-<n10>/<n10>/* arn:aws:s3:::<n10>/${aws:username}/<n10> arn:aws:sns:us-east-1:<a>:<n10>
        arn:aws:s3:eu-west-1:<a>:accesspoint/<n10> arn:aws:kms:eu-west-1:<a>:alias/<n10>
        arn:aws:lambda:us-east-1:<a>:function:<n10>:7 arn:aws:dynamodb:us-east-1:<a>:table/<n10>/index/<n10>
        arn:aws:secretsmanager:us-east-1:<a>:secret:<n10>/<n10> arn:aws:ecr:eu-west-1:<a>:repository/<n10>/<n10>
        arn:aws:logs:us-east-1:<a>:log-group:/aws/lambda/<n10>:* arn:aws:organizations::<a>:account/o-<n10>/<a>
        arn:aws:access-analyzer:eu-west-1:<a>:analyzer/<n10>/archive-rule/<n10> arn:aws:rds:eu-west-1:<a>:snapshot:<n10>
        """.split(),
    "unique id": "AROA<U17> AIDA<U17> AGPA<U17> ANPA<U17> ASCA<U17> AROA<U17>:<n10>".split(),
    "access key id": "AKIA<U16> ASIA<U16>".split(),
    "e-mail": "<n10>@<n10>.example ana.<n10>+aws@mail.<n10>.example <n10>_x@<n10>.co.example".split(),
    "organization": "o-<n10> ou-<n10>-<n10> o-<n10>/r-<n10>/ou-<n10>-<n10>/* o-<n12>/r-<n10>/".split(),
    "canonical id": ["<h64>"],
    "secret key": ["<B40>"],
    "session token": "IQoJb3JpZ2luX2Vj<B200> FwoGZXIvYXdzE<B300>==".split(),
    "jwt": ["eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ<u40>.<u43>"],
    "pem": ["-----BEGIN RSA PRIVATE KEY-----\n<B64>\n<B64>\n<B32>\n-----END RSA PRIVATE KEY-----"],
    "random token": "<m32> <m40> <m64> ghp_<m36>".split(),
    "secret of a key": ["password=<h40>", "PGPASSWORD=<n12>", "--token <m16>", "API_TOKEN=<h32>"],
    "credential": [
        *("mysql -u root -p<n12>", "sshpass -p <n12> ssh", "curl -u bob:<n12> x", "docker login -u ci -p <n12>"),
        *("<password><n12></password>", "jdbc:oracle:thin:bob/<n12>@//h:1521/x", "login bob / 7<n12>"),
        *("Datadog <h32>", "x <h40>", "dapi<h32>", "key-<h32>"),
    ],
    "told password": ["password is 7<n12>", "Passwort für prod: 7<n12>", "login bob/7<n12>", "mot de passe : 7<n12>"],
    "card number": ["<c>"],
    "address": "<i> <i>/28".split(),
    "host": "<n10>.corp.internal https://<n10>.<n10>.net/x https://<n10>:<n12>@<n10>/ <n10>.<n10>.local".split(),
    "bucket": """
        s3://<n10>/<n10>/x <n10>.s3.amazonaws.com https://<n10>.s3.eu-west-1.amazonaws.com/<n10>
        https://s3.amazonaws.com/<n10>/<n10>
        """.split(),
    NAME: _NAMES,
    KNOWN_NAME: _NAMES,
}


def secret(kind: str, rng: Random) -> tuple[str, tuple[str, ...]]:
    """Returns a value of the kind, and its real parts: long parts in pieces, to detect values redacted only partly."""
    parts: list[str] = []

    def fill(match: re.Match[str]) -> str:
        if match[1] == "i":
            octets = (rng.randrange(100, 256), rng.randrange(100, 256), 16 * rng.randrange(7, 16))
            parts.append(address := ".".join(map(str, (81, *octets))))
            return address
        if match[1] in "ad":
            digits = str(rng.randrange(10**11, 10**12))
            width = rng.choice((3, 4))
            parts.extend((digits, grouped := "-".join(digits[i : i + width] for i in range(0, 12, width))))
            return digits if match[1] == "a" else grouped
        if match[1] == "c":
            groups = [str(rng.randrange(1000, 10_000)) for _ in range(4)]
            parts.extend(f"{one}{joint}{other}" for one, other in pairwise(groups) for joint in ("", " "))
            return " ".join(groups)
        text = "".join(rng.choices(_ALPHABETS[match[1]], k=int(match[2])))
        parts.extend(text[i : i + 16] for i in range(0, max(len(text) - 15, 1), 16))
        return text

    return re.sub(r"<(\w)(\d*)>", fill, rng.choice(KINDS[kind])), tuple(parts)


def _percent(text: str) -> str:
    quoted = quote(text, safe="")
    return quoted if quoted != text else "".join(f"%{byte:02X}" for byte in text.encode())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _unicode(text: str) -> str:
    return re.sub("(....)", r"\\u\1", text.encode("utf-16-be").hex())


def _policy(**members: object) -> str:
    statement = {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "%": _percent,
    "%%": lambda text: _percent(_percent(text)),
    "%%%": lambda text: _percent(_percent(_percent(text))),
    "json": json.dumps,
    "\\u": lambda text: json.dumps({"Text": "?"}).replace("?", _unicode(text)),
    "json json": lambda text: json.dumps({"Message": json.dumps({"Text": text})}),
    "&#1;": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "&#x1;": lambda text: "".join(f"&#x{ord(c):X};" for c in text),
    "base64": _base64,
    "base64url": lambda text: _base64(text).replace("+", "-").replace("/", "_").rstrip("="),
    "hex": lambda text: text.encode().hex() if len(text) > 11 else f"account: {text}".encode().hex(),
    "utf-16": lambda text: base64.b64encode(f"text: {text}".encode("utf-16-le")).decode(),
    "base64 %": lambda text: _base64(_percent(text)),
    "% policy": lambda text: quote(_policy(Principal={"AWS": text}), safe="-._~"),
}
CONTEXTS: dict[str, Callable[[str], str]] = {
    "alone": str,
    "sentence": "The request of {} was refused by the service.".format,
    "unicode": "für 中文\u00a0{}\u3000\N{GRINNING FACE} und".format,
    "parentheses": "one ({}), two".format,
    "quotes": "not '{}'".format,
    "commas": "[x,{},y]".format,
    "principal": lambda text: _policy(Principal={"AWS": ["*", text]}),
    "resource": lambda text: _policy(Resource=text),
    "condition": lambda text: _policy(Condition={"StringLike": {"aws:PrincipalTag/team": [text]}}),
    "sid": lambda text: _policy(Sid=text),
    "quoted policy": lambda text: f"Syntax errors in policy: {_policy(Resource=[text])}.",
    "key=": "next=1&key={}&id=2".format,
    "csv": "name,2026-01-02,{},true\nother,2026-01-02,,false\n".format,
    "json key": lambda text: json.dumps({"status": "open", text: {"total": 3}}),
    "column": 'id;"{}";total\n1;x;3\n2;y;4\n'.format,
    "lines": "first line\nsecond: {}\n\nthird".format,
}

# --- canaries ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Canary:
    """A planted value: `text` contains it, encoded and in its context; `parts` are its real parts."""

    kind: str
    encoding: str
    context: str
    position: Position
    parts: tuple[str, ...]
    text: str
    exchanges: tuple[Exchange, ...]


def _accepts(position: Position, kind: str) -> bool:
    """Whether a value of that kind must be redacted there.

    An unknown name outside name members is a mere word; the key of a map is none, as programs look it up. In services
    that are redacted by default-deny, every text is.
    """
    if kind in (NAME, KNOWN_NAME) and position.operation.service.name not in DEFAULT_SERVICES:
        return kind == NAME and is_denied_by_place(position)
    if kind == NAME:
        return position.shape is not None and (position.shape.name in NAME_KINDS or position.shape.name in PATH_SHAPES)
    path = (MapKey("x"),) if position.path[-1:] == (MAP_KEY,) else ()
    return kind != KNOWN_NAME or (
        position.side in ("output", "error")
        and is_free_text("x", StringContext(Place(position.shape, (position.member,)), path))
    )


def canaries(count: int, seed: int, every: int = 1, first: int = 0) -> Iterator[Canary]:
    """Yields the canaries of a seed: every `every`-th of `count`, starting with number `first`."""
    rng = Random(seed)
    ways = list(product(KINDS, ENCODINGS, CONTEXTS))
    suitable = {kind: [p for p in positions() if _accepts(p, kind)] for kind in (NAME, KNOWN_NAME, "")}
    ways = [way for way in ways if (way[0], way[2]) != (KNOWN_NAME, "json key")]  # a key stays, as programs look it up
    ways = [way for way in ways if suitable[way[0] if way[0] in suitable else ""]]
    turns = {kind: cycle(rng.sample(every_position, len(every_position))) for kind, every_position in suitable.items()}
    for i, (kind, encoding, context) in enumerate(islice(cycle(rng.sample(ways, len(ways))), count)):
        position = next(turns[kind if kind in turns else ""])
        if i % every == first:
            yield _canary(kind, encoding, context, position, Random(f"{seed} {i}"))


def _canary(kind: str, encoding: str, context: str, position: Position, rng: Random) -> Canary:
    value, parts = secret(kind, rng)
    encoded, wrapped = ENCODINGS[encoding], str if kind == NAME else CONTEXTS[context]
    text = rng.choice((encoded(wrapped(value)), wrapped(encoded(value))))
    if kind == NAME and position.shape and position.shape.name in PATH_SHAPES:
        text = f"/{text}/"
    if position.is_in_header:
        text = _line(text)
    planted = list(_exchanges(position, text, rng))
    if kind == KNOWN_NAME:
        name, *path = rng.choice(_NAME_MEMBERS).split()
        naming = value_at(exchanges.operation(name).output, tuple(path), value, rng)
        planted.insert(rng.randrange(2), (exchanges.request(name), exchanges.respond(name, naming)))
    return Canary(kind, encoding, context, position, parts, text, tuple(planted))


#: Operation and path of members that contain a name, for the exchange that makes a name known.
_NAME_MEMBERS = ("ListRoles Roles [] RoleName", "GetUser User UserName", "ListAnalyzers analyzers [] name")


def _exchanges(position: Position, text: str, rng: Random) -> Iterator[Exchange]:
    op, required = position.operation, required_members(position.operation.input)
    request, response = exchanges.request(op, required), exchanges.respond(op)
    match position.side:
        case "input":
            request = exchanges.request(op, {**required, **value_at(op.input, position.path, text, rng)})
        case "output":
            output = value_at(op.output, position.path, text, rng)
            response = exchanges.respond(op, output)
            if has_text_as_token(op) and rng.random() < 0.3:
                pages = rng.choice(([output, {}], [{}, output], [output, output, {}]))
                yield from exchanges.listing(op, required, pages)
                return
        case "token":
            listing = exchanges.listing(op, required, [{}, {}], token=text)
            yield from rng.choice((listing, listing[:1], listing[1:]))
            request, response = listing[1][0], exchanges.fail(op, 400, "ValidationError", f"No page {text}1")
        case "error":
            response = _failed(position, text, rng)
        case _:
            request, response = _around(position, (request, response), text, rng)
    yield request, response


def _around(position: Position, exchange: Exchange, text: str, rng: Random) -> Exchange:
    request, response = exchange
    match position.side:
        case "request header":
            names = ("x-amz-security-token", "user-agent", "amz-sdk-invocation-id", "authorization", "cookie")
            request = replace(request, headers=(*request.headers, (rng.choice(names), _line(text))))
        case "request path":
            request = replace(request, path=f"{request.path}/{quote(text, safe='')}")
        case "request extra":
            extra = rng.choice(({"NewMember": text}, {"NewMember.member.1": text}, {text: "x"}))
            request = replace(request, query=f"{request.query}&{urlencode(extra)}".strip("&"))
        case "answer envelope":
            response = write_response(position.operation, Answer({}), text)
            response = replace(response, headers=(*response.headers, ("set-cookie", _line(text))))
        case "answer body":
            response = Response(rng.choice((200, 403, 503)), (), f"<html>{text}</html>".encode())
    return request, response


def _line(text: str) -> str:
    """Returns the text in a form that a header can contain."""
    return " ".join(text.split()).encode("latin-1", "replace").decode("latin-1")


def _failed(position: Position, text: str, rng: Random) -> Response:
    errors = position.operation.service.errors.items()
    code = next((code for code, shape in errors if shape is position.error), "ServiceFailure")
    members = {"Code": code, "message": "No.", **value_at(position.error, position.path, text, rng)}
    code, message = _line(members.pop("Code")), members.pop("message")
    error = Failure(rng.choice((400, 403, 500)), None if "__type" in members else code, message, members)
    return write_response(position.operation, Answer(error=error), "request-id")


# --- trying and searching ---------------------------------------------------------------------------------------


@dataclass
class Result:
    """counts: canaries by (result, kind, encoding); leaks: a description of each; visited: the positions tried."""

    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)

    def total(self, result: str) -> int:
        return sum(n for (counted, *_), n in self.counts.items() if counted == result)


def run(count: int, seed: int, every: int = 1, first: int = 0) -> Result:
    """Tries the canaries of a seed, or a part of them; see `canaries`."""
    result = Result()
    for canary in canaries(count, seed, every, first):
        category = (canary.kind, canary.encoding)
        result.counts["tried", *category] += 1
        result.visited.add(str(canary.position))
        place = f"{canary.kind}, {canary.encoding}, {canary.context}, at {canary.position}"
        try:
            output = _output(canary)
        except Exception as error:  # the whole recording would be lost
            result.counts["crashed", *category] += 1
            result.leaks.append(f"{type(error).__name__}: {place}\n  planted: {canary.text!r}")
            continue
        result.counts["set aside" if "set aside" in output else "recorded", *category] += 1
        for where, texts in output.items():
            if leak := found(texts, canary.parts):
                result.counts["leaked", *category] += 1
                result.leaks.append(f"in the {where}: {place}\n  planted: {canary.text!r}\n  came out: {leak!r}")
                break
    return result


def _output(canary: Canary) -> dict[str, list[str]]:
    """Returns all text that awstape writes for a canary, by kind of output."""
    output: dict[str, list[str]] = {}
    recording = exchanges.recorder(*canary.exchanges, include_writes=True).finish()
    text = write_cassette(recording.cassette)
    scalars = (token.value for token in yaml.scan(text, yaml.CSafeLoader) if isinstance(token, yaml.ScalarToken))
    output["cassette"] = [text, *scalars]
    output["report"] = [
        *report.recording_lines("canary.yaml", recording),
        json.dumps(report.recording_facts("canary.yaml", recording)),
        repr(recording.set_aside),
    ]
    if recording.set_aside:
        output["set aside"] = []
    output["miss"] = []
    for key in (KEY, None):
        player = exchanges.player(Cassette(), key=key)
        for request, _ in canary.exchanges:
            miss = player.answer(request)
            assert isinstance(miss, Miss)
            output["miss"] += [miss.text, miss.response.body.decode("utf-8", "replace"), repr(miss.response.headers)]
        output["miss"] += report.replay_lines(player)
    return output


_HEX_RUN = re.compile("[0-9a-fA-F]{24,}")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_DEPTH = 3  # how many different encodings may be nested; each may itself be repeated


def found(texts: Iterable[str], parts: Iterable[str]) -> str | None:
    """Returns the first decoded text that contains one of the parts, in any encoding and case; None if none does."""
    needles = [part.casefold() for part in parts]
    # Compares beginnings of equal length first, so that many parts can be searched for at once.
    length = min(map(len, needles))
    beginnings = {needle[:length] for needle in needles}
    seen: set[str] = set()
    for text in texts:
        for plain in _readings(text, seen, _DEPTH):
            folded = plain.casefold()
            windows = (folded[i : i + length] for i in range(len(folded) - length + 1))
            if not beginnings.isdisjoint(windows) and any(needle in folded for needle in needles):
                return plain
    return None


def _readings(text: str, seen: set[str], depth: int) -> Iterator[str]:
    if text not in seen:
        seen.add(text)
        yield text
        for plain in _decoded(text) if depth else ():
            yield from _readings(plain, seen, depth - 1)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) > 1 else {"n": "\n"}.get(m[1], m[1]), text)


def _decoded(text: str) -> Iterator[str]:
    for decode in (unquote, html.unescape, _unescape):
        plain = text
        while (again := decode(plain)) != plain:
            yield (plain := again)
    for run_ in _BASE64_RUN.findall(text):
        for start in range(4):  # another word may directly precede the encoded text
            bare = run_[start:].replace("-", "+").replace("_", "/")
            bare = bare[:-1] if len(bare) % 4 == 1 else bare
            yield base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("latin-1").replace("\0", "")
    for digits in _HEX_RUN.findall(text):
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1").replace("\0", "")


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Plant realistic values in traffic and search awstape's output for them."
    )
    parser.add_argument("count", type=int, nargs="?", default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--services", nargs="*", help="services whose traffic is tried, instead of IAM's and its kin")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--show", type=int, default=20, help="how many leaks to print")
    args = parser.parse_args()
    workers, result = args.workers, Result()
    if args.services:
        exchanges.recognise(args.services)
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for part in pool.starmap(run, [(args.count, args.seed, workers, first) for first in range(workers)]):
            result.counts += part.counts
            result.visited |= part.visited
            result.leaks += part.leaks
    print("tried/leaked".ljust(14), *(encoding.rjust(9) for encoding in ENCODINGS))
    for kind in KINDS:
        cells = (f"{result.counts['tried', kind, e]}/{result.counts['leaked', kind, e] or '-'}" for e in ENCODINGS)
        print(kind.ljust(14), *(cell.rjust(9) for cell in cells))
    print(*result.leaks[: args.show], sep="\n")
    print(f"{len(result.visited)} of {len(positions())} positions,", end=" ")
    print(", ".join(f"{result.total(what)} {what}" for what in ("tried", "leaked", "set aside", "crashed")))
    return 1 if result.leaks else 0


if __name__ == "__main__":
    sys.exit(main())
