"""Public words of AWS, read from the packages that publish them: botocore, the AWS CLI and moto.

Nothing of their files is copied into this repository. Each function returns words in an order that is the same in every
run and mixes the services, so that a part of them is a sample of all.
"""

from __future__ import annotations

import ast
import gzip
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from moto.iam.aws_managed_policies import aws_managed_policies_data

_T = TypeVar("_T")
_HOST = re.compile(r"(?<![\w.*-])[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)*\.amazonaws\.com(?:\.cn)?(?![\w.-])")
_CONDITION_KEY = re.compile(
    r"(?<![\w:/.-])(?:aws|sts|iam|s3|kms|ec2|organizations|lambda):[A-Z][A-Za-z0-9]{3,40}(?![\w:/])"
)
_VARIABLE = re.compile(r"\$\{[^{}]+\}")
#: What may be private in a text: identifiers, addresses, hosts, and words that a program made.
PERHAPS_PRIVATE = re.compile(
    r"arn:|\d{12}|@|://|[{}%<>\\]|[0-9a-f]{8,}|\b\d+\.\d+\.\d+\.\d+|[A-Z0-9]{12,}|[\w-]*\d[\w-]*-[\w-]*\d|[\w-]+\.[\w-]+\.[a-z]"
)
_SENTENCE = re.compile(r"[A-Za-z]{2} [A-Za-z]{2}")
_JSON_BLOCK = re.compile(r"^ {2,}\{$", re.MULTILINE)


def mixed(words: Iterable[_T]) -> list[_T]:
    """Returns the words, each once, in an order that looks random and is the same in every run."""
    found = sorted(dict.fromkeys(words), key=str)
    return Random(0).sample(found, len(found))


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields (path of keys, value) for each value in decoded JSON that is no list and no object."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, path)
    else:
        yield path, value


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec and spec.origin, f"{package} is not installed"
    return Path(spec.origin).parent


# --- managed policies -------------------------------------------------------------------------------------------


@cache
def managed_policies() -> dict[str, Any]:
    """Returns name → policy of AWS's managed policies, as moto publishes them."""
    policies = json.loads(aws_managed_policies_data)
    return {name: policies[name] for name in mixed(policies)}


@cache
def _policy_leaves() -> list[tuple[tuple[str, ...], Any]]:
    return [leaf for policy in managed_policies().values() for leaf in leaves(policy["Document"]) if len(leaf[0]) > 1]


def _values_of(*elements: str) -> list[str]:
    return [value for path, value in _policy_leaves() if path[1] in elements and isinstance(value, str)]


@cache
def sids() -> list[str]:
    return mixed(_values_of("Sid"))


@cache
def policy_resources() -> list[str]:
    return mixed(_values_of("Resource", "NotResource"))


@cache
def variables() -> list[str]:
    """Returns policy variables: `${aws:username}`."""
    return mixed(found for _, value in _policy_leaves() for found in _VARIABLE.findall(str(value)))


@cache
def operators() -> list[str]:
    """Returns condition operators, with and without `IfExists` and the qualifiers of keys with several values."""
    seen = {path[2] for path, _ in _policy_leaves() if path[1] == "Condition"}
    bare = {operator.rpartition(":")[2].removesuffix("IfExists") for operator in seen}
    return mixed(
        f"{qualifier}{operator}{end}"
        for operator in bare
        for qualifier in ("", "ForAllValues:", "ForAnyValue:")
        for end in ("", "IfExists")
        if operator != "Null" or not end
    )


@cache
def condition_keys() -> list[str]:
    """Returns condition keys: those of managed policies, and those that botocore's documentation names."""
    named = (
        key for name in ("iam", "sts", "organizations", "kms") for key in _CONDITION_KEY.findall(_model_text(name))
    )
    return mixed([*named, *(path[3] for path, _ in _policy_leaves() if path[1] == "Condition" and len(path) > 3)])


@cache
def condition_words() -> list[tuple[str, str]]:
    """Returns (key, value) of conditions in managed policies where the value is a word."""
    found = ((path[3], value) for path, value in _policy_leaves() if path[1] == "Condition" and len(path) > 3)
    return mixed((key, value) for key, value in found if isinstance(value, str) and re.fullmatch(r"[A-Za-z]+", value))


# --- botocore ---------------------------------------------------------------------------------------------------


@cache
def _model_text(service: str) -> str:
    return gzip.decompress(
        sorted((_folder("botocore") / "data" / service).glob("*/service-2.json.gz"))[-1].read_bytes()
    ).decode()


