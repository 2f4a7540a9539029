"""Nothing in an ARN of a policy that AWS manages is altered. moto has these policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import WHOLE_ARN, redact_arn
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.redaction.text.published_names import PUBLISHED_NAMES
from support.exchanges import KEY


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def literals() -> list[str]:
    """Returns the ARNs of all policies, each once."""
    policies = json.loads(aws_managed_policies_data).values()
    return sorted({text for policy in policies for text in texts(policy["Document"]) if text.startswith("arn:")})


def test_no_arn_of_a_managed_policy_is_altered() -> None:
    found = literals()
    assert len(found) > 2_500
    matches = [match for arn in found if (match := WHOLE_ARN.fullmatch(arn))]
    assert [arn for arn in found if not WHOLE_ARN.fullmatch(arn)] == ["arn:aws:codepipeline:*"]
    aliases = Aliases(KEY)
    altered = {match[0]: new for match in matches if (new := redact_arn(match, aliases)) != match[0]}
    assert altered == {}
    assert aliases.real_values == {}


def test_no_arn_of_a_managed_policy_is_altered_as_free_text() -> None:
    aliases = Aliases(KEY)
    assert [arn for arn in literals() if redact_text(arn, aliases) != arn] == []


def test_the_names_are_sorted_and_each_kind_is_one_block() -> None:
    kinds = [line.split()[0] for line in PUBLISHED_NAMES.strip().splitlines() if not line.startswith(" ")]
    assert kinds == sorted(kinds, key=kinds.index)
    assert len(kinds) == len(set(kinds))
