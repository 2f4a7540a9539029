"""Hypothesis strategies: values that fit the shapes of the service models.

Whatever in them is somebody's is made up here, and carries a mark that `identifiers_in` finds again: account ids,
names, paths, unique ids, e-mail addresses, page tokens. Free text holds identifiers, but no bare names: those are found
in it only if they occur elsewhere as names.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from urllib.parse import quote, unquote

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from awstape.core.model import Member, Operation, Shape, Value

MARK = "zreal"  # in every name and path, in lower or upper case
ACCOUNTS = ("111122223333", "444455556666", "123456789012")
DEPTH = 5  # below it, structures and collections are empty

Values = st.SearchStrategy[Value]
Texts = st.SearchStrategy[str]

EXAMPLES = int(os.environ.get("AWSTAPE_EXAMPLES", "1"))


def few(examples: int) -> settings:
    """Settings for a test that runs for every operation; `AWSTAPE_EXAMPLES=20` makes it a bug hunt.

    Shrinking a whole recording takes minutes; the examples are small as they are.
    """
    if settings.get_current_profile_name() == "fast":  # see conftest.py
        examples = min(examples, settings().max_examples)
    return settings(
        max_examples=examples * EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES == 1,
        phases=(Phase.generate,),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def identifiers_in(text: str) -> list[str]:
    """The made-up real values that occur in a text, also percent-encoded."""
    plain = unquote(unquote(text))
    marked = re.compile(rf"\S{{0,20}}(?:{MARK}|AMPLEID|{'|'.join(ACCOUNTS)})\S{{0,20}}", re.IGNORECASE)
    return marked.findall(plain)


# --- somebody's -------------------------------------------------------------------------------------------------

accounts: Texts = st.sampled_from(ACCOUNTS)
names: Texts = st.from_regex(rf"[A-Za-z]{{0,4}}[-+=,.@_]?{MARK}[A-Za-z0-9]{{1,6}}", fullmatch=True)
lower_names: Texts = st.from_regex(rf"[a-z]{{0,4}}-?{MARK}[a-z0-9]{{1,6}}", fullmatch=True).map(lambda s: s.strip("-"))
unique_ids: Texts = st.builds(
    lambda prefix, rest: f"{prefix}EXAMPLEID{rest}",
    st.sampled_from(("AIDA", "AROA", "AGPA", "ANPA", "AIPA", "AKIA", "ASIA")),
    st.from_regex(r"[A-Z0-9]{8}", fullmatch=True),
)
emails: Texts = st.builds("{}@{}.example".format, lower_names, lower_names)
organization_ids: Texts = st.just("o-zrealorg123")
tokens: Texts = st.from_regex(rf"{MARK}[A-Za-z0-9+/]{{20,60}}={{0,2}}", fullmatch=True)
paths: Texts = st.lists(lower_names, max_size=3).map(lambda parts: "/".join(["", *parts, ""]))

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
arns: Texts = st.builds(
    lambda template, account, name, path: template.format(a=account, n=name, p=path),
    st.sampled_from(_ARNS),
    accounts,
    names.filter(lambda name: name[-1] not in ".,"),
    lower_names,
)
identifiers: Texts = st.one_of(arns, accounts, unique_ids, emails, organization_ids, arns.map(quote))

# --- nobody's ---------------------------------------------------------------------------------------------------

timestamps: Texts = st.builds(
    "20{:02}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z".format,
    st.integers(10, 38),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.one_of(st.just(""), st.integers(0, 999).map(".{:03}".format)),
)
_words = st.text(st.sampled_from("xyqXYQ é中😀_=/\\\"'<>&%+\t\n\r*#?!:;,.-{}[]()|\u0085\u2028"), max_size=12)
prose: Texts = st.one_of(
    _words,
    st.sampled_from(("", " ", "true", "null", "1e5", "0x1F", "~", "- a", "2026-01-02", "---", "12:30:00", "=")),
    st.builds(lambda a, b, c: f"{a} {b} {c}", _words, identifiers, _words),
)
_ACTIONS = ("s3:GetObject", "iam:PassRole", "lambda:InvokeFunction", "*", "logs:*")


@st.composite
def policy_documents(draw: st.DrawFn) -> str:
    """A policy as its owner might have formatted it."""
    statement: dict[str, Value] = {
        "Effect": "Allow",
        "Action": draw(st.lists(st.sampled_from(_ACTIONS), min_size=1, max_size=2)),  # type: ignore[dict-item]
        "Resource": draw(st.one_of(arns, st.just("*"))),
        "Principal": {"AWS": draw(st.one_of(arns, accounts)), "Service": "ec2.amazonaws.com"},
        "Condition": {"StringEquals": {"sts:ExternalId": draw(names), "aws:PrincipalOrgID": "o-zrealorg123"}},
        "Sid": draw(st.sampled_from(("", "Öffentlich", "a/b"))),
    }
    keys = draw(st.lists(st.sampled_from(list(statement)), min_size=1, unique=True))
    policy = {"Version": "2012-10-17", "Statement": [{key: statement[key] for key in keys}]}
    indent = draw(st.sampled_from((None, 0, 2, 4, "\t")))
    separators = (",", ":") if indent is None and draw(st.booleans()) else None
    return json.dumps(policy, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))


# --- by shape ---------------------------------------------------------------------------------------------------

_DOCUMENTS = frozenset({"policyDocumentType", "PolicyDocument", "AccessCheckPolicyDocument", "KmsKeyPolicy", "Policy"})
_BY_PATTERN: dict[str, Texts] = {
    r"[\w+=,.@-]+": names,
    r"\d{12}": accounts,
    r"[\w]+": unique_ids,
    r"[\w-]+": st.uuids(version=4).map(str),  # ids of requests, nobody's
    r"[A-Z0-9]+": unique_ids,
    r"[A-Za-z][A-Za-z0-9_.-]*": lower_names.filter(lambda name: name[0].isalpha()),
    r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$": lower_names,
    r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?": st.integers(1, 9).map("v{}".format),
    r"[\d]+": st.integers(100000, 999999).map(str),
    r"[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}": st.uuids(version=4).map(str),
    r"^p-[0-9a-zA-Z_]{8,128}$": st.just("p-zrealpolicy"),
    r"^o-[a-z0-9]{10,32}$": organization_ids,
    r"^o-[0-9a-z]{10,32}\/r-[0-9a-z]{4,32}[0-9a-z-\/]*": st.just("o-zrealorg123/r-zreal/ou-zreal-zrealunit"),
    r"[:\w]+": unique_ids.map("arn:aws:iam::111122223333:mfa/{}".format),
}


@cache
def values(shape: Shape, depth: int = 0) -> Values:
    """Values of a shape, in the form that the core holds them."""
    match shape.type:
        case "structure":
            return _structures(shape, depth)
        case "list":
            assert shape.member
            return st.lists(values(shape.member.shape, depth + 1), max_size=0 if depth >= DEPTH else 2)
        case "map":
            assert shape.key and shape.value
            keys, below = texts(shape.key.shape), values(shape.value.shape, depth + 1)
            return st.dictionaries(keys.filter(bool), below, max_size=0 if depth >= DEPTH else 2)
        case "boolean":
            return st.booleans()
        case "integer" | "long":
            return st.integers(shape.min or 0, min(shape.max or 2**31 - 1, 2**31 - 1))
        case "float" | "double":
            return st.floats(0, 1e6, allow_nan=False)
        case "blob":
            return st.one_of(prose, st.binary(min_size=1, max_size=8).map(lambda raw: b"\xff" + raw))
        case _:
            return texts(shape)


def _structures(shape: Shape, depth: int) -> Values:
    members = {n: m for n, m in shape.members.items() if depth < DEPTH or m.shape.is_scalar}
    if shape.union:
        return st.one_of([st.fixed_dictionaries({n: _members(m, depth)}) for n, m in members.items()] or [st.just({})])
    required = {n: _members(m, depth) for n, m in members.items() if m.location == "uri"}
    optional = {n: _members(m, depth) for n, m in members.items() if m.location != "uri"}
    return st.fixed_dictionaries(required, optional=optional)


def _members(member: Member, depth: int) -> Values:
    strategy = st.deferred(lambda: values(member.shape, depth + 1))
    return strategy.filter(lambda value: value != "") if member.location == "uri" else strategy


@cache
def texts(shape: Shape) -> Texts:
    if shape.type == "timestamp":
        return timestamps
    if shape.enum:
        return st.sampled_from(shape.enum)
    if shape.name in _DOCUMENTS:
        return policy_documents()
    if shape.pattern in _BY_PATTERN:
        return _BY_PATTERN[shape.pattern]
    if "path" in shape.name.lower():
        return paths
    if "arn" in shape.name.lower() or "arn:" in (shape.pattern or ""):
        return arns
    if shape.sensitive or shape.name in _OPAQUE:
        return names
    return prose


#: Shapes that redaction replaces whole.
_OPAQUE = frozenset(
    """
    AttachmentName OpenIDConnectProviderUrlType SAMLMetadataDocumentType certificateBodyType certificateChainType
    clientIDType entityNameType publicKeyMaterialType serialNumberType
    """.split()
)


def inputs(operation: Operation) -> st.SearchStrategy[dict[str, Value]]:
    """Inputs without page token and limit, that botocore's serializer says in full: no empty structures."""
    paging = operation.paging
    left_out = {paging.token, paging.limit} if paging else set()
    if operation.input is None:
        return st.just({})
    return values(operation.input).map(lambda value: _without(_as_dict(value), left_out))


def outputs(operation: Operation) -> st.SearchStrategy[dict[str, Value]]:
    """Outputs without page token and the flag that tells of more pages."""
    paging = operation.paging
    left_out = {paging.output_token, paging.more} if paging else set()
    if operation.output is None:
        return st.just({})
    return values(operation.output).map(lambda value: _without(_as_dict(value), left_out))


def _as_dict(value: Value) -> dict[str, Value]:
    assert isinstance(value, dict)
    return value


def _without(value: dict[str, Value], names: set[str | None]) -> dict[str, Value]:
    return {name: item for name, item in value.items() if name not in names}
