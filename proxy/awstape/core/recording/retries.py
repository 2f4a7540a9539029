"""Retries: decides which errors SDKs retry, and which response answers the retry of an error.

1. SDKs retry statuses from 500 on, status 429, the error codes of throttling, and responses that can't be read.
2. An SDK sends one invocation id for a call and its retries. Where the error's request had none, the next response to
   the same request counts as the answer to the retry.
"""

from __future__ import annotations

from awstape.core.aws.call import error_name
from awstape.core.cassette.cassette import Page
from awstape.core.recording.capture import Capture

#: botocore/data/_retry.json and botocore/retries/standard.py: the codes that SDKs retry whatever the status.
_THROTTLING = frozenset(
    """
    BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException
    RequestTimeout RequestTimeoutException SlowDown ThrottledException Throttling ThrottlingException
    TooManyRequestsException TransactionInProgressException
    """.split()
)


def is_retryable(page: Page) -> bool:
    """Whether SDKs retry a request that got this page."""
    error = page.answer.error
    if error is None:
        return page.hole is not None
    return error.status >= 500 or error.status == 429 or error_name(error.code or "") in _THROTTLING


def answers_retry_of(failed: Capture, later: Capture) -> bool:
    """Whether `later` is the answer to the retry of `failed`."""
    return is_retryable(failed.page) and (failed.invocation is None or failed.invocation == later.invocation)
