"""Services with one operation, for wire text by hand: models in botocore's format, read by the core and by botocore."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import botocore.awsrequest
import botocore.model
import botocore.parsers
import botocore.serialize

from awstape.catalog.service_models import build_service
from awstape.core.aws.model import Operation, Protocol, Service
from awstape.core.aws.wire import Request, Response

HOST = "zservice.example.com"
FORM = (("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),)


@dataclass(frozen=True)
class SmallModel:
    """A service with the operation `Run`. shapes: in botocore's format; `Input`, `Output` are those of the operation.

    Shapes of the simple types are there by the names of the types, such as `string`.
    """

    protocol: Protocol
    shapes: dict[str, Any]
    wrapper: str | None = None
    uri: str = "/"
    method: str = "POST"

    @cached_property
    def data(self) -> dict[str, Any]:
        simple = "string integer long float double boolean timestamp blob character".split()
        operation: dict[str, Any] = {"name": "Run", "http": {"method": self.method, "requestUri": self.uri}}
        if "Input" in self.shapes:
            operation["input"] = {"shape": "Input"}
        if "Output" in self.shapes:
            operation["output"] = {"shape": "Output"} | ({"resultWrapper": self.wrapper} if self.wrapper else {})
        return {
            "metadata": {
                "apiVersion": "2020-01-08",
                "endpointPrefix": "zservice",
                "serviceId": "Z Service",
                "protocol": self.protocol,
                "xmlNamespace": "https://zservice.example.com/doc/2020-01-08/",
            },
            "operations": {"Run": operation},
            "shapes": {**{name: {"type": name} for name in simple}, **self.shapes},
        }

    @cached_property
    def service(self) -> Service:
        return build_service("zservice", self.data, {})

    @property
    def operation(self) -> Operation:
        return self.service.operations["Run"]

    @cached_property
    def _botocore(self) -> botocore.model.ServiceModel:
        return botocore.model.ServiceModel(self.data, "zservice")

    def parse(self, response: Response, error: str | None = None) -> dict[str, Any]:
        """A response as botocore parses it. error: the shape of the error that it holds."""
        parser = botocore.parsers.create_parser(self.protocol)
        headers = botocore.awsrequest.HeadersDict(response.headers)
        wire = {"status_code": response.status, "headers": headers, "body": response.body}
        model = self._botocore
        shape: Any = model.shape_for(error) if error else model.operation_model("Run").output_shape
        parsed: dict[str, Any] = parser.parse(wire, shape)
        parsed.pop("ResponseMetadata", None)
        return parsed

    def request(self, parameters: dict[str, Any]) -> Request:
        """The request that botocore makes of an input in its own types."""
        serializer = botocore.serialize.create_serializer(self.protocol, include_validation=False)
        parts = serializer.serialize_to_request(parameters, self._botocore.operation_model("Run"))
        botocore.awsrequest.prepare_request_dict(parts, endpoint_url=f"https://{HOST}")
        prepared = botocore.awsrequest.create_request_object(parts).prepare()
        path, _, query = prepared.url.removeprefix(f"https://{HOST}").partition("?")
        body = prepared.body or b""
        texts = {name: v.decode() if isinstance(v, bytes) else str(v) for name, v in prepared.headers.items()}
        headers = (*texts.items(), *(FORM if self.protocol in ("query", "ec2") else ()))
        return Request(self.method, HOST, path, query, headers, body.encode() if isinstance(body, str) else bytes(body))


def structure(**members: Any) -> dict[str, Any]:
    """A structure: each member is the name of its shape, or a reference with traits."""
    return {
        "type": "structure",
        "members": {name: {"shape": m} if isinstance(m, str) else m for name, m in members.items()},
    }


def reference(shape: str, **traits: Any) -> dict[str, Any]:
    """A reference to a shape, with traits as botocore spells them."""
    return {"shape": shape, **traits}
