"""moto's server, with what programs need and moto has not: `python -m clients.moto_server PORT`."""

from __future__ import annotations

import io
import json
import sys
from operator import attrgetter
from typing import Any

from moto.iam.models import Policy
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response, run_simple

# GetAccountAuthorizationDetails of moto has managed policies without their names and ids.
for _name, _attribute in (("policy_name", "name"), ("policy_id", "id")):
    setattr(Policy, _name, property(attrgetter(_attribute)))

_FINDINGS: list[dict[str, Any]] = [
    {
        "findingDetails": "Using a wildcard (*) in the action can be overly permissive.",
        "findingType": kind,
        "issueCode": "FAKE_ISSUE_CODE",
        "learnMoreLink": "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html",
        "locations": [],
    }
    for kind in ("SUGGESTION", "WARNING")
]


_ANALYZER = {
    "arn": "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/fake-analyzer",
    "name": "fake-analyzer",
    "type": "ACCOUNT",
    "status": "ACTIVE",
    "createdAt": "2026-01-02T03:04:05Z",
}
# Pages of Access Analyzer, which moto has not; the token is the number of the page.
_PAGES: dict[str, list[dict[str, Any]]] = {
    "/analyzer": [{"analyzers": [_ANALYZER]}],
    "/policy/validation": [{"findings": [_FINDINGS[0]], "nextToken": "1"}, {"findings": [_FINDINGS[1]]}],
}


def main(port: int) -> None:
    """Serves until it is stopped."""
    moto = DomainDispatcherApplication(create_backend_app)

    @Request.application
    def answer(request: Request) -> Any:
        if pages := _PAGES.get(request.path):
            page = pages[int(request.args.get("nextToken", "0"))]
            return Response(json.dumps(page), content_type="application/json")
        body = request.get_data(cache=True)
        try:
            response = Response.from_app(moto, {**request.environ, "wsgi.input": io.BytesIO(body)})
        except Exception:  # NotImplementedError and others
            return _refusal(request, body)
        return _refusal(request, body) if response.mimetype == "text/html" and response.status_code >= 400 else response

    run_simple("127.0.0.1", port, answer, threaded=True)


def _refusal(request: Request, body: bytes) -> Response:
    """An error of AWS for an operation that moto has not; moto sends a page of HTML, after which SDKs retry."""
    error = "<Error><Code>UnsupportedOperation</Code><Message>moto has not this operation</Message></Error>"
    if request.mimetype != "application/x-www-form-urlencoded":
        text, kind = json.dumps({"__type": "UnsupportedOperation", "message": "moto has not it"}), "application/json"
    elif b"Version=2016-11-15" in body:
        text, kind = f"<Response><Errors>{error}</Errors><RequestID>fake</RequestID></Response>", "text/xml"
    else:
        text, kind = f"<ErrorResponse>{error}<RequestId>fake</RequestId></ErrorResponse>", "text/xml"
    return Response(text, 400, {"x-amzn-errortype": "UnsupportedOperation"}, content_type=kind)


if __name__ == "__main__":
    main(int(sys.argv[1]))
