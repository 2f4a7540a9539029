"""Hypothesis strategies: values that fit the shapes of the service models.

Values that must be redacted are made up and marked, so that `identifiers_in` finds them: account ids, names, paths,
unique ids, e-mail addresses, page tokens. Free text contains identifiers, but no bare names: redaction finds those in
free text only if they occur elsewhere as names.

Each value is drawn as one number, the seed of its random generator. Drawing it piece by piece would take Hypothesis ten
times as long; it would allow shrinking, which these tests don't use.
"""

from __future__ import annotations

import json
import os
import re
import string
from collections.abc import Callable
from functools import cache
from random import Random
from typing import TypeVar
from urllib.parse import quote, unquote
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from awstape.core.aws.model import Member, Operation, Shape, Value

MARK = "zreal"  # in every name and path, in lower or upper case
ACCOUNTS = ("111122223333", "444455556666", "123456789012")
DEPTH = 5  # below this depth, structures and collections are empty

Texts = st.SearchStrategy[str]
Made = TypeVar("Made")
TextOf = Callable[[Random], str]

EXAMPLES = int(os.environ.get("AWSTAPE_EXAMPLES", "1"))
#: The divisor of the number of examples that a test requests, by the profile of Hypothesis; see conftest.py.
SHARE = 1 if EXAMPLES > 1 else {"fast": 10, "thorough": 1}.get(settings.get_current_profile_name(), 3)


