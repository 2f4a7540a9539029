"""Which errors speak of the client or the way to AWS, and which are data."""

from __future__ import annotations

import json
from pathlib import Path

import botocore
import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker

from awstape.core.aws.call import Failure
from awstape.core.aws.error_codes import client_problem, find_error_code, is_retried
from support.exchanges import MODELS

_RETRY = json.loads((Path(botocore.__file__).parent / "data" / "_retry.json").read_text("utf-8"))
CLIENT = [
    *("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed"),
    *("RequestInTheFuture", "Throttling", "ThrottlingException", "TooManyRequestsException"),
]
DATA = [
    *("AccessDenied", "AccessDeniedException", "NoSuchEntity", "ResourceNotFoundException", "ValidationError"),
    *(
        "LimitExceeded",
        "EntityAlreadyExists",
        "DeleteConflict",
        "ReportNotPresent",
        "ReportInProgress",
        "ReportExpired",
    ),
    *("ReportExpired", "NotAuthorized", "OptInRequired", "ConflictException", "ServiceQuotaExceededException", ""),
]


@pytest.mark.parametrize("code", CLIENT)
def test_errors_about_the_client(code: str) -> None:
    problem = client_problem(Failure(400, code, "zreal"))
    assert problem is not None and problem.startswith(f"{code}: ") and "zreal" not in problem


@pytest.mark.parametrize("code", DATA)
def test_errors_that_are_data(code: str) -> None:
    assert client_problem(Failure(400, code, "The security token included in the request is expired")) is None


def test_the_modelled_errors_are_data_but_for_throttling_and_failures() -> None:
    problems = {code for service in MODELS.recognised for code in service.errors if client_problem(Failure(400, code))}
    assert problems == {"ThrottlingException", "ExpiredTokenException"}  # the latter of sts AssumeRoleWithWebIdentity


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_a_status_is_enough(status: int) -> None:
    problem = client_problem(Failure(status, "zreal-code"))
    assert problem is not None and problem.startswith(f"status {status}: ")
    assert is_retried(Failure(status))


def test_the_code_is_the_one_that_sdks_read() -> None:
    assert find_error_code(Failure(403, "a.b#ExpiredToken:http://i/", None, {"__type": "Other"})) == "ExpiredToken"
    assert find_error_code(Failure(403, None, None, {"__type": "a.b#ExpiredToken"})) == "ExpiredToken"
    assert find_error_code(Failure(403, None, None, {"code": "ExpiredToken", "__type": "Other"})) == "ExpiredToken"
    assert find_error_code(Failure(403, None, None, {"code": 7})) == ""


def test_every_code_that_botocore_retries_is_known() -> None:
    retried = {
        definition["applies_when"]["response"]["service_error_code"]
        for definition in _RETRY["definitions"].values()
        if "service_error_code" in definition["applies_when"].get("response", {})
    }
    retried |= {*ThrottledRetryableChecker._THROTTLED_ERROR_CODES, *TransientRetryableChecker._TRANSIENT_ERROR_CODES}
    assert len(retried) > 10
    assert [code for code in sorted(retried) if not is_retried(Failure(400, code))] == []
    assert not is_retried(Failure(403, "ExpiredToken"))
    assert not is_retried(Failure(404, "NoSuchEntity"))
