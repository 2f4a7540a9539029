"""Ordinary words: in descriptions, messages and tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle

from support import public_words
from support.marked_text import private, public
from support.vocabulary_plants import (
    MOST_TWINS,
    Plant,
    interleaved,
    made_name,
    members,
    parts,
    put,
    put_in_turn,
    twins,
)

# --- free text --------------------------------------------------------------------------------------------------

_EVERYDAY = """
    Deployed on 202301021530 by the pipeline|backup-202301021530|Rotated at 2023-01-02T15:30:00Z|version 1.28.3
    v2.0.0-rc.1|python3.12 and nodejs20.x|mail noreply@example.com|owned by user@example.com
    see https://docs.aws.amazon.com/IAM/latest/
    commit 3f8a1c9d2b7e4f6a0c5d8e1b9a7f3c2d4e6b8a10|git sha 3f8a1c9|open to 0.0.0.0/0 and ::/0
    for 192.0.2.0/24 and 2001:db8::1
    Sign-in for Admin and Test users|Allows EC2 instances to call AWS services on your behalf.
    Break-glass role (do not use)
    Full access to Production, Staging and Development|Secret rotation for the Password policy
    Do not delete: Terraform-managed
    the password is required|Password for the user|key: value|kms key alias/aws/s3|the key is RSA4096|secret v1beta1
    Read-only access via CloudFormation StackSets
    """
#: What in everyday texts is private, marked with brackets.
_EVERYDAY_PRIVATE = """
    Deployed by [730199887766] on 202301021530|mail [ana.roth@payroll-kx3.net] or noreply@example.com
    open to [81.2.69.160]/32
    Password=[Tr0ub4dor-9x]|the key is [AKIAQ7XW3ZP5T2LM8N4R]|host [db1.payroll-kx3.internal] is down|of [o-k3x9p2m7q1]
    Passwort: [Tr0ub4dor-9y]|password for prod is [Tr0ub4dor-9z]|secret [hunter27kx3]|PIN [884177]
    asked [i-0a9b8c7d6e5f43210] for it|https://[bob]:[hunter2-kx3]@[intranet]
    """


def _texts(kind: str, texts: list[str], limit: int = 1000) -> Iterator[Plant]:
    """Yields the texts where people write and services explain, and some of them beside a known name."""
    fitting = [text for text in texts if len(text) <= limit]
    yield from put_in_turn(kind, fitting, members(r"Description$|Tags\.\[\]\.Value$|message$|error$"))


def _descriptions() -> Iterator[Plant]:
    kind, texts = "descriptions in documentation", public_words.example_texts()
    known = (_beside_name(kind, text, number) for number, text in enumerate(texts[:MOST_TWINS]))
    yield from interleaved(_texts(kind, texts), known)


def _beside_name(kind: str, text: str, number: int) -> Plant:
    name = made_name(f"{text} {number}")
    described = {"Role": {"RoleName": private(name), "Description": f"{text} Used by {private(name)} only."}}
    return Plant(kind, "GetRole", "output", described, known=name)


def _error_messages() -> Iterator[Plant]:
    kind, texts = "error messages", public_words.emulator_messages()
    names = cycle(("ListRoles", "GetRole", "ListFindings", "CreateRole", "ListAnalyzers"))
    texts = [text.replace("user1", private("user1")) for text in texts]
    for number, text in enumerate(texts):
        yield Plant(kind, next(names), "error", {"message": text})
        if number % 5 == 0:
            name = made_name(text)
            message = f"{text} ({private(name)})"
            yield Plant(kind, next(names), "error", {"message": message}, known=name)


def _everyday_texts() -> Iterator[Plant]:
    kind = "everyday words in text"
    positions = members(r"Description$|Tags\.\[\]\.Value$|message$|error$")
    public_ones = [text.strip() for text in re.split(r"[|\n]", _EVERYDAY) if text.strip()]
    marked = [text.strip() for text in re.split(r"[|\n]", _EVERYDAY_PRIVATE) if text.strip()]
    marked = [re.sub(r"\[([^\]]*)\]", lambda match: private(match[1]), text) for text in marked]
    words = [word for text in public_ones for word in re.findall(r"[A-Za-z-]{4,}", text)]
    in_errors = (Plant(kind, "ListRoles", "error", {"message": text}) for text in [*public_ones, *marked])
    every = (put(kind, position, text) for text in [*public_ones, *marked] for position in positions[:10])
    yield from interleaved(every, in_errors, twins(kind, dict.fromkeys(words)))


# --- tags -------------------------------------------------------------------------------------------------------

_TAGS = """
    Environment=Production SecretsManaged=true cost-center=Marketing PasswordRotation=false TokenBased=true Name=Test
    aws:cloudformation:stack-name=* aws:cloudformation:logical-id=Role aws:autoscaling:groupName=* Owner=Platform
    aws:servicecatalog:provisioningPrincipal=* kubernetes.io/cluster/*=owned aws-cdk:auto-delete-images=true
    map-migrated=* data-classification=internal terraform=true elasticbeanstalk:environment-name=* eks:cluster-name=*
    backup=daily patch-group=Linux AmazonECSManaged=true project=Apollo team=Blue compliance=PCI
    """


def _tags() -> Iterator[Plant]:
    kind = "tags"
    pairs = [tuple(pair.split("=")) for pair in _TAGS.split()]
    pairs += public_words.example_tags()
    pairs += [
        (key.partition("/")[2], value)
        for key, value in public_words.condition_words()
        if "Tag/" in key and "$" not in key
    ]
    values = dict.fromkeys(value for _, value in pairs)

    def listed() -> Iterator[Plant]:
        turns = cycle([p for p in members(r"Tags\.\[\]\.Key$") if p.path[0] == "Tags"])
        for number, part in enumerate(parts(pairs, 10)):
            position = next(turns)
            tags = [{"Key": key, "Value": value} for key, value in part]
            yield Plant(kind, position.operation.name, position.side, {"Tags": tags})
            mapped = {public(key): value for key, value in part}
            names = ("ListTagsForResource", "TagResource", "CreateAnalyzer")
            yield Plant(kind, names[number % 3], "output" if number % 3 == 0 else "input", {"tags": mapped})

    yield from interleaved(listed(), twins(kind, values))


#: Kind → its plants.
KINDS: Mapping[str, Callable[[], Iterator[Plant]]] = {
    "descriptions in documentation": _descriptions,
    "error messages": _error_messages,
    "everyday words in text": _everyday_texts,
    "tags": _tags,
}
