"""AWS's own names: accounts and service principals are public, and hosts with a customer's name are not."""

from __future__ import annotations

import pytest

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.aws_names import AWS_ACCOUNTS, is_service_principal
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import ACCOUNT, KEY


@pytest.mark.parametrize(
    "principal",
    [
        "lambda.amazonaws.com",
        "ec2.amazonaws.com.cn",
        "states.eu-west-1.amazonaws.com",
        "delivery.logs.amazonaws.com",
        "email.cognito-idp.amazonaws.com",
        "edgelambda.amazonaws.com",
        "dynamodb.application-autoscaling.amazonaws.com",
        "license-manager.member-account.amazonaws.com",
        "s3.data-source.lustre.fsx.amazonaws.com",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        "logging.s3.amazonaws.com",
        "codebuild.aws.internal",
        "ops.emr-serverless.amazonaws.com",
    ],
)
def test_a_service_principal(principal: str) -> None:
    assert is_service_principal(principal)


@pytest.mark.parametrize(
    "host",
    [
        "finance.s3.amazonaws.com",
        "finance.s3.eu-west-1.amazonaws.com",
        "abc123.execute-api.eu-west-1.amazonaws.com",
        "orders.abc123.eu-west-1.rds.amazonaws.com",
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
        "web-123.eu-west-1.elb.amazonaws.com",
        "search-orders-abc.eu-west-1.es.amazonaws.com",
        "lambda.amazonaws.com.example.org",
    ],
)
def test_a_host_of_a_customer_is_no_service_principal(host: str) -> None:
    assert not is_service_principal(host)


def test_an_account_of_aws_stays_wherever_it_is() -> None:
    aliases = Aliases(KEY)
    for account in AWS_ACCOUNTS:
        assert aliases.account(account) == account
        assert redact_text(f"logs from {account}", aliases) == f"logs from {account}"
    assert aliases.real_values == {}
    assert ACCOUNT not in redact_text(f"logs from {ACCOUNT}", aliases)


def test_accounts_of_aws_have_twelve_digits() -> None:
    assert all(len(account) == 12 and account.isdigit() for account in AWS_ACCOUNTS)
    assert len(AWS_ACCOUNTS) > 80