def few(examples: int) -> settings:
    """Returns settings for a test that runs for every operation; `AWSTAPE_EXAMPLES=20` multiplies its examples by 20.

    Shrinking is off: it takes minutes for a whole recording, and the examples are small anyway.
    """
    return settings(
        max_examples=max(examples * EXAMPLES // SHARE, 2),
        deadline=None,
        database=None,
        derandomize=EXAMPLES == 1,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def made(make: Callable[[Random], Made]) -> st.SearchStrategy[Made]:
    """Returns a strategy that draws a seed and passes a random generator with it to the function."""
    return st.integers(0, 2**24 - 1).map(lambda seed: make(Random(seed)))


def identifiers_in(text: str) -> list[str]:
    """Returns the made-up real values that occur in a text, also percent-encoded."""
    plain = unquote(unquote(text))
    marked = re.compile(rf"\S{{0,20}}(?:{MARK}|AMPLEID|{'|'.join(ACCOUNTS)})\S{{0,20}}", re.IGNORECASE)
    return marked.findall(plain)


# --- texts that must be redacted --------------------------------------------------------------------------------

_ALNUM = string.ascii_letters + string.digits
_LOWER = string.ascii_lowercase + string.digits
_UPPER = string.ascii_uppercase + string.digits


def _chars(random: Random, chars: str, least: int, most: int) -> str:
    return "".join(random.choices(chars, k=random.randint(least, most)))


def _account(random: Random) -> str:
    return random.choice(ACCOUNTS)


def _name(random: Random) -> str:
    front, between = _chars(random, string.ascii_letters, 0, 4), _chars(random, "-+=,.@_", 0, 1)
    return f"{front}{between}{MARK}{_chars(random, _ALNUM, 1, 6)}"


def _lower_name(random: Random) -> str:
    between = _chars(random, "-", 0, 1)
    return f"{_chars(random, string.ascii_lowercase, 0, 4)}{between}{MARK}{_chars(random, _LOWER, 1, 6)}".strip("-")


def _unique_id(random: Random) -> str:
    prefix = random.choice(("AIDA", "AROA", "AGPA", "ANPA", "AIPA", "AKIA", "ASIA"))
    return f"{prefix}EXAMPLEID{_chars(random, _UPPER, 8, 8)}"


def _email(random: Random) -> str:
    return f"{_lower_name(random)}@{_lower_name(random)}.example"


def _organization_id(_: Random) -> str:
    return "o-zrealorg123"


def _token(random: Random) -> str:
    return f"{MARK}{_chars(random, _ALNUM + '+/', 20, 60)}{_chars(random, '=', 0, 2)}"


def _path(random: Random) -> str:
    return "/".join(["", *(_lower_name(random) for _ in range(random.randint(0, 3))), ""])


_ARNS = (
    "arn:aws:iam::{a}:user/{n}",
    "arn:aws:iam::{a}:user/{p}/{n}",
    "arn:aws:iam::{a}:role/service-role/{n}",
    "arn:aws:iam::{a}:policy/{n}",
    "arn:aws:iam::{a}:root",
    "arn:aws-cn:iam::{a}:role/{p}/{p}/{n}",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::{a}:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport",
    "arn:aws:sts::{a}:assumed-role/{n}/{n}",
    "arn:aws:s3:::{p}",
    "arn:aws:s3:::{p}/{n}/*",
    "arn:aws:s3:::{p}/${{aws:username}}/*",
    "arn:aws:s3:eu-west-1:{a}:accesspoint/{p}",
    "arn:aws:kms:eu-west-1:{a}:key/12345678-abcd-4bcd-9bcd-1234567890ab",
    "arn:aws:lambda:us-east-1:{a}:function:{n}:7",
    "arn:aws:sns:us-east-1:{a}:{n}",
    "arn:aws:sqs:us-east-1:{a}:{n}",
    "arn:aws:dynamodb:us-east-1:{a}:table/{n}/index/{n}",
    "arn:aws:secretsmanager:us-east-1:{a}:secret:{n}-AbCdEf",
    "arn:aws:logs:us-east-1:{a}:log-group:/aws/lambda/{n}:*",
    "arn:aws:access-analyzer:eu-west-1:{a}:analyzer/{n}",
    "arn:aws:access-analyzer:eu-west-1:{a}:analyzer/{n}/archive-rule/{n}",
    "arn:aws:cloudtrail:eu-west-1:{a}:trail/{n}",
    "arn:aws:organizations::{a}:account/o-zrealorg123/{a}",
)


def _arn(random: Random) -> str:
    return random.choice(_ARNS).format(a=_account(random), n=_name(random), p=_lower_name(random))


def _identifier(random: Random) -> str:
    kinds: tuple[TextOf, ...] = (_arn, _account, _unique_id, _email, _organization_id, lambda r: quote(_arn(r)))
    return random.choice(kinds)(random)


names: Texts = made(_name)
tokens: Texts = made(_token)

# --- other texts ------------------------------------------------------------------------------------------------


def _timestamp(random: Random) -> str:
    day = f"20{random.randint(10, 38)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    time = f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}"
    return f"{day}T{time}{random.choice(('', f'.{random.randint(1, 999):03}'))}Z"


def _words(random: Random) -> str:
    return _chars(random, "xyqXYQ é中😀_=/\\\"'<>&%+\t\n\r*#?!:;,.-{}[]()|\u0085\u2028", 0, 12)


_LITERALS = ("", " ", "true", "null", "1e5", "0x1F", "~", "- a", "2026-01-02", "---", "12:30:00", "=")


def _prose(random: Random) -> str:
    kinds: tuple[TextOf, ...] = (
        _words,
        lambda r: r.choice(_LITERALS),
        lambda r: f"{_words(r)} {_identifier(r)} {_words(r)}",
    )
    return random.choice(kinds)(random)


prose: Texts = made(_prose)
_ACTIONS = ("s3:GetObject", "iam:PassRole", "lambda:InvokeFunction", "*", "logs:*")


def _policy_document(random: Random) -> str:
    """Returns a policy document, formatted in one of the ways in which people format it."""
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Action": random.choices(_ACTIONS, k=random.randint(1, 2)),
        "Resource": random.choice((_arn(random), "*")),
        "Principal": {"AWS": random.choice((_arn, _account))(random), "Service": "ec2.amazonaws.com"},
        "Condition": {"StringEquals": {"sts:ExternalId": _name(random), "aws:PrincipalOrgID": "o-zrealorg123"}},
        "Sid": random.choice(("", "Öffentlich", "a/b")),
    }
    keys = random.sample(list(statement), random.randint(1, len(statement)))
    policy = {"Version": "2012-10-17", "Statement": [{key: statement[key] for key in keys}]}
    indent = random.choice((None, 0, 2, 4, "\t"))
    separators = (",", ":") if indent is None and random.random() < 0.5 else None
    return json.dumps(policy, indent=indent, separators=separators, ensure_ascii=random.random() < 0.5)


def policy_documents() -> Texts:
    return made(_policy_document)


# --- by shape ---------------------------------------------------------------------------------------------------


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


_DOCUMENTS = frozenset({"policyDocumentType", "PolicyDocument", "AccessCheckPolicyDocument", "KmsKeyPolicy", "Policy"})
_BY_PATTERN: dict[str, TextOf] = {
    r"[\w+=,.@-]+": _name,
    r"\d{12}": _account,
    r"[\w]+": _unique_id,
    r"[\w-]+": _uuid,  # request ids, which identify no one
    r"[A-Z0-9]+": _unique_id,
    r"[A-Za-z][A-Za-z0-9_.-]*": _lower_name,
    r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$": _lower_name,
    r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?": lambda random: f"v{random.randint(1, 9)}",
    r"[\d]+": lambda random: str(random.randint(100000, 999999)),
    r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}": _uuid,
    r"^p-[0-9a-zA-Z_]{8,128}$": lambda _: "p-zrealpolicy",
    r"^o-[a-z0-9]{10,32}$": _organization_id,
    r"^o-[0-9a-z]{10,32}\/r-[0-9a-z]{4,32}[0-9a-z-\/]*": lambda _: "o-zrealorg123/r-zreal/ou-zreal-zrealunit",
    r"[:\w]+": lambda random: f"arn:aws:iam::111122223333:mfa/{_unique_id(random)}",
}


