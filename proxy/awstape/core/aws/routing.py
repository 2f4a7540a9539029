"""Routes a request: finds its service, its region, its caller and the `Call` that it makes.

1. The services that may be meant come from the host name; with a custom endpoint (localhost, a stand-in) from the SigV4
   credential scope; for unsigned requests from the header `X-Amz-Target`, the path of smithy-rpc-v2-cbor or the
   parameter `Version` of the form; a presigned URL in signature version 2 is of S3. Services share host names and names
   in the scope: of those whose protocol a request is of, the one that has the operation is meant; of several that have
   it the one whose API version the request names, then the one that has it at the most specific path, then the one that
   gave the others its name.
2. The region is that of the host. Hosts such as `s3.amazonaws.com` and `queue.amazonaws.com` have none, and custom
   endpoints neither: then it is that of the credential scope; without one, a host of AWS is in the oldest region.
   A global service has no region, but a partition, found in the same way. Outside the partition aws its name,
   `aws-cn-global`, is in the region's place.
3. The caller is the access key id: of the credential in the header or in a presigned URL, of the parameter
   `AWSAccessKeyId` in signature version 2, or of a client that does not sign.
4. The bucket of a request to S3 may be in the host name, or the access point in its place; it is put into the path,
   where the service model has it.
5. The operation and its input are read by the service's protocol (`core.aws.protocols.dispatch`), after the content
   encoding of the request was undone. URLs of queues in it are AWS's (`core.aws.protocols.customisations.queue_urls`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from awstape.core.aws.call import Call
from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.model import Models, Service
from awstape.core.aws.protocols.customisations.queue_urls import move_queue_urls, move_to_aws
from awstape.core.aws.protocols.dispatch import (
    decode_request,
    find_operation,
    find_protocol,
    find_target_prefix,
    read_request,
)
from awstape.core.aws.wire import Request, WireError, parse_form, read_parameters
from awstape.core.text.hidden import Hidden
from awstape.core.text.lazy_pattern import lazy_pattern

#: The spelling of a region. Whether AWS has one of this name is not known to the core.
REGION = lazy_pattern(r"[a-z]{2,4}(?:-[a-z]+){1,3}(?:-\d{1,2})?", re.ASCII)
REGION_TIP = "regions are spelled as in eu-west-1"
_FIRST_REGION = "us-east-1"
#: With a custom endpoint: `bucket.localhost`, `bucket.s3.localhost.localstack.cloud`.
_BUCKET_OF_CUSTOM_HOST = lazy_pattern(r"(?P<bucket>.+?)\.(?:s3[.-].+|localhost)", re.ASCII)
#: It has the account in the host name, where S3 has the bucket.
_PATHS_OF_S3_CONTROL = "/v20180820/"
#: Names that S3 and S3 Control sign for beside `s3`, by their endpoint rules. No other service has more than one name.
_SIGNING_NAMES_OF_S3 = ("s3express", "s3-object-lambda", "s3-outposts")
#: The parameters of a presigned URL in signature version 2 (docs.aws.amazon.com/AmazonS3, "Signing and authenticating
#: REST requests").
_OF_PRESIGNED_S3 = {"AWSAccessKeyId", "Expires", "Signature"}
_SCOPE = lazy_pattern(r"[^/]*/\d{8}/(?:(?P<region>[^/]+)/)?(?P<service>[^/]+)/aws4_request")


def recognise_call(models: Models, request: Request) -> Call | None:
    """The call that a request makes; None if it is for none of the services that `models` recognises.

    Raises WireError if it calls no operation of the model or cannot be read.
    """
    request = put_bucket_into_path(models, request)
    found = find_service(models, request)
    if found is None:
        return None
    service, region = found
    operation, input_, protocol = read_request(service, decode_request(service, request))
    if service.regional and region is not None and not REGION.fullmatch(region):
        raise WireError("the region is not one of AWS")
    region = region if service.regional else _global_region(models, region)
    input_ = move_queue_urls(service, input_, move_to_aws(models.hosts, region))
    return Call(operation, region, input_, find_caller(request), protocol, request.origin)


def _global_region(models: Models, region: str | None) -> str | None:
    """The name that is in the place of a global service's region, by any region of the partition."""
    partition = models.hosts.partition_of(region)
    return None if partition == "aws" else f"{partition}-global"


def find_caller(request: Request) -> Hidden[str] | None:
    """The access key id of a request, None if it names none. Raises WireError if the request cannot be read."""
    if credential := find_credential(request).partition("/")[0]:
        return Hidden(credential)
    if request.caller:
        return request.caller
    parameters = dict(read_parameters(decode_message(request) if request.is_form else request))
    return Hidden(parameters["AWSAccessKeyId"]) if parameters.get("AWSAccessKeyId") else None