@cache
def _services() -> list[tuple[str, list[str], list[str]]]:
    """Returns (signing name, operations, patterns of ARNs) of each service's newest model."""
    found = []
    for folder in mixed((_folder("botocore") / "data").iterdir()):
        if list(folder.glob("*/service-2.json.gz")):
            model = json.loads(_model_text(folder.name))
            metadata = model["metadata"]
            patterns = [shape["pattern"] for shape in model["shapes"].values() if "arn:" in shape.get("pattern", "")]
            found.append(
                (metadata.get("signingName") or metadata["endpointPrefix"], list(model["operations"]), patterns)
            )
    return found


@cache
def actions() -> list[str]:
    """Returns actions: those of managed policies without wildcards, and the operations of all services."""
    operations = (f"{service}:{name}" for service, names, _ in _services() for name in names)
    return mixed([*operations, *(action for action in _values_of("Action", "NotAction") if "*" not in action)])


@cache
def action_patterns() -> list[str]:
    """Returns actions with wildcards: `ec2:Describe*`, `s3:*`."""
    return mixed(action for action in _values_of("Action", "NotAction") if "*" in action)


@cache
def _endpoints() -> Any:
    return json.loads((_folder("botocore") / "data" / "endpoints.json").read_text("utf-8"))


@cache
def regions() -> list[str]:
    return mixed(region for partition in _endpoints()["partitions"] for region in partition["regions"])


@cache
def service_principals() -> list[str]:
    """Returns service principals: those in managed policies, and of every service with an endpoint.

    With a region, too, and with the suffix of China.
    """
    services = mixed(service for partition in _endpoints()["partitions"] for service in partition["services"])
    hosts = [host for _, value in _policy_leaves() for host in _HOST.findall(str(value))]
    regional = (f"{name}.{region}.amazonaws.com" for name, region in zip(services, regions() * 20, strict=False))
    return mixed(
        [
            *hosts,
            *(f"{name}.amazonaws.com" for name in services),
            *regional,
            *(f"{name}.amazonaws.com.cn" for name in services),
        ]
    )


@cache
def arn_patterns() -> list[tuple[str, str]]:
    """Returns (service, pattern) of the constraints of ARNs in the models of all services."""
    return mixed((service, pattern) for service, _, patterns in _services() for pattern in patterns)


# --- documentation ----------------------------------------------------------------------------------------------


@cache
def examples() -> list[Any]:
    """Returns the documented outputs of commands and operations, of the AWS CLI and botocore, as decoded JSON."""
    found: list[Any] = []
    decoder = json.JSONDecoder()
    for path in mixed((_folder("awscli") / "examples").rglob("*.rst")):
        text = path.read_text("utf-8")
        for block in _JSON_BLOCK.finditer(text):
            try:
                found.append(decoder.raw_decode(text, block.end() - 1)[0])
            except ValueError:
                continue  # not JSON, or cut short by its author
    for path in mixed((_folder("botocore") / "data").glob("*/*/examples-1.json*")):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for listed in json.loads(data)["examples"].values():
            found += [example[side] for example in listed for side in ("input", "output") if example.get(side)]
    return found


@cache
def example_texts() -> list[str]:
    """Returns descriptions, messages and titles of documented outputs, without those that may contain private words."""
    about = re.compile(r"(?:description|message|title|reason|summary|remediation)s?$", re.IGNORECASE)
    return mixed(
        value
        for example in examples()
        for path, value in leaves(example)
        if path and about.search(path[-1]) and isinstance(value, str) and _is_readable(value)
    )


def _is_readable(text: str) -> bool:
    return text.isprintable() and not PERHAPS_PRIVATE.search(text) and bool(_SENTENCE.search(text))


@cache
def example_tags() -> list[tuple[str, str]]:
    """Returns (key, value) of tags in documented outputs, without those that may contain private words."""
    found = (pair for example in examples() for pair in _tags(example))
    return mixed(pair for pair in found if not any(map(PERHAPS_PRIVATE.search, pair)))


def _tags(value: Any) -> Iterator[tuple[str, str]]:
    for below in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        yield from _tags(below)
    if isinstance(value, dict):
        lower = {key.lower(): each for key, each in value.items()}
        if set(lower) == {"key", "value"} and all(isinstance(each, str) for each in lower.values()):
            yield lower["key"], lower["value"]


@cache
def emulator_messages() -> list[str]:
    """Returns the texts in moto's exceptions: the error messages of AWS."""
    files = sorted(_folder("moto").rglob("exceptions.py"))
    constants = (
        node
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant)
    )
    return mixed(node.value for node in constants if isinstance(node.value, str) and _is_readable(node.value))
