"""Routes a request: finds its service, its region, its caller and the `Call` that it makes.

1. The service comes from the host name; with a custom endpoint (localhost, a stand-in) from the SigV4 credential
   scope; for unsigned requests from the parameter `Version` of the form. Services share names in the scope: a request
   of another protocol is for another service.
2. A global service has no region, but a partition: that of the host, or of the region in the credential scope. Outside
   the partition aws its name, `aws-cn-global`, is in the region's place.
3. The caller is the access key id: of the credential in the header or in a presigned URL, of the parameter
   `AWSAccessKeyId` in signature version 2, or of a client that does not sign.
4. The operation and its input are read by the service's protocol (`core.aws.protocols.dispatch`), after the content
   encoding of the request was undone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from awstape.core.aws.call import Call
from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.model import Models, Service
from awstape.core.aws.protocols import query
from awstape.core.aws.protocols.dispatch import read_request
from awstape.core.aws.wire import Request, WireError, parse_form, read_parameters
from awstape.core.text.hidden import Hidden

#: The spelling of a region. Whether AWS has one of this name is not known to the core.
REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}(?:-\d{1,2})?", re.ASCII)
_SCOPE = re.compile(r"[^/]*/\d{8}/(?:(?P<region>[^/]+)/)?(?P<service>[^/]+)/aws4_request")


def recognise_call(models: Models, request: Request) -> Call | None:
    """The call that a request makes; None if it is for none of the services in `models`.

    Raises WireError if it calls no operation of the model or cannot be read.
    """
    found = find_service(models, request)
    if found is None:
        return None
    service, region = found
    operation, input_ = read_request(service, decode_message(request))
    if service.regional and region is not None and not REGION.fullmatch(region):
        raise WireError("the region is not one of AWS")
    return Call(operation, region if service.regional else _global_region(models, region), input_, find_caller(request))


def _global_region(models: Models, region: str | None) -> str | None:
    """The name that is in the place of a global service's region, by any region of the partition."""
    partition = models.partition_of(region)
    return None if partition == "aws" else f"{partition}-global"


def find_caller(request: Request) -> Hidden[str] | None:
    """The access key id of a request, None if it names none. Raises WireError if the request cannot be read."""
    if credential := _credential(request).partition("/")[0]:
        return Hidden(credential)
    if request.caller:
        return request.caller
    parameters = dict(read_parameters(decode_message(request) if request.is_form else request))
    return Hidden(parameters["AWSAccessKeyId"]) if parameters.get("AWSAccessKeyId") else None


def find_service(models: Models, request: Request) -> tuple[Service, str | None] | None:
    """The service that a request is for, and the region. Raises WireError if its form cannot be read."""
    if found := models.service_of_host(request.host):
        return found
    if scope := _credential_scope(request):
        service = models.by_signing_name(scope["service"])
        if service and service.protocol == "query" and not query.accepts(request):
            return None
        return (service, scope["region"]) if service else None
    parameters = read_parameters(decode_message(request) if request.is_form else request)
    version = dict(parameters).get("Version")
    service = models.by_api_version(version) if version else None
    return (service, None) if service else None


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
    return f"another service that signs as {name}" if name and models.by_signing_name(name) else name


def _credential_scope(request: Request) -> Mapping[str, str] | None:
    """Region and service of the SigV4 credential scope, from the header or the presigned URL."""
    match = _SCOPE.fullmatch(_credential(request))
    return match.groupdict() if match else None


def _credential(request: Request) -> str:
    """The credential of a SigV4 signature: access key id and scope; empty if there is none."""
    credential = re.search(r"Credential=([^,\s]+)", request.header("authorization") or "")
    return credential[1] if credential else dict(parse_form(request.query)).get("X-Amz-Credential", "")