def find_service(models: Models, request: Request) -> tuple[Service, str | None] | None:
    """The service that a request is for, and the region. Raises WireError if its form cannot be read."""
    if match := models.hosts.find(request.host):
        names, region = [name for name in models.names if name in match.names], match.region
    else:
        names, region = _named_services(models, request)
        names = [name for name in names if find_protocol(models.entries[name].protocols, request)]
    if not names:
        return None
    names.sort(key=lambda name: models.entries[name].signing_name != name)
    if len(names) > 1:
        decoded = decode_message(request)
        called = {name: operation for name in names if (operation := find_operation(models.services[name], decoded))}
        version = dict(read_parameters(decoded)).get("Version")

        def precedence(name: str) -> tuple[bool, object]:
            return version not in (None, models.entries[name].api_version), called[name].route.precedence

        names = sorted(called, key=precedence) or names
    service = models.services[names[0]]
    if region is None and service.regional:
        scope = _credential_scope(request)
        region = scope["region"] if scope else _FIRST_REGION if match else None
    return service, region


def put_bucket_into_path(models: Models, request: Request) -> Request:
    """A request to S3 with its bucket in the path. The operation that lists directory buckets is named, as SDKs do."""
    match = models.hosts.find(request.host)
    bucket = match.bucket if match else None
    signed = signed_service_name(request) or ""
    if match is None and signed.startswith("s3") and not request.path.startswith(_PATHS_OF_S3_CONTROL):
        custom = _BUCKET_OF_CUSTOM_HOST.fullmatch(request.host)
        bucket = custom["bucket"] if custom else None
    if bucket is not None:
        return replace(request, path=f"/{quote(bucket, safe='')}{request.path}")
    is_directory_list = request.host.lower().startswith("s3express-control") if match else signed == "s3express"
    if is_directory_list and request.path == "/":
        return replace(request, query=f"{request.query}&x-id=ListDirectoryBuckets".strip("&"))
    return request


def _named_services(models: Models, request: Request) -> tuple[list[str], str | None]:
    """The services that the signature names or, without one, the operation's prefix or the form; and the region."""
    entries = [models.entries[name] for name in models.names]
    if scope := _credential_scope(request):
        names = {scope["service"], "s3"} if scope["service"] in _SIGNING_NAMES_OF_S3 else {scope["service"]}
        return [entry.name for entry in entries if entry.signing_name in names], scope["region"]
    if prefix := find_target_prefix(request):
        return [entry.name for entry in entries if entry.target_prefix == prefix], None
    parameters = dict(read_parameters(decode_message(request) if request.is_form else request))
    if parameters.keys() >= _OF_PRESIGNED_S3 and "Action" not in parameters:
        return [name for name in models.names if name == "s3"], None
    version = parameters.get("Version")
    is_meant = [
        each for each in entries if each.api_version == version and {"query", "ec2"}.intersection(each.protocols)
    ]
    return [entry.name for entry in is_meant], None


def try_find_service(models: Models, request: Request) -> Service | None:
    """The service that a request is for; None also if the request cannot be read."""
    try:
        found = find_service(models, request)
    except WireError:
        return None
    return found[0] if found else None


def signed_service_name(request: Request) -> str | None:
    """The service that a request is signed for, recorded or not; None also if the request cannot be read."""
    try:
        scope = _credential_scope(request)
    except WireError:
        return None
    return scope["service"] if scope and re.fullmatch(r"[a-z0-9-]{1,40}", scope["service"]) else None


def other_service_name(models: Models, request: Request) -> str | None:
    """How messages name the service of a request that is for no recorded one; None if its signature names none."""
    name = signed_service_name(request)
    is_shared = any(models.entries[each].signing_name == name for each in models.names)
    return f"another service that signs as {name}" if is_shared else name


def _credential_scope(request: Request) -> Mapping[str, str] | None:
    """Region and service of the SigV4 credential scope, from the header or the presigned URL."""
    match = _SCOPE.fullmatch(find_credential(request))
    return match.groupdict() if match else None


def find_credential(request: Request) -> str:
    """The credential of a SigV4 signature: access key id and scope; empty if there is none."""
    credential = re.search(r"Credential=([^,\s]+)", request.header("authorization") or "")
    return credential[1] if credential else dict(parse_form(request.query)).get("X-Amz-Credential", "")
