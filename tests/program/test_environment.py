"""The environment variables of a child process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from pprint import pformat
from typing import Any

import boto3
import botocore.utils
import pytest

import awstape
from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.core.aws.access_keys import account_of_access_key
from awstape.core.aws.call import Answer
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.errors import UserError
from awstape.program import environment
from awstape.program.environment import (
    apply,
    credential_environment,
    dummy_environment,
    endpoint_environment,
    export_lines,
    proxy_environment,
)
from awstape.proxying.upstream import parse_upstream
from awstape.tape import Tape
from e2e import warm

PROXY = "http://127.0.0.1:3128"
ENDPOINT = "http://127.0.0.1:5000"
BUNDLE = Path("/somewhere/bundle of CAs.pem")
CA_VARIABLES = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")

STARTING = {
    "empty": {},
    "proxies": {"HTTPS_PROXY": "http://other:1", "https_proxy": "http://other:2", "HTTP_PROXY": "http://other:3"},
    "certificates": dict.fromkeys(CA_VARIABLES, "/theirs.pem"),
    "endpoints": {
        "AWS_ENDPOINT_URL": "http://other:4",
        "AWS_ENDPOINT_URL_IAM": "http://other:5",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
    },
    "no proxy for AWS": {"NO_PROXY": "amazonaws.com,corp.example", "no_proxy": ".api.aws"},
    "no proxy at all": {"NO_PROXY": "*", "no_proxy": "*"},
    "credentials": {
        "AWS_PROFILE": "example-profile",
        "AWS_DEFAULT_PROFILE": "example-profile",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example-secret",
        "AWS_SESSION_TOKEN": "example-token",
        "AWS_SECURITY_TOKEN": "example-token",
        "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    },
}
#: The account alias of a caller, and the access key id that encodes it.
ACCOUNT, ACCESS_KEY_ID = "000059865828", "AKIAQAA4RPLSAAAAAAAA"


def tape(*tracks: Track) -> Tape:
    pages = (Page(None, None, Answer({})),)
    return Tape(None, Cassette.of(Take(track, pages) for track in tracks), None, None)


def analyzers(region: str, account: str | None = None) -> Track:
    return Track("accessanalyzer", "ListAnalyzers", region, {}, account)


def roles(region: str | None = None, account: str | None = None) -> Track:
    return Track("iam", "ListRoles", region, {}, account)


each_start = pytest.mark.parametrize("environ", STARTING.values(), ids=STARTING.keys())


# --- proxy ---


@each_start
def test_through_the_proxy(environ: Mapping[str, str]) -> None:
    child = apply(environ, proxy_environment(environ, PROXY, BUNDLE))
    assert child["HTTPS_PROXY"] == child["https_proxy"] == PROXY
    assert {child[name] for name in CA_VARIABLES} == {str(BUNDLE)}
    assert child["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "true"
    assert child["NO_PROXY"] == child["no_proxy"]
    for url in ("https://iam.amazonaws.com/", "https://access-analyzer.eu-central-1.api.aws/"):
        assert proxies_as_seen(child, url) == PROXY
    for url in ("https://127.0.0.1/", "https://localhost:8080/", "https://169.254.169.254/"):
        assert proxies_as_seen(child, url) is None


def proxies_as_seen(environ: Mapping[str, str], url: str) -> str | None:
    """The proxy that botocore uses for a URL."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        found: Mapping[str, str] = botocore.utils.get_environ_proxies(url)
        assert urllib.request.getproxies_environment().get("https") == PROXY
    return found.get("https")


