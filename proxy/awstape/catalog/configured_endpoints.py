"""The endpoint URLs that a user's environment and AWS configuration files set, found as botocore finds them.

1. For each service, the first of these is in force: its environment variable, AWS_ENDPOINT_URL, the `services` section
   of the profile, `endpoint_url` of the profile. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, or
   `ignore_configured_endpoint_urls` of the profile, switches all of them off.
2. The profile is that of AWS_DEFAULT_PROFILE or AWS_PROFILE, else `default`. SDKs differ in which variable wins, so
   both count. A profile that a program chooses by itself is not known here.
3. The profile is read from AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, or from where they are by default. A file
   that can't be read sets nothing: no program can use it either.
4. URLs of AWS itself, such as those of VPC endpoints, don't count: calls to them pass through the proxy.

Source: botocore/configprovider.py (`ConfiguredEndpointProvider`), botocore/session.py (`full_config`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from awstape.catalog.hosts import find_host
from awstape.catalog.service_index import load_index

_SWITCH = "ignore_configured_endpoint_urls"
_VARIABLE = "AWS_ENDPOINT_URL"


class ConfiguredEndpoint(NamedTuple):
    """The endpoint URL of a recorded service. source: what sets it, for messages."""

    service: str
    url: str
    source: str


def configured_endpoints(environ: Mapping[str, str], services: Iterable[str]) -> list[ConfiguredEndpoint]:
    """The endpoint URLs of some services that are in force, except those of AWS itself."""
    config = _read_config(environ)
    names = [environ[name] for name in ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if environ.get(name)] or ["default"]
    found: dict[str, ConfiguredEndpoint] = {}
    for name in names:
        profile = config["profiles"].get(name, {})
        if str(environ.get(f"AWS_{_SWITCH.upper()}", profile.get(_SWITCH, ""))).lower() == "true":
            continue
        for service in services:
            url, source = next(_settings(environ, config, name, load_index()[service].entry.id), ("", ""))
            if url and not find_host(_host_of(url)):
                found.setdefault(service, ConfiguredEndpoint(service, url, source))
    return list(found.values())


def _settings(
    environ: Mapping[str, str], config: Mapping[str, Any], name: str, service: str
) -> Iterator[tuple[str, str]]:
    """The URLs that are set for a service, by its id, in the order of their precedence, each with what sets it."""
    for variable in (f"{_VARIABLE}_{service.upper()}", _VARIABLE):
        if environ.get(variable):
            yield environ[variable], variable
    profile = config["profiles"].get(name, {})
    section = str(profile.get("services", ""))
    settings = config.get("services", {}).get(section, {}).get(service, {})
    if isinstance(settings, dict) and settings.get("endpoint_url"):
        yield str(settings["endpoint_url"]), f"endpoint_url of {service} in [services {section}]"
    if profile.get("endpoint_url"):
        yield str(profile["endpoint_url"]), f"endpoint_url of the profile {name}"


def _read_config(environ: Mapping[str, str]) -> dict[str, Any]:
    """The configuration file, with the settings of the credentials file in its profiles."""
    from botocore.configloader import load_config, raw_config_parse  # slow to import
    from botocore.exceptions import ConfigNotFound, ConfigParseError

    unreadable = (ConfigNotFound, ConfigParseError, OSError)
    config: dict[str, Any] = {"profiles": {}}
    with suppress(*unreadable):
        config = load_config(environ.get("AWS_CONFIG_FILE") or _in_home(environ, "config"))
    with suppress(*unreadable):
        path = environ.get("AWS_SHARED_CREDENTIALS_FILE") or _in_home(environ, "credentials")
        for name, settings in raw_config_parse(path).items():
            config["profiles"].setdefault(name, {}).update(settings)
    return config


def _in_home(environ: Mapping[str, str], name: str) -> str:
    home = environ.get("USERPROFILE" if os.name == "nt" else "HOME") or os.path.expanduser("~")
    return os.path.join(home, ".aws", name)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
