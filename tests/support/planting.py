"""Cassettes into which real values are planted as by a hand edit, and the member in which a check must report them.

A spot is an edit: a piece of a cassette's text is replaced by a text that contains VALUE, the placeholder of the value.
The cassettes are those that ship, and some that are built here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from awstape.core.cassette.yaml.writer import write_cassette
from canaries import KNOWN_NAME, NAME, secret
from examples import FOLDER
from support import exchanges

VALUE = "VALUE"


def plain(value: str) -> str:
    """The value as a YAML scalar: plain, or quoted if it has several lines or is no text otherwise."""
    return json.dumps(value, ensure_ascii=False) if "\n" in value or ": " in value else value


def inside(value: str) -> str:
    """The value within a text of one line: a sentence, a comment, a JSON literal."""
    return value.replace("\n", "\\n")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@dataclass(frozen=True)
class Spot:
    """A place for a value: the first `old` after `after` in the cassette's text is replaced by `new`."""

    name: str
    cassette: str
    old: str
    new: str
    member: str
    spell: Callable[[str], str] = plain
    after: str = ""
    kinds: tuple[str, ...] = ()  # the kinds that are planted here; if empty, all except names
    names: bool = False  # whether a bare name must be redacted here

    def accepts(self, kind: str) -> bool:
        if kind == KNOWN_NAME:
            return False
        return kind in self.kinds if self.kinds else kind != NAME or self.names

    @property
    def before(self) -> str:
        return cassettes()[self.cassette]

    @property
    def edited(self) -> str:
        """The text of the cassette with VALUE in it."""
        text = self.before
        start = text.index(self.old, text.index(self.after))
        return text[:start] + self.new + text[start + len(self.old) :]

    def plant(self, kind: str, number: int) -> tuple[str, int, tuple[str, ...]]:
        """Returns the text with a value of the kind, the number of the line in which it begins, and its real parts."""
        value, parts = secret(kind, Random(f"{self.name} {kind} {number}"))
        before, _, after = self.edited.partition(VALUE)
        return before + self.spell(value) + after, before.count("\n") + 1, parts


@cache
def cassettes() -> dict[str, str]:
    """Returns name → text of the cassettes: those that ship, and some with members that those lack."""
    made = {
        "user": (
            exchanges.request("GetUser", {"UserName": "Ana"}),
            exchanges.respond(
                "GetUser",
                {
                    "User": {
                        "Path": "/",
                        "UserName": "Ana",
                        "UserId": "AIDAEXAMPLEID1234567",
                        "Arn": "arn:aws:iam::111122223333:user/Ana",
                        "CreateDate": "2024-01-01T00:00:00Z",
                        "Tags": [{"Key": "team", "Value": "blue"}],
                    }
                },
            ),
        ),
        "report": (
            exchanges.request("GetCredentialReport"),
            exchanges.respond("GetCredentialReport", {"Content": "user,arn,user_creation_time\nx,y,z\n"}),
        ),
        "key": (
            exchanges.request("CreateAccessKey", {"UserName": "Ana"}),
            exchanges.respond(
                "CreateAccessKey",
                {
                    "AccessKey": {
                        "UserName": "Ana",
                        "AccessKeyId": "AKIAEXAMPLEID1234567",
                        "Status": "Active",
                        "SecretAccessKey": "fake/Secret/Access/Key/0123456789abcdefg",
                    }
                },
            ),
        ),
    }
    texts = {name: write_cassette(exchanges.cassette(each, include_writes=True)) for name, each in made.items()}
    return texts | {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.yaml")}