def _value(random: Random, shape: Shape, depth: int = 0) -> Value:
    """Returns a value of a shape, in the core's representation."""
    match shape.type:
        case "structure" if shape.document:
            return random.choice((_prose(random), 1.5, [None, {"a": _prose(random)}], {"time": 1421866952, "b": []}))
        case "structure":
            return _structure(random, shape, depth)
        case "list":
            assert shape.member
            member, number = shape.member.shape, 0 if depth >= DEPTH else random.randint(0, 2)
            return [_value(random, member, depth + 1) for _ in range(number)]
        case "map":
            assert shape.key and shape.value
            key_of, number = _text_of(shape.key.shape), 0 if depth >= DEPTH else random.randint(0, 2)
            keys = filter(None, [key_of(random) for _ in range(number)])
            return {key: _value(random, shape.value.shape, depth + 1) for key in keys}
        case "boolean":
            return random.random() < 0.5
        case "integer" | "long":
            least = shape.min or 0
            most = max(least, min(shape.max or 2**31 - 1, 2**31 - 1))
            return random.choice((least, min(least + 1, most), most, random.randint(least, most)))
        case "float":  # of single precision
            return random.choice((0.0, 1.0, 0.1, 1e-05, 65504.5, 1e6, round(random.uniform(0, 1000), 2)))
        case "double":
            return random.choice((0.0, 1.0, 0.1, 1e-05, 5e-324, 1e6, random.uniform(0, 1), random.uniform(0, 1e6)))
        case "blob":
            return _prose(random) if random.random() < 0.5 else b"\xff" + random.randbytes(random.randint(1, 8))
        case _:
            return _text_of(shape)(random)


def _structure(random: Random, shape: Shape, depth: int) -> Value:
    members = {n: m for n, m in shape.members.items() if depth < DEPTH or m.shape.is_scalar}
    if shape.union:
        members = members or dict(shape.members)  # one must be set
        chosen = [random.choice(list(members))]
    else:
        optional = [n for n, m in members.items() if m.location != "uri" and not m.host_label]
        chosen = [n for n, m in members.items() if m.location == "uri" or m.host_label]
        chosen += random.sample(optional, random.randint(0, len(optional)))
    return {name: _member(random, members[name], depth) for name in chosen}


def _member(random: Random, member: Member, depth: int) -> Value:
    if member.host_label:
        return _lower_name(random)
    while True:
        value = _value(random, member.shape, depth + 1)
        if member.location != "uri" or value != "":
            return value


@cache
def _text_of(shape: Shape) -> TextOf:
    """Returns the generator of texts of a shape."""
    if shape.type == "timestamp":
        return _timestamp
    if shape.enum:
        return lambda random: random.choice(shape.enum)
    if shape.name in _DOCUMENTS:
        return _policy_document
    if shape.pattern in _BY_PATTERN:
        return _BY_PATTERN[shape.pattern]
    if "path" in shape.name.lower():
        return _path
    if "arn" in shape.name.lower() or "arn:" in (shape.pattern or ""):
        return _arn
    if shape.sensitive or shape.name in _OPAQUE:
        return _name
    return _prose


#: Shapes whose whole value redaction replaces.
_OPAQUE = frozenset(
    """
    AttachmentName OpenIDConnectProviderUrlType SAMLMetadataDocumentType certificateBodyType certificateChainType
    clientIDType entityNameType publicKeyMaterialType serialNumberType
    """.split()
)


def inputs(operation: Operation) -> st.SearchStrategy[dict[str, Value]]:
    """Inputs without page token and limit. botocore serializes them completely: they contain no empty structures."""
    paging = operation.paging
    left_out = {paging.token, paging.limit} if paging else set()
    return _members_of(operation.input, left_out)


def outputs(operation: Operation) -> st.SearchStrategy[dict[str, Value]]:
    """Outputs without the page token and without the flag for more pages."""
    paging = operation.paging
    left_out = {paging.output_token, paging.more} if paging else set()
    return _members_of(operation.output, left_out)


def value_of(shape: Shape, random: Random) -> Value:
    """Returns a value of a shape."""
    return _value(random, shape)


def _members_of(shape: Shape | None, left_out: set[str | None]) -> st.SearchStrategy[dict[str, Value]]:
    if shape is None:
        return st.just({})
    return made(lambda random: _without(_as_dict(_value(random, shape)), left_out))


def _as_dict(value: Value) -> dict[str, Value]:
    assert isinstance(value, dict)
    return value


def _without(value: dict[str, Value], names: set[str | None]) -> dict[str, Value]:
    return {name: item for name, item in value.items() if name not in names}
