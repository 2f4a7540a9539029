"""Hosts, URLs and addresses in text: a customer's become aliases, AWS's and everybody's stay."""

from __future__ import annotations

import string
from urllib.parse import urlsplit

import pytest

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import KEY, OTHER_KEY

#: Text → the parts that must go.
PRIVATE = {
    "see https://wiki.corp.acme.com/runbooks": "wiki acme",
    "https://intranet/x": "intranet",
    "db1.corp.internal, printer.local and files.acme.lan": "db1 printer files acme",
    "login.m\u00fcnchen.de and https://login.m\u00fcnchen.de/x": "login m\u00fcnchen",
    "https://bob:hunter2@intranet/x": "bob hunter2 intranet",
    "postgres://app:hunter2@db.acme.net:5432/main": "hunter2 acme",
    "https://bob:hunter2@github.com/": "bob hunter2",
    "https://bob:$hunter2@intranet/x": "bob hunter2 intranet",
    "https://bob:%hunter2@intranet/x": "bob hunter2 intranet",
    "https://bob:*hunter2@intranet/x": "bob hunter2 intranet",
    "s3://acme-logs/prod/a.txt": "acme logs prod",
    "acme-logs.s3.amazonaws.com": "acme logs",
    "https://acme-logs.s3.eu-west-1.amazonaws.com/plans/falcon.pdf?x=1": "acme plans falcon",
    "https://s3.amazonaws.com/acme-data/plans.csv": "acme plans",
    "my-lb-123.us-east-1.elb.amazonaws.com": "my-lb 123",
    "https://acme.signin.aws.amazon.com/console": "acme",
    "d111111abcdef8.cloudfront.net": "d111111abcdef8",
    "https://login.microsoftonline.com/acme-tenant/v2.0": "tenant",
    "open to 81.2.69.160/32, 10.20.0.0/16 and fd12:3456::1": "81.2.69.160 10.20 fd12:3456",
    "ip-10-0-0-1.ec2.internal": "ip-10",
}
PUBLIC = [
    "see https://docs.aws.amazon.com/IAM/latest/UserGuide/id.html",
    "https://www.example.com/x and login.example.org, mail noreply@example.com",
    "lambda.amazonaws.com ec2.us-east-1.amazonaws.com https://s3.amazonaws.com/ data.iot.eu-west-1.amazonaws.com",
    "https://token.actions.githubusercontent.com https://accounts.google.com",
    "xmlns=http://www.w3.org/2001/XMLSchema",
    "http://localhost:8080/x",
    "https://${user}:${password}@example.com/",
    "https://$USER:$PASSWORD@example.com/ https://%s:%s@example.com/ https://[user]:[password]@example.com/",
    "https://${user}:***@example.com/",
    "10.0.0.0/8, 0.0.0.0/0, ::/0, 127.0.0.1, 169.254.169.254, 192.0.2.0/24, 2001:db8::1",
    "README.md, python3.12, v1.2.3, node.js, e.g. main.py and 1.28.3.4-rc",
    "api://AzureADTokenExchange",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_a_customer_s_host_becomes_an_alias(text: str) -> None:
    redacted = redact_text(text, Aliases(KEY))
    assert not [part for part in PRIVATE[text].split() if part in redacted]
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("text", PUBLIC)
def test_a_host_that_everybody_knows_stays(text: str) -> None:
    assert redact_text(text, Aliases(KEY)) == text


def test_a_bucket_has_the_same_alias_in_every_form_of_its_address() -> None:
    forms = ("s3://acme-data/x", "https://acme-data.s3.amazonaws.com/x", "https://s3.amazonaws.com/acme-data/x")
    aliases = Aliases(KEY)
    bucket, key = aliases.name("bucket", "acme-data"), aliases.name("object", "x")
    assert [redact_text(form, aliases) for form in (*forms, "arn:aws:s3:::acme-data/x")] == [
        f"s3://{bucket}/{key}",
        f"https://{bucket}.s3.amazonaws.com/{key}",
        f"https://s3.amazonaws.com/{bucket}/{key}",
        f"arn:aws:s3:::{bucket}/{key}",
    ]


def test_a_host_has_the_alias_that_it_has_as_an_identity_provider() -> None:
    aliases = Aliases(KEY)
    provider = redact_text("arn:aws:iam::111122223333:oidc-provider/login.acme.com", aliases).rpartition("/")[2]
    assert redact_text("see https://login.acme.com", aliases) == f"see https://{provider}"


def test_programs_find_a_user_and_a_password_in_a_url() -> None:
    aliases = Aliases(KEY)
    url = urlsplit(redact_text("https://bob:hunter2@intranet:8080/", aliases))
    user, password = aliases.name("user", "bob"), aliases.password("hunter2")
    assert (url.username, url.password, url.port) == (user, f"$(({password.strip('<>')}))", 8080)
    assert set(url.netloc) <= set(string.ascii_letters + string.digits + "-._~!$&'()*+,;=%:@")  # RFC 3986


def test_a_prefix_length_is_kept() -> None:
    redacted = redact_text("81.2.69.160/28 2a00:1450:4001::/48", Aliases(KEY)).split()
    assert [part.partition("/")[2] for part in redacted] == ["28", "48"]
    assert redacted[0].startswith("2") and redacted[1].startswith("2001:db8:")
