"""The JSON Schema (draft 7) of the cassette format, for editors: what `core.cassette.yaml.reader` accepts.

1. Editors validate each document of a stream against the one schema, so it describes a header or a take: a document
   with a `version` is a header. (yaml-language-server does so if its settings name the schema; a comment that names the
   schema counts for its own document only: redhat-developer/yaml-language-server, issue 946.)
2. A take is selected by its service, then by its operation, in chains of `if` and `then`: an editor then reports a
   wrong member at its line, and not that a take matches none of 219 alternatives.
3. Each structure, list, map and enumeration that a take can reach is defined once for outputs, once for identities. In
   outputs types are those of the model, and other members are refused, unless the page lists any as `unmodelled`. In
   identities text is accepted everywhere, and so are other members, as clients send them.
4. A null means an absent member. It is refused in lists and maps of IAM's outputs, because XML cannot represent it.
5. Values of enumerations are suggested, and any text is accepted; patterns and lengths are not checked.
6. What the reader accepts, the schema accepts. What the reader refuses, the schema refuses, except what a schema cannot
   express: the position of a document in the stream; that the tokens of pages are a chain, and differ within a track;
   which members `unmodelled` lists, so that an output of such a page may have any; 1.0, which is not an integer; values
   that the protocol cannot represent, such as control characters; nesting deeper than `MAX_DEPTH`; and the features of
   YAML: tags (`!!binary` in place of text), anchors, duplicate keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from awstape.core.aws.access_keys import ACCOUNT, PRINCIPAL
from awstape.core.aws.model import (
    SPECIAL_BOOLEANS,
    SPECIAL_NUMBERS,
    XML_PROTOCOLS,
    Models,
    Operation,
    Service,
    Shape,
    Type,
)
from awstape.core.aws.routing import REGION
from awstape.core.aws.wire import FIRST_ERROR_STATUS
from awstape.core.cassette.faults import FIELDS, KINDS, SLOW_KINDS
from awstape.core.cassette.yaml.validation import VERSION

Json = dict[str, Any]

_DRAFT = "http://json-schema.org/draft-07/schema#"


def cassette_schema(models: Models, comment: str = "") -> Json:
    """The schema of cassettes of these services. comment: the source of their models, for `$comment`."""
    definitions = {"header": _HEADER, "take": _take(models), "page": _PAGE, "error": _ERROR, "fault": _fault()}
    for service in models.recognised:
        definitions[service.name] = _service(service)
        outputs = _Shapes(service, "output", definitions)
        identities = _Shapes(service, "identity", definitions)
        for operation in service.operations.values():
            definitions[f"{service.name}.{operation.name}"] = _operation(operation, identities, outputs)
    return {
        "$schema": _DRAFT,
        **({"$comment": comment} if comment else {}),
        "title": f"awstape cassette, version {VERSION}",
        "if": {"required": ["version"]},
        "then": _ref("header"),
        "else": _ref("take"),
        "definitions": definitions,
    }


def dump_schema(whole: Json) -> str:
    """The schema as JSON text, compact, with one definition a line: git shows which of them a new model changes."""
    head = ",\n".join(_dump_line(name, part) for name, part in whole.items() if name != "definitions")
    lines = ",\n".join(_dump_line(name, part) for name, part in whole["definitions"].items())
    return f'{{\n{head},\n"definitions": {{\n{lines}\n}}\n}}\n'


def _dump_line(name: str, part: Any) -> str:
    return f"{json.dumps(name)}: {json.dumps(part, separators=(',', ':'))}"


def _ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


# --- takes ------------------------------------------------------------------------------------------------------


def _take(models: Models) -> Json:
    return {
        "type": "object",
        "properties": {
            "service": {"description": "The service, by its name in botocore.", "enum": list(models.services)},
            "operation": {"description": "The operation, as the service names it.", "type": "string"},
            "region": {
                "description": "The region that was asked; of IAM only outside the partition aws: aws-cn-global.",
                "type": "string",
                "pattern": f"^{REGION.pattern}$",
            },
            "account": _account("The caller, where it is not that of the header."),
            "principal": _PRINCIPAL,
            "identity": {"description": "The input without page token and page limit.", "type": "object"},
            "after": {
                "description": "The write after which replay gives this take out.",
                "type": "object",
                "properties": {
                    "service": {"enum": list(models.services)},
                    "operation": {"type": "string"},
                    "region": {"type": "string"},
                    "account": _account("The caller, where it is not that of the header."),
                    "principal": _PRINCIPAL,
                    "identity": {"type": "object"},
                    "take": {"type": "integer", "minimum": 1},
                },
                "required": ["service", "operation", "identity", "take"],
                "additionalProperties": False,
                "if": {"properties": {"service": {"enum": list(models.names)}}, "required": ["service"]},
                "then": {"properties": {"operation": {"enum": _writes(models)}}},
            },
            "faults": {
                "description": "What goes wrong before the pages are answered.",
                "type": "array",
                "items": _ref("fault"),
            },
            "pages": {
                "description": "One request and its answer each, in the order of their tokens.",
                "type": "array",
                "items": _ref("page"),
                "minItems": 1,
            },
        },
        "required": ["service", "operation", "identity", "pages"],
        "additionalProperties": False,
        "allOf": [_if_equal("service", name) for name in models.names],
    }


def _account(description: str) -> Json:
    return {
        "description": description,
        "type": "string",
        "pattern": f"^(?:{ACCOUNT.pattern})$",
        "patternErrorMessage": "an account has twelve digits, or is caller-…",
    }


_PRINCIPAL: Json = {
    "description": "The role or user of the account, where the same was requested by several.",
    "type": "string",
    "pattern": f"^(?:{PRINCIPAL.pattern})$",
    "patternErrorMessage": "a principal is role/NAME, user/NAME, federated-user/NAME or root",
}


def _writes(models: Models) -> list[str]:
    operations = (operation for service in models.recognised for operation in service.operations.values())
    return [operation.name for operation in operations if not operation.is_read]


def _service(service: Service) -> Json:
    codes = {"code": {"examples": sorted(service.errors)}}
    return {
        "properties": {
            "operation": {
                "enum": list(service.operations),
                "errorMessage": f"{service.name} has no such operation",
            },
            "pages": {"items": {"properties": {"error": {"properties": codes}}}},
        },
        "allOf": [_if_equal("operation", name, f"{service.name}.{name}") for name in service.operations],
    }


def _if_equal(key: str, name: str, definition: str = "") -> Json:
    return {"if": {"properties": {key: {"const": name}}, "required": [key]}, "then": _ref(definition or name)}


def _operation(operation: Operation, identities: _Shapes, outputs: _Shapes) -> Json:
    output = outputs.of(operation.output) if operation.output else {"additionalProperties": False}
    page = {"if": _LISTS_UNMODELLED, "else": {"properties": {"output": output}}}
    return {"properties": {"identity": _identity(operation, identities), "pages": {"items": page}}}


def _identity(operation: Operation, shapes: _Shapes) -> Json:
    """The members of an identity. Token and limit are accepted as other members are, but not suggested."""
    left_out = operation.paging.request_members if operation.paging else frozenset()
    return {
        "properties": {
            name: shapes.of(member.shape) | ({"doNotSuggest": True} if name in left_out else {})
            for name, member in (operation.input.members if operation.input else {}).items()
        }
    }


def _fault() -> Json:
    """The grammar of `core.cassette.faults`, without an operation: each option at most once, in any order."""
    once = "".join(rf"(?![\s\S]*{name}=[\s\S]*{name}=)" for name in FIELDS if name != "operation")
    forms = []
    for fields, kinds in groupby(KINDS, lambda kind: KINDS[kind].fields):
        words = "|".join(f"{name}=(?:{FIELDS[name].pattern})" for name in fields)
        forms.append(rf"(?:{'|'.join(kinds)})(?:\s+(?:{words}))*")
    pattern = rf"^{once}\s*(?:{'|'.join(forms)})\s*$"
    return {
        "description": f"What goes wrong: {_FAULT_FORM}.",
        "type": "string",
        "pattern": pattern,
        "patternErrorMessage": f"a fault is {_FAULT_FORM}",
        "examples": [*KINDS, "throttle page=2 times=2", "slow seconds=5"],
    }


_FAULT_FORM = f"KIND [page=N] [times=N|times=always], where {SLOW_KINDS} may have seconds=S; KIND is {', '.join(KINDS)}"

_HEADER: Json = {
    "type": "object",
    "properties": {
        "version": {"description": "The version of the format.", "type": "integer", "const": VERSION},
        "key": {
            "description": "The fingerprint of the key that the aliases were made with.",
            "type": "string",
            "pattern": "^[a-z2-7]{12}$",
            "patternErrorMessage": "not the fingerprint of a key",
        },
        "account": _account("The caller of all takes that name none."),
        "apart": {
            "description": "Keyed marks of values whose first alias another value has.",
            "type": "array",
            "items": {"type": "string", "pattern": "^[a-z2-7]{12}$", "patternErrorMessage": "not a mark"},
        },
    },
    "required": ["version"],
    "additionalProperties": False,
}

_PAGE: Json = {
    "type": "object",
    "properties": {
        "token": {"description": "The token in the output of the page before; the first has none.", "type": "string"},
        "limit": {"description": "The page size that was asked for.", "type": "integer", "minimum": 1},
        "output": {"description": "What the service answered.", "type": "object"},
        "error": _ref("error"),
        "hole": {
            "description": "Why the answer could not be kept; replay misses here.",
            "type": "string",
            "minLength": 1,
        },
        "unmodelled": {
            "description": "Paths, such as Roles[].NewMember, of members that the service model doesn't know.",
            "type": "array",
            "items": {"type": "string"},
        },
    },
    "additionalProperties": False,
    "oneOf": [{"required": ["output"]}, {"required": ["error"]}, {"required": ["hole"]}],
    "errorMessage": "a page has either an output, an error or a hole",
}

_ERROR: Json = {
    "description": "What the service answered instead of an output.",
    "type": "object",
    "properties": {
        "status": {"type": "integer", "minimum": FIRST_ERROR_STATUS, "maximum": 599},
        "code": {"description": "The error code, as on the wire.", "type": "string"},
        "message": {"type": "string"},
        "members": {"description": "What else the error says, such as its Type.", "type": "object"},
    },
    "required": ["status"],
    "additionalProperties": False,
}

_LISTS_UNMODELLED: Json = {"properties": {"unmodelled": {"minItems": 1}}, "required": ["unmodelled"]}


# --- shapes -----------------------------------------------------------------------------------------------------

_TYPES: Mapping[Type, tuple[str, ...]] = {
    "string": ("string",),
    "integer": ("integer",),
    "long": ("integer",),
    "float": ("number", "string"),  # a text of SPECIAL_NUMBERS
    "double": ("number", "string"),
    "boolean": ("boolean", "string"),  # a text of SPECIAL_BOOLEANS
    "timestamp": ("string", "number"),
    "blob": ("string",),  # text or, as !!binary, base64
    "list": ("array",),
    "structure": ("object",),
    "map": ("object",),
}


@dataclass(frozen=True)
class _Shapes:
    """Schemas of the shapes of a service, for its outputs or its identities; they are added to `definitions`."""

    service: Service
    side: Literal["output", "identity"]
    definitions: Json

    def of(self, shape: Shape, *, is_member: bool = True) -> Json:
        """The schema of a shape: a reference to its definition, or the type of a scalar."""
        may_be_null = is_member or self.side == "identity" or self.service.protocol not in XML_PROTOCOLS
        if shape.document:
            return {}
        types = self._types(shape, may_be_null=may_be_null)
        if shape.type in ("float", "double") and self.side == "output":
            return {"type": types, "pattern": f"^({'|'.join(SPECIAL_NUMBERS)})$"}
        if shape.type == "boolean" and self.side == "output":
            return {"type": types, "pattern": f"^({'|'.join(SPECIAL_BOOLEANS)})$"}
        if shape.is_scalar and not shape.enum:
            return {"type": types}
        name = f"{self.service.name}.{self.side}.{shape.name}"
        if name not in self.definitions:
            self.definitions[name] = {}  # a shape may contain itself
            self.definitions[name].update(self._definition(shape))
        return _ref(name) if may_be_null else {"type": types, "allOf": [_ref(name)]}

    def _definition(self, shape: Shape) -> Json:
        definition: Json = {"type": self._types(shape, may_be_null=True)}
        if shape.enum:
            definition["examples"] = list(shape.enum)
        elif shape.member:
            definition["items"] = self.of(shape.member.shape, is_member=False)
        elif shape.value:
            definition["additionalProperties"] = self.of(shape.value.shape, is_member=False)
        elif shape.type == "structure":
            definition["properties"] = {name: self.of(member.shape) for name, member in shape.members.items()}
            if self.side == "output":
                definition["additionalProperties"] = False
        return definition

    def _types(self, shape: Shape, *, may_be_null: bool) -> list[str] | str:
        text = ["string"] if self.side == "identity" else []
        null = ["null"] if may_be_null else []
        types = list(dict.fromkeys([*_TYPES[shape.type], *text, *null]))
        return types if len(types) > 1 else types[0]
