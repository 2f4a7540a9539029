"""Requests to services that share a name in their signatures, and the ways in which S3's buckets are addressed."""

from __future__ import annotations

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Call
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Headers, Request

ALL = load_models()
MODELS = ALL.of(list(ALL.entries))


def signed(name: str) -> Headers:
    scope = f"AKIAEXAMPLE/20260102/eu-west-1/{name}/aws4_request"
    return (("Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"),)


def called(method: str, host: str, target: str, headers: Headers = ()) -> Call:
    path, _, query = target.partition("?")
    call = recognise_call(MODELS, Request(method, host, path, query, headers))
    assert call
    return call


@pytest.mark.parametrize(
    ("name", "method", "target", "service", "operation"),
    [
        ("apigateway", "GET", "/restapis", "apigateway", "GetRestApis"),
        ("apigateway", "GET", "/v2/apis", "apigatewayv2", "GetApis"),
        ("apigateway", "GET", "/tags/x", "apigateway", "GetTags"),
        ("apigateway", "GET", "/v2/tags/x", "apigatewayv2", "GetTags"),
        ("lambda", "GET", "/2015-03-31/functions/", "lambda", "ListFunctions"),
        ("lambda", "GET", "/2015-03-31/functions", "lambda", "ListFunctions"),
        ("bedrock", "GET", "/foundation-models", "bedrock", "ListFoundationModels"),
        ("bedrock", "POST", "/model/m/converse", "bedrock-runtime", "Converse"),
        ("bedrock", "POST", "/agents/", "bedrock-agent", "ListAgents"),
        ("es", "GET", "/2015-01-01/es/domain/d", "es", "DescribeElasticsearchDomain"),
        ("es", "GET", "/2021-01-01/opensearch/domain/d", "opensearch", "DescribeDomain"),
        ("s3", "GET", "/zbucket/v20180820", "s3", "GetObject"),
        ("s3", "GET", "/v20180820/jobs", "s3control", "ListJobs"),
        ("ses", "GET", "/v2/email/identities/z", "sesv2", "GetEmailIdentity"),
        ("elasticloadbalancing", "GET", "/?Action=RemoveTags&Version=2012-06-01", "elb", "RemoveTags"),
        ("elasticloadbalancing", "GET", "/?Action=RemoveTags&Version=2015-12-01", "elbv2", "RemoveTags"),
        ("ses", "GET", "/?Action=ListIdentities&Version=2010-12-01", "ses", "ListIdentities"),
    ],
)
def test_services_with_one_signing_name_are_told_apart(
    name: str, method: str, target: str, service: str, operation: str
) -> None:
    call = called(method, "localhost", target, signed(name))
    assert (call.operation.service.name, call.operation.name) == (service, operation)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("s3.amazonaws.com", "/my.zbucket/a/k%20y"),
        ("s3.eu-west-1.amazonaws.com", "/my.zbucket/a/k%20y"),
        ("s3-eu-west-1.amazonaws.com", "/my.zbucket/a/k%20y"),
        ("my.zbucket.s3.amazonaws.com", "/a/k%20y"),
        ("my.zbucket.s3.eu-west-1.amazonaws.com", "/a/k%20y"),
        ("my.zbucket.s3-eu-west-1.amazonaws.com", "/a/k%20y"),
        ("my.zbucket.s3.dualstack.eu-west-1.amazonaws.com", "/a/k%20y"),
        ("my.zbucket.s3-accelerate.amazonaws.com", "/a/k%20y"),
        ("my.zbucket.s3-accelerate.dualstack.amazonaws.com", "/a/k%20y"),
        ("my.zbucket.bucket.vpce-1a2b3c4d-5e6f.s3.eu-west-1.vpce.amazonaws.com", "/a/k%20y"),
        ("bucket.vpce-1a2b3c4d-5e6f.s3.eu-west-1.vpce.amazonaws.com", "/my.zbucket/a/k%20y"),
        ("localhost", "/my.zbucket/a/k%20y"),
        ("127.0.0.1", "/my.zbucket/a/k%20y"),
        ("my.zbucket.localhost", "/a/k%20y"),
        ("my.zbucket.s3.localhost.localstack.cloud", "/a/k%20y"),
    ],
)
def test_a_bucket_is_the_same_however_it_is_addressed(host: str, path: str) -> None:
    call = called("GET", host, path, signed("s3"))
    assert (call.operation.name, call.input) == ("GetObject", {"Bucket": "my.zbucket", "Key": "a/k y"})
    assert call.region is None


