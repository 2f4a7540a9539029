"""The errors that the guide's page on troubleshooting quotes are the ones that people see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore import exceptions

import awstape
from awstape.cli.main import main
from support.paths import GUIDE

pytest_plugins = ["pytester"]

PAGE = (GUIDE / "troubleshooting.md").read_text("utf-8")
#: The first cell of each row.
SYMPTOMS = [row.split(" | ")[0].removeprefix("| ") for row in re.findall(r"^\| (?!---|what).*$", PAGE, re.M)]
QUOTED = [error for cell in SYMPTOMS for error in re.findall(r"`([^`]+)`", cell)]

BOTOCORE = [
    exceptions.SSLError(endpoint_url="https://iam.amazonaws.com/", error="…"),
    exceptions.EndpointConnectionError(endpoint_url="https://iam.amazonaws.com/"),
    exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:8917/"),
    exceptions.ProfileNotFound(profile="team"),
    exceptions.NoCredentialsError(),
    exceptions.NoRegionError(),
    exceptions.PaginationError(message="The same next token was received twice: …"),
]
#: Errors of OpenSSL, Go, Java, Node.js, AWS and pytest, from their documentation.
OTHERS = {
    "CERTIFICATE_VERIFY_FAILED",
    "self-signed certificate in certificate chain",
    "unable to get local issuer certificate",
    "x509: certificate signed by unknown authority",
    "PKIX path building failed",
    "ExpiredToken",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "getaddrinfo ENOTFOUND",
    "ECONNREFUSED",
    "Address already in use",
    "alias-…",
    "fixture 'awstape' not found",
    "Unknown pytest.mark.awstape",
}


def test_every_error_is_one_that_a_person_may_see() -> None:
    package = Path(awstape.__file__).parent
    printed = "\n".join(path.read_text("utf-8") for path in sorted(package.rglob("*.py")))
    of_botocore = "\n".join(map(str, BOTOCORE))
    assert len(QUOTED) > 20
    unknown = [error for error in QUOTED if error not in printed and error not in of_botocore and error not in OTHERS]
    assert not unknown


@pytest.mark.parametrize("error", QUOTED)
def test_the_search_finds_an_error(error: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["guide", "--search", error]) == 0
    assert "troubleshooting: " in capfd.readouterr().out


@pytest.mark.parametrize("error", BOTOCORE, ids=lambda error: type(error).__name__)
def test_the_search_finds_an_error_of_botocore_by_its_words(
    error: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    words = next(quoted for quoted in QUOTED if quoted in str(error))
    assert main(["guide", "--search", words.upper()]) == 0
    assert "troubleshooting: " in capfd.readouterr().out


def test_pytest_without_the_plugin_shows_the_errors_of_the_page_and_the_remedy_helps(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile("import pytest\n\n@pytest.mark.awstape\ndef test_it(awstape):\n    pass\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    without = pytester.runpytest_subprocess()
    without.assert_outcomes(errors=1, warnings=1)
    for error in ("fixture 'awstape' not found", "Unknown pytest.mark.awstape"):
        assert error in without.stdout.str()
    remedy = re.search(r"`(-p [\w.]+)`", PAGE)
    assert remedy
    pytester.runpytest_subprocess(*remedy[1].split()).assert_outcomes(passed=1)