@pytest.mark.parametrize(
    "entry",
    """
    * amazonaws.com .amazonaws.com *.amazonaws.com AMAZONAWS.COM amazonaws.com:443 com .com aws api.aws .cn
    iam.amazonaws.com iam.amazonaws.com:443 IAM.amazonaws.com. us-east-1.amazonaws.com sts.amazonaws.com
    access-analyzer.us-east-1.amazonaws.com amazonaws.com.cn api.amazonwebservices.com.cn c2s.ic.gov
    """.split(),
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_can_not_make_aws_calls_bypass_the_proxy(name: str, entry: str) -> None:
    changes = proxy_environment({name: f"a.example, {entry} ,b.example"}, PROXY, BUNDLE)
    assert changes["NO_PROXY"] == changes["no_proxy"] == "a.example,b.example,127.0.0.1,localhost,::1,169.254.169.254"


def test_no_proxy_keeps_what_is_not_aws_of_both_spellings_once() -> None:
    theirs = {"NO_PROXY": "localhost,10.0.0.0/8 ws.com", "no_proxy": "ws.com,notamazonaws.com,amazonaws.com.example"}
    changes = endpoint_environment(theirs, ENDPOINT)
    expected = "localhost,10.0.0.0/8,ws.com,notamazonaws.com,amazonaws.com.example,127.0.0.1,::1,169.254.169.254"
    assert changes["NO_PROXY"] == changes["no_proxy"] == expected


# --- endpoint ---

ASK_BOTO3 = """
import boto3, json

class Stop(Exception):
    pass

def stop(request, **_):
    found.append(request.url)
    raise Stop

found = []
for name, operation in ("iam", "list_roles"), ("accessanalyzer", "list_analyzers"):
    client = boto3.client(name)
    client.meta.events.register("before-send", stop)
    try:
        getattr(client, operation)()
    except Stop:
        pass
credentials = boto3.Session().get_credentials().get_frozen_credentials()
print(json.dumps([*found, credentials.access_key, credentials.token, client.meta.region_name]))
"""


@each_start
def test_boto3_uses_the_endpoint_with_dummy_credentials(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Whatever the environment and the configuration file."""
    profile = "ignore_configured_endpoint_urls = true\nuse_fips_endpoint = true\nregion = eu-west-1\n"
    config = tmp_path / "config"
    config.write_text(f"[default]\n{profile}[profile example-profile]\n{profile}")
    changes = endpoint_environment(environ, ENDPOINT) | dummy_environment(environ, tape(analyzers("us-west-2")))
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    child = apply(environ, changes) | {"AWS_CONFIG_FILE": str(config), **kept}
    found = subprocess.run([warm.python(), "-c", ASK_BOTO3], env=child, capture_output=True, check=True).stdout
    assert json.loads(found) == [f"{ENDPOINT}/", f"{ENDPOINT}/analyzer", "AWSTAPE", None, "us-west-2"]


CHINA = [roles("aws-cn-global"), analyzers("cn-north-1"), analyzers("cn-northwest-1")]


@pytest.mark.parametrize(
    ("environ", "tracks", "expected"),
    [
        ({}, [], "us-east-1"),
        ({}, [roles(), analyzers("eu-west-1")], "eu-west-1"),
        ({"AWS_REGION": "eu-west-2"}, [analyzers("eu-west-1")], "eu-west-1"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, [roles()], "eu-west-2"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, [analyzers("us-west-1"), analyzers("us-west-2")], "eu-west-3"),
        ({"AWS_REGION": ""}, [], "us-east-1"),
        ({"AWS_REGION": "cn-north-1"}, [], "cn-north-1"),
        ({"AWS_REGION": "cn-north-1"}, [roles()], "us-east-1"),
        ({}, [roles("aws-us-gov-global")], "us-gov-west-1"),
        ({}, CHINA, "cn-northwest-1"),
        ({"AWS_REGION": "cn-north-1"}, CHINA, "cn-north-1"),
        ({"AWS_REGION": "eu-west-1"}, CHINA, "cn-northwest-1"),
    ],
)
def test_the_region_is_one_of_the_cassette_or_in_a_partition_of_it(
    environ: Mapping[str, str], tracks: Sequence[Track], expected: str
) -> None:
    changes = dummy_environment(environ, tape(*tracks))
    assert changes["AWS_REGION"] == changes["AWS_DEFAULT_REGION"] == expected


def test_the_metadata_service_is_left_alone() -> None:
    assert dummy_environment({}, tape())["AWS_EC2_METADATA_DISABLED"] == "true"


# --- credentials ---


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([], "AWSTAPE"),
        ([roles()], "AWSTAPE"),
        ([roles(account=ACCOUNT)], ACCESS_KEY_ID),
        ([roles(account="caller-abcdefghij23")], "caller-abcdefghij23"),
        ([roles(account=ACCOUNT), analyzers("eu-west-1", ACCOUNT), roles(account="000000000042")], ACCESS_KEY_ID),
        ([roles(), analyzers("eu-west-1", ACCOUNT)], ACCESS_KEY_ID),
    ],
    ids=["nothing", "unknown", "account", "tag", "the account of most tracks", "the only known one"],
)
def test_the_credentials_are_those_of_the_first_caller(tracks: Sequence[Track], expected: str) -> None:
    assert dummy_environment({}, tape(*tracks))["AWS_ACCESS_KEY_ID"] == expected


def test_the_credentials_of_a_caller_replace_those_of_the_environment() -> None:
    applied = apply(STARTING["credentials"], credential_environment(ACCOUNT))
    assert applied == {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": "awstape"}


def test_boto3_takes_the_credentials_of_a_caller() -> None:
    session = boto3.Session(**awstape.credentials(ACCOUNT))
    assert session.get_credentials().access_key == ACCESS_KEY_ID
    assert account_of_access_key(ACCESS_KEY_ID) == ACCOUNT


@pytest.mark.parametrize("text", ["", "1234", "role-abcdefghij23", "AKIAIOSFODNN7EXAMPLE", "caller-1"])
def test_another_text_is_no_caller(text: str) -> None:
    with pytest.raises(UserError, match="is not a caller of a cassette"):
        awstape.credentials(text)


# --- exports ---


def test_a_shell_reads_the_exports_as_meant() -> None:
    odd = 'it\'s "odd": $HOME `id` \\ * ;&|\n\ttwo lines'
    changes: environment.EnvironmentChanges = {"ODD": odd, "PLAIN": ENDPOINT, "EMPTY": "", "GONE": None}
    script = (
        "\n".join(export_lines(changes))
        + f"\n{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    )
    output = subprocess.run(["sh", "-c", script], env={"GONE": "still here"}, capture_output=True, check=True).stdout
    seen = json.loads(output)
    assert (seen["ODD"], seen["PLAIN"], seen["EMPTY"]) == (odd, ENDPOINT, "")
    assert "GONE" not in seen


def refusal(environ: Mapping[str, str], *upstream: str, has_options: bool = True) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        environment.check_endpoint_urls(
            environ, DEFAULT_SERVICES, parse_upstream(upstream, DEFAULT_SERVICES), has_options=has_options
        )
    return caught.value.problem, caught.value.tip


STAND_IN = "http://127.0.0.1:4566"
ALL = f"--upstream {STAND_IN}"


def test_a_configured_endpoint_url_is_refused_with_the_upstream_to_use(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path)}
    problem, tip = refusal({**home, "AWS_ENDPOINT_URL": STAND_IN})
    assert problem == "AWS_ENDPOINT_URL is set: the program would call it past the proxy, unrecorded"
    assert tip == f"record the stand-in with {ALL}, or AWS with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"
    problem, tip = refusal({**home, "AWS_ENDPOINT_URL_IAM": STAND_IN})
    assert problem.startswith("AWS_ENDPOINT_URL_IAM is set: ")
    assert f"record the stand-in with --upstream iam={STAND_IN}, or" in tip
    (tmp_path / "config").write_text(f"[profile local]\nendpoint_url = {STAND_IN}\n")
    problem, tip = refusal({**home, "AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_PROFILE": "local"})
    assert problem.startswith("endpoint_url of the profile local is set: ") and ALL in tip


def test_an_upstream_for_each_configured_service_is_enough(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "AWS_ENDPOINT_URL": STAND_IN}
    _, tip = refusal(environ, f"iam={STAND_IN}")
    assert f"--upstream accessanalyzer={STAND_IN} --upstream sts={STAND_IN}, or" in tip and "iam" not in tip
    _, tip = refusal(environ, f"iam={STAND_IN}", has_options=False)
    assert f"AWSTAPE_UPSTREAM='iam={STAND_IN} accessanalyzer={STAND_IN} sts={STAND_IN}'" in tip
    for specs in ([STAND_IN], [f"{name}={STAND_IN}" for name in DEFAULT_SERVICES]):
        environment.check_endpoint_urls(environ, DEFAULT_SERVICES, parse_upstream(specs, DEFAULT_SERVICES))


@pytest.mark.parametrize(
    "environ",
    [
        {"AWS_ENDPOINT_URL": ""},
        {"AWS_ENDPOINT_URL": STAND_IN, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"},
        {"AWS_ENDPOINT_URL_S3": STAND_IN},
    ],
    ids=["empty", "ignored", "of another service"],
)
def test_other_endpoint_urls_are_left_to_the_program(environ: Mapping[str, str], tmp_path: Path) -> None:
    environment.check_endpoint_urls({"HOME": str(tmp_path), **environ}, DEFAULT_SERVICES, {})
    child = apply(environ, proxy_environment(environ, PROXY, BUNDLE, keep_endpoint_urls=True))
    assert {name: child[name] for name in environ} == environ
    assert ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" in child) == ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" in environ)


def test_no_message_shows_a_password(tmp_path: Path) -> None:
    url = "http://canary:canary@stand-in.example:4566/x?canary"
    shown = " ".join(refusal({"HOME": str(tmp_path), "AWS_ENDPOINT_URL": url}))
    assert "http://stand-in.example:4566/x" in shown and "canary" not in shown


def test_no_report_shows_variables() -> None:
    changes = dummy_environment({}, tape()) | endpoint_environment({"NO_PROXY": "canary.example"}, "http://canary")
    applied = apply({"SECRET": "canary"}, changes)
    for shown in (changes, changes | {}, applied, environment.current(), [applied], {"env": applied}):
        assert re.fullmatch(r"(\[|\{'env': )?<\d+ environment variables>[\]}]?", repr(shown))
        assert pformat(shown) == str(shown) == f"{shown}" == repr(shown)
    assert applied["SECRET"] == "canary" and applied["AWS_ENDPOINT_URL"] == "http://canary"
    assert dict(environment.current()) == dict(os.environ)


def test_the_endpoint_gets_no_prefix_of_an_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """`data-127.0.0.1` would not be found."""
    for name, value in endpoint_environment({}, ENDPOINT).items():
        monkeypatch.setenv(name, str(value))
    sent: list[str] = []

    def keep(request: Any, **_: object) -> None:
        sent.append(request.url)
        raise RuntimeError

    client: Any = boto3.Session("fake", "fake", region_name="us-east-1").client("servicediscovery")
    client.meta.events.register("before-send", keep)
    with pytest.raises(RuntimeError):
        client.discover_instances(NamespaceName="zap.example", ServiceName="zap")
    assert sent == [f"{ENDPOINT}/"]