@pytest.mark.parametrize(
    "host",
    [
        "111122223333.s3-control.eu-west-1.amazonaws.com",
        "111122223333.127.0.0.1",
        "111122223333.localhost",
        "127.0.0.1",
    ],
)
def test_the_account_before_the_host_of_s3_control_is_no_bucket(host: str) -> None:
    headers = (*signed("s3"), ("x-amz-account-id", "111122223333"))
    call = called("GET", host, "/v20180820/accesspoint", headers)
    assert (call.operation.name, call.input) == ("ListAccessPoints", {"AccountId": "111122223333"})


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        (
            "zap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com",
            "arn:aws:s3:eu-west-1:111122223333:accesspoint/zap",
        ),
        (
            "zap-111122223333.s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com",
            "arn:aws:s3:us-east-1:111122223333:accesspoint/zap",
        ),
        (
            "zap-111122223333.s3-accesspoint.cn-north-1.amazonaws.com.cn",
            "arn:aws-cn:s3:cn-north-1:111122223333:accesspoint/zap",
        ),
        (
            "zap-111122223333.s3-object-lambda.eu-west-1.amazonaws.com",
            "arn:aws:s3-object-lambda:eu-west-1:111122223333:accesspoint/zap",
        ),
        (
            "zap-111122223333.op-01ac5d28a6a232904.s3-outposts.eu-west-1.amazonaws.com",
            "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-01ac5d28a6a232904/accesspoint/zap",
        ),
        ("zap-abc123-s3alias.s3.eu-west-1.amazonaws.com", "zap-abc123-s3alias"),
        ("zap0abc123.mrap.accesspoint.s3-global.amazonaws.com", "zap0abc123.mrap"),
        ("zb--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", "zb--use1-az4--x-s3"),
    ],
)
def test_an_access_point_is_in_the_place_of_the_bucket(host: str, bucket: str) -> None:
    assert called("GET", host, "/k").input == {"Bucket": bucket, "Key": "k"}


def test_a_bucket_alone_in_the_host_name() -> None:
    assert called("GET", "zbucket.s3.amazonaws.com", "/?list-type=2").operation.name == "ListObjectsV2"
    assert called("HEAD", "zbucket.s3.amazonaws.com", "/").operation.name == "HeadBucket"
    assert called("GET", "s3.amazonaws.com", "/").operation.name == "ListBuckets"


def test_directory_buckets_are_listed_at_a_host_of_their_own() -> None:
    assert called("GET", "s3express-control.us-east-1.amazonaws.com", "/").operation.name == "ListDirectoryBuckets"


def test_prefixes_of_hosts_belong_to_operations() -> None:
    host = "111122223333.s3-control.eu-west-1.amazonaws.com"
    call = called("GET", host, "/v20180820/jobs", (("x-amz-account-id", "111122223333"),))
    assert (call.operation.name, call.input) == ("ListJobs", {"AccountId": "111122223333"})
    assert called("GET", "workflows-omics.eu-west-1.amazonaws.com", "/run").operation.name == "ListRuns"
    assert (
        called("GET", "bedrock-runtime.eu-west-1.amazonaws.com", "/async-invoke").operation.name == "ListAsyncInvokes"
    )


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("sqs.us-west-2.amazonaws.com", "us-west-2"),
        ("us-west-2.queue.amazonaws.com", "us-west-2"),
        ("queue.amazonaws.com", "eu-west-1"),  # the AWS CLI calls it in us-east-1
        ("localhost", "eu-west-1"),
    ],
)
def test_the_region_is_that_of_the_host_or_else_of_the_signature(host: str, region: str) -> None:
    headers = (*signed("sqs"), ("X-Amz-Target", "AmazonSQS.ListQueues"), ("Content-Type", "application/x-amz-json-1.0"))
    assert called("POST", host, "/", headers).region == region


@pytest.mark.parametrize(
    ("name", "method", "target", "service", "operation"),
    [
        ("s3express", "GET", "/", "s3", "ListDirectoryBuckets"),
        ("s3express", "GET", "/zb--use1-az4--x-s3?list-type=2", "s3", "ListObjectsV2"),
        ("s3express", "POST", "/v20180820/jobs", "s3control", "CreateJob"),
        ("s3-object-lambda", "GET", "/zbucket/k", "s3", "GetObject"),
        ("s3-outposts", "GET", "/zbucket/k", "s3", "GetObject"),
        ("s3-outposts", "GET", "/S3Outposts/ListEndpoints", "s3outposts", "ListEndpoints"),
        ("s3", "GET", "/", "s3", "ListBuckets"),
    ],
)
def test_s3_has_several_names_in_signatures(name: str, method: str, target: str, service: str, operation: str) -> None:
    call = called(method, "127.0.0.1", target, signed(name))
    assert (call.operation.service.name, call.operation.name) == (service, operation)


@pytest.mark.parametrize("host", ["127.0.0.1", "s3.amazonaws.com"])
def test_a_presigned_url_in_signature_version_2_is_of_s3(host: str) -> None:
    signature = "AWSAccessKeyId=AKIAEXAMPLE&Signature=abc%3D&Expires=1783036800"
    call = called("GET", host, f"/zbucket/a/k?versionId=zv&{signature}")
    assert (call.operation.service.name, call.operation.name) == ("s3", "GetObject")
    assert call.input == {"Bucket": "zbucket", "Key": "a/k", "VersionId": "zv"}
    query = called("GET", "127.0.0.1", f"/?Action=ListUsers&Version=2010-05-08&{signature}")
    assert query.operation.service.name == "iam"
