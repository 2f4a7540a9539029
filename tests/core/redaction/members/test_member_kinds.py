"""Members of STS that identify a customer or a person have the aliases of what they hold in policies and ARNs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY

MODELS = load_models()


def redact(operation: str, value: dict[str, Any], *, is_request: bool = False) -> Any:
    op = MODELS.operation("sts", operation)
    redactor = Redactor(KEY)
    if is_request:
        return redactor.redact_identity(op, value)
    return redactor.redact_answer(op, Answer(value)).output


def test_an_external_id_has_its_alias_of_a_trust_policy() -> None:
    real = "Zk29-fjQ1-7788-Meier"
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": real}}}
    trust = Redactor(KEY).redact_identity(
        MODELS.operation("iam", "UpdateAssumeRolePolicy"), {"PolicyDocument": json.dumps({"Statement": [statement]})}
    )
    asked = redact("AssumeRole", {"ExternalId": real}, is_request=True)["ExternalId"]
    assert f'"sts:ExternalId": "{asked}"' in str(trust["PolicyDocument"])
    assert asked.startswith("alias-") and not {"Zk29", "fjQ1", "Meier"} & set(asked.split("-"))
    assert redact("AssumeRole", {"ExternalId": asked}, is_request=True)["ExternalId"] == asked


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        ("AssumeRole", {"SourceIdentity": "zmeier"}),
        ("AssumeRoleWithWebIdentity", {"SubjectFromWebIdentityToken": "repo:zmeier/infra"}),
        ("AssumeRoleWithWebIdentity", {"Audience": "zmeier-app"}),
        ("AssumeRoleWithSAML", {"Subject": "zmeier"}),
        ("AssumeRoleWithSAML", {"Issuer": "zmeier-idp"}),
        ("AssumeRoleWithSAML", {"Issuer": "https://idp.zmeier.com/x"}),
        ("AssumeRoleWithSAML", {"NameQualifier": "zmeier"}),
        ("GetFederationToken", {"FederatedUser": {"FederatedUserId": "123456789012:zmeier"}}),
    ],
)
def test_who_is_federated_is_an_alias(operation: str, value: dict[str, Any]) -> None:
    redacted = redact(operation, value)
    assert "zmeier" not in json.dumps(redacted) and "123456789012" not in json.dumps(redacted)
    assert redact(operation, redacted) == redacted


def test_the_address_of_the_sign_in_of_aws_stays() -> None:
    output = {"Audience": "https://signin.aws.amazon.com/saml", "SubjectType": "persistent"}
    assert redact("AssumeRoleWithSAML", output) == output
