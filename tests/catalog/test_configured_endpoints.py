"""The endpoint URLs in a user's AWS configuration, verified against botocore's clients."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.catalog.configured_endpoints import ConfiguredEndpoint, configured_endpoints
from support import botocore_files

URLS = st.sampled_from(["http://127.0.0.1:4566", "http://stand-in.example/a", "https://iam.amazonaws.com"])
SWITCHES = st.sampled_from(["", "true", "True", "false"])


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Reads botocore's data once."""
    with pytest.MonkeyPatch.context() as patch:
        botocore_files.read_once(patch.setattr)
        yield


def client_urls(environ: Mapping[str, str]) -> dict[str, str]:
    """The endpoints of botocore's clients in an environment, except those of AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environ.items():
            patch.setenv(name, value)
        session = botocore.session.get_session()
        keys = {"aws_access_key_id": "fake", "aws_secret_access_key": "fake"}
        clients = [session.create_client(name, region_name="us-east-1", **keys) for name in DEFAULT_SERVICES]  # type: ignore[call-overload]
        urls = {name: client.meta.endpoint_url for name, client in zip(DEFAULT_SERVICES, clients, strict=True)}
    return {name: url for name, url in urls.items() if not url.endswith(".amazonaws.com")}


def profile(draw: st.DrawFn, name: str) -> str:
    lines = [f"[{name}]", f"ignore_configured_endpoint_urls = {draw(SWITCHES)}"]
    lines += [f"endpoint_url = {draw(URLS)}"] if draw(st.booleans()) else []
    lines += ["services = some"] if draw(st.booleans()) else []
    return "\n".join(lines) + "\n"


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, str, dict[str, str]]:
    """A configuration file, a credentials file and variables."""
    config = (
        profile(draw, "default")
        + profile(draw, "profile local")
        + "[services some]\ns3 =\n  endpoint_url = http://s3.example\n"
    )
    for service in DEFAULT_SERVICES:
        config += f"{service} =\n  endpoint_url = {draw(URLS)}\n" if draw(st.booleans()) else ""
    credentials = "[local]\naws_access_key_id = fake\naws_secret_access_key = fake\n"
    credentials += f"endpoint_url = {draw(URLS)}\n" if draw(st.booleans()) else ""
    variables = {
        name: draw(values)
        for name, values in {
            "AWS_PROFILE": st.just("local"),
            "AWS_ENDPOINT_URL": URLS,
            "AWS_ENDPOINT_URL_IAM": URLS,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": SWITCHES,
        }.items()
        if draw(st.booleans())
    }
    return config, credentials, variables


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(configurations())
def test_the_endpoints_are_those_of_botocores_clients(
    tmp_path: Path, configuration: tuple[str, str, dict[str, str]]
) -> None:
    config, credentials, variables = configuration
    (tmp_path / "config").write_text(config)
    (tmp_path / "credentials").write_text(credentials)
    files = {"CONFIG_FILE": "config", "SHARED_CREDENTIALS_FILE": "credentials"}
    environ = {**variables, **{f"AWS_{name}": str(tmp_path / file) for name, file in files.items()}}
    found = {endpoint.service: endpoint.url for endpoint in configured_endpoints(environ, DEFAULT_SERVICES)}
    assert found == client_urls(environ)


def test_the_source_is_named(tmp_path: Path) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        "[default]\nservices = some\n[services some]\niam =\n  endpoint_url = http://a.example\n"
    )
    (folder / "credentials").write_text("[default]\nendpoint_url = http://b.example\n")
    assert configured_endpoints({"HOME": str(tmp_path)}, DEFAULT_SERVICES) == [
        ConfiguredEndpoint("iam", "http://a.example", "endpoint_url of iam in [services some]"),
        ConfiguredEndpoint("accessanalyzer", "http://b.example", "endpoint_url of the profile default"),
        ConfiguredEndpoint("sts", "http://b.example", "endpoint_url of the profile default"),
    ]


def test_either_variable_for_the_profile_counts(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile local]\nendpoint_url = http://a.example\n[profile other]\n")
    environ = {"HOME": str(tmp_path), "AWS_CONFIG_FILE": str(tmp_path / "config")}
    for names in ("local", "other"), ("other", "local"):
        profiles = dict(zip(("AWS_PROFILE", "AWS_DEFAULT_PROFILE"), names, strict=True))
        assert {endpoint.url for endpoint in configured_endpoints(environ | profiles, DEFAULT_SERVICES)} == {
            "http://a.example"
        }
    assert configured_endpoints(environ | {"AWS_PROFILE": "none of these"}, DEFAULT_SERVICES) == []


@pytest.mark.parametrize("text", [b"no section", b"[a\n", b"\xff\xfe", None], ids=str)
def test_a_file_that_cannot_be_read_sets_nothing(text: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.mkdir() if text is None else path.write_bytes(text)
    names = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    assert configured_endpoints(dict.fromkeys(names, str(path)), DEFAULT_SERVICES) == []


def test_a_vpc_endpoint_is_one_of_aws(tmp_path: Path) -> None:
    url = "https://vpce-0a1b.access-analyzer.us-east-1.vpce.amazonaws.com"
    assert configured_endpoints({"HOME": str(tmp_path), "AWS_ENDPOINT_URL_ACCESSANALYZER": url}, DEFAULT_SERVICES) == []
