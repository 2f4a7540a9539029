"""Services with REST protocols, with moto as the upstream: S3's objects and pages of Lambda, recorded and replayed."""

from __future__ import annotations

from pathlib import Path

from e2e.harness import Machine, program
from e2e.test_moto import moto_server

USE = program(
    """\
import json, boto3, botocore.exceptions
s3, seen = boto3.client("s3", region_name="us-east-1"), []
bucket = {"Bucket": "fake-bucket"}
s3.create_bucket(**bucket)
for i in range(3):
    body, metadata = f"fake text {i}".encode(), {"owner": "fake-owner"}
    s3.put_object(**bucket, Key=f"fake dir/{i}", Body=body, Metadata=metadata, ContentType="text/plain")
seen.append(len(s3.list_buckets()["Buckets"]))
for page in s3.get_paginator("list_objects_v2").paginate(**bucket, PaginationConfig={"PageSize": 2}):
    seen.append([item["Size"] for item in page["Contents"]])
found = s3.get_object(**bucket, Key="fake dir/1")
seen.append([len(found["Metadata"]), len(found["Body"].read()) == found["ContentLength"]])
head = s3.head_object(**bucket, Key="fake dir/1")
seen.append([head["ContentLength"], str(head["LastModified"]) == str(found["LastModified"])])
for call, key in ((s3.get_object, "none"), (s3.head_object, "none")):
    try:
        call(**bucket, Key=key)
    except botocore.exceptions.ClientError as error:
        seen.append([error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]])
seen.append([s3.get_bucket_location(**bucket)["LocationConstraint"], len(s3.get_bucket_acl(**bucket)["Grants"])])
seen.append(boto3.client("lambda", region_name="us-east-1").list_functions()["Functions"])
print(json.dumps(seen))
"""
)
SEEN = [1, [11, 11], [11], [1, True], [11, True], ["NoSuchKey", 404], ["404", 404], [None, 1], []]


def test_objects_of_s3_and_functions_are_recorded_and_replayed(machine: Machine, cassette: Path) -> None:
    with moto_server(machine) as url:
        options = ("--service", "s3", "--service", "lambda", "--include-writes", "--upstream", url)
        run = machine.awstape("record", cassette, *options, "--", *USE).ok()
    assert run.json == SEEN
    assert "differently" not in run.err
    assert "skipped" not in run.err
    for way in ((), ("--proxy",)):
        replay = machine.awstape("replay", cassette, *way, "--", *USE).ok()
        assert (replay.json, replay.err) == (SEEN, "")
