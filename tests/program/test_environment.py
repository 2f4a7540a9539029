"""What a child process gets to see: its environment and the CAs it trusts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import botocore.utils
import pytest

from awstape.errors import UserError
from awstape.files import user_folders
from awstape.program import environment, servers
from awstape.program.environment import (
    apply,
    dummy_credentials,
    endpoint_environment,
    export_lines,
    proxy_environment,
)
from awstape.proxying.trusted_certificates import collect

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
    """The proxy that botocore takes for a URL."""
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
def test_no_proxy_may_not_let_aws_past_the_proxy(name: str, entry: str) -> None:
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
def test_boto3_goes_to_the_endpoint_with_nobodys_credentials(environ: Mapping[str, str], tmp_path: Path) -> None:
    """Whatever the environment was, and whatever the configuration file says."""
    profile = "ignore_configured_endpoint_urls = true\nuse_fips_endpoint = true\nregion = eu-west-1\n"
    config = tmp_path / "config"
    config.write_text(f"[default]\n{profile}[profile example-profile]\n{profile}")
    changes = endpoint_environment(environ, ENDPOINT) | dummy_credentials(environ, "us-west-2")
    child = apply(environ, changes) | {"AWS_CONFIG_FILE": str(config), "PATH": os.environ["PATH"]}
    found = subprocess.run([sys.executable, "-c", ASK_BOTO3], env=child, capture_output=True, check=True).stdout
    assert json.loads(found) == [f"{ENDPOINT}/", f"{ENDPOINT}/analyzer", "AWSTAPE", None, "us-west-2"]


@pytest.mark.parametrize(
    ("environ", "region", "expected"),
    [
        ({}, None, "us-east-1"),
        ({}, "eu-west-1", "eu-west-1"),
        ({"AWS_REGION": "eu-west-2"}, "eu-west-1", "eu-west-1"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, None, "eu-west-2"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, None, "eu-west-3"),
        ({"AWS_REGION": ""}, None, "us-east-1"),
    ],
)
def test_the_region(environ: Mapping[str, str], region: str | None, expected: str) -> None:
    changes = dummy_credentials(environ, region)
    assert changes["AWS_REGION"] == changes["AWS_DEFAULT_REGION"] == expected


def test_the_metadata_service_is_left_alone() -> None:
    assert dummy_credentials({}, None)["AWS_EC2_METADATA_DISABLED"] == "true"


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


# --- certificates ---


def certificate(name: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with a CA file that is not there and a folder of CAs, which is empty."""
    folder = tmp_path / "certs"
    folder.mkdir()
    nowhere = str(tmp_path / "nowhere.pem")
    paths = ssl.DefaultVerifyPaths("", str(folder), "SSL_CERT_FILE", nowhere, "SSL_CERT_DIR", str(folder))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    return folder


def test_certificates_of_all_variables_and_the_system_each_once(tmp_path: Path, system: Path) -> None:
    (system / "12345678.0").write_text(certificate("system"))
    (system / "README").write_text("no certificate")
    environ = {}
    for name in CA_VARIABLES:
        environ[name] = str(tmp_path / name)
        (tmp_path / name).write_text(f"# a comment: \xe9\n{certificate(name)}\r\n{certificate('system')}", "latin-1")
    text = collect(environ)
    assert text.splitlines()[1::3] == ["AWS_CA_BUNDLE", "system", *CA_VARIABLES[1:]]
    assert text.endswith("-----END CERTIFICATE-----\n")


def test_certificates_of_profiles_and_of_several_folders(tmp_path: Path, system: Path) -> None:
    """A variable that few programs know is set where it was set already, and keeps what it named."""
    for name in ("profile", "nix", "first/1.0", "second/2.0"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(certificate(name))
    config = tmp_path / "config"
    not_this = f"s3 =\n  ca_bundle = {tmp_path}/nix\n"
    config.write_text(f"[profile other]\nregion = x\nca_bundle = {tmp_path}/profile\n{not_this}")
    environ = {
        "AWS_CONFIG_FILE": str(config),
        "NIX_SSL_CERT_FILE": str(tmp_path / "nix"),
        "SSL_CERT_DIR": os.pathsep.join([str(tmp_path / "first"), str(tmp_path / "second")]),
    }
    assert collect(environ).splitlines()[1::3] == ["nix", "profile", "first/1.0", "second/2.0"]
    changes = proxy_environment(environ, PROXY, BUNDLE)
    assert changes["NIX_SSL_CERT_FILE"] == str(BUNDLE)
    assert not changes.keys() & {"SSL_CERT_DIR", "GIT_SSL_CAINFO", "DENO_CERT"}


def test_missing_and_useless_certificate_files_are_passed_over(tmp_path: Path, system: Path) -> None:
    (system / "ca.pem").write_text(certificate("system"))
    (tmp_path / "der").write_bytes(b"\x30\x82\x01\x0a\xff")
    environ = {"AWS_CA_BUNDLE": str(tmp_path / "missing"), "SSL_CERT_FILE": "", "CURL_CA_BUNDLE": str(tmp_path / "der")}
    assert collect(environ) == certificate("system") + "\n"


def test_without_any_certificates_those_of_mozilla_are_taken(system: Path) -> None:
    assert not list(system.iterdir())
    ssl.create_default_context(cadata=collect({}))


def test_private_keys_stay_where_they_are(tmp_path: Path, system: Path) -> None:
    pem = tmp_path / "both.pem"
    pem.write_text("-----BEGIN PRIVATE KEY-----\nexample\n-----END PRIVATE KEY-----\n" + certificate("both"))
    assert collect({"AWS_CA_BUNDLE": str(pem)}) == certificate("both") + "\n"


def test_the_real_system_is_trusted() -> None:
    assert ssl.create_default_context(cadata=collect(os.environ)).get_ca_certs()


# --- servers ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_at_a_signal(number: signal.Signals) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(servers.wait_for_interrupt())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(waiting, 5)

    asyncio.run(main())


# --- the data folder ---


def test_the_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")})
    assert folder == tmp_path / "data" / "awstape"
    folder.chmod(0o755)
    assert user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")}).stat().st_mode & 0o777 == 0o700


def test_the_data_folder_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folders.data_folder({}) == tmp_path / ".local" / "share" / "awstape"


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "awstape").touch()
    with pytest.raises(UserError, match="awstape: can't be used: File exists"):
        user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path)})


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_S3"])
def test_who_is_set_up_for_a_stand_in_is_not_sent_to_aws(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} is set: .* would call AWS instead"):
        environment.check_no_endpoint_urls({name: "http://127.0.0.1:4566"})
    environment.check_no_endpoint_urls({name: ""})
    environment.check_no_endpoint_urls({name: "http://127.0.0.1:4566", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"})
