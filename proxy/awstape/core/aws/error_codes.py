"""Error codes that speak of the client or the way to AWS, not of AWS's data: credentials, clock, throttling, failures.

1. Such an error says nothing about what the program asked for: the same request gets another answer once the reason is
   gone. All other errors, such as AccessDenied and NoSuchEntity, are data.
2. The code is the one that SDKs read: that of the service's error header or element, else `code` or `__type` in a body.
3. Statuses from 500 on and 429 are such errors, whatever their code.

Sources: the lists of common errors in the API references of IAM, Access Analyzer, EC2 and S3; the codes that SDKs retry
(botocore/data/_retry.json, botocore/retries/standard.py) or take for a wrong clock (aws-sdk-js-v3,
service-error-classification/src/constants.ts) or for expired credentials (aws-sdk-go, aws/request/retryer.go).
"""

from __future__ import annotations

from collections.abc import Mapping

from awstape.core.aws.call import Failure, error_name

#: The problem of a request that was sent, and has no response.
NO_RESPONSE = "no response: the connection broke"
#: The problem of a request that was not sent.
NO_CONNECTION = "no response: the service can't be reached"
_TOO_MANY_REQUESTS = 429
_THROTTLED = "AWS refused that many requests"
_FAILED = "the service failed"
_REASONS: Mapping[str, str] = {
    "the credentials have expired": "ExpiredToken ExpiredTokenException TokenRefreshRequired",
    "the credentials are not valid": "InvalidAccessKeyId InvalidClientTokenId InvalidToken UnrecognizedClientException",
    "the request had no credentials": """
        MissingAuthenticationToken MissingAuthenticationTokenException MissingSecurityHeader
    """,
    "the signature was refused; the secret key, or the clock of the machine, is wrong": """
        AuthFailure AuthorizationHeaderMalformed IncompleteSignature IncompleteSignatureException
        InvalidSignatureException SignatureDoesNotMatch
    """,
    "the request was too old or of the future; is the clock of the machine wrong?": """
        RequestExpired RequestInTheFuture RequestTimeTooSkewed
    """,
    _THROTTLED: """
        BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
        ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown
        ThrottledException Throttling ThrottlingException TooManyRequestsException TransactionInProgressException
    """,
    "AWS did not get the whole request in time": "RequestAbortedException RequestTimeout RequestTimeoutException",
    _FAILED: """
        InternalError InternalFailure InternalServerError InternalServerException ServiceFailure ServiceFailureException
        ServiceUnavailable ServiceUnavailableException
    """,
}
_REASON_OF_CODE = {code: reason for reason, codes in _REASONS.items() for code in codes.split()}
#: Reasons that SDKs wait for and ask again.
_RETRIED = frozenset({_THROTTLED, _FAILED, "AWS did not get the whole request in time"})


def find_error_code(failure: Failure) -> str:
    """The code of an error as SDKs read it; empty if it has none."""
    given = (failure.code, failure.members.get("code"), failure.members.get("Code"), failure.members.get("__type"))
    return next((error_name(code) for code in given if isinstance(code, str) and code), "")


def client_problem(failure: Failure) -> str | None:
    """What an error says of the client or of the way to AWS, `CODE: REASON`; None for an error that is data.

    The text holds nothing of the error but a code of the tables, or its status.
    """
    code = find_error_code(failure)
    reason = _REASON_OF_CODE.get(code)
    if failure.status >= 500:
        reason = reason or _FAILED
    elif failure.status == _TOO_MANY_REQUESTS:
        reason = reason or _THROTTLED
    elif reason == _FAILED:  # a code of data in another service; without its status it tells nothing
        return None
    if reason is None:
        return None
    return f"{code if code in _REASON_OF_CODE else f'status {failure.status}'}: {reason}"


def may_have_taken_effect(problem: str) -> bool:
    """Whether AWS may have done what a request asked for that had this problem, of `client_problem`, or no response."""
    return problem == NO_RESPONSE or problem.partition(": ")[2] == _FAILED


def is_retried(failure: Failure) -> bool:
    """Whether SDKs send a request again that got this error."""
    problem = client_problem(failure)
    return problem is not None and problem.partition(": ")[2] in _RETRIED
