"""boto3 clients with dummy credentials and without retries."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.config import Config


@cache
def client(service: str, region: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload,unused-ignore]  # the stubs accept literals only
        region_name=region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}),
    )
