"""The traffic of the benchmark: pages of ListRoles of any size, as requests, responses and cassettes."""

from __future__ import annotations

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.yaml.writer import write_cassette

MODELS = load_models()
LIST_ROLES = MODELS.services["iam"].operations["ListRoles"]
DOCUMENT = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/Role%d"},'
    '"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"example-%d"}}}]}'
)
FORM = "application/x-www-form-urlencoded"


def output(number: int, roles: int) -> dict[str, Value]:
    """Returns the output of one page of ListRoles."""
    items: list[Value] = [
        {
            "Path": "/team-a/",
            "RoleName": f"Role{number}x{i}",
            "RoleId": f"AROAEXAMPLE{number:05}{i:05}",
            "Arn": f"arn:aws:iam::111122223333:role/team-a/Role{number}x{i}",
            "CreateDate": "2024-03-02T09:14:11Z",
            "AssumeRolePolicyDocument": DOCUMENT % (i, i),
            "Description": f"Lets Role{i} of alice@example.com in",
        }
        for i in range(roles)
    ]
    return {"IsTruncated": False, "Roles": items}


def form(prefix: str, more: str = "") -> str:
    return f"Action=ListRoles&Version=2010-05-08&PathPrefix={prefix}{more}"


def request(prefix: str, more: str = "") -> Request:
    return Request("POST", "iam.amazonaws.com", "/", "", (("content-type", FORM),), form(prefix, more).encode())


def page(number: int, roles: int) -> Response:
    """One page of ListRoles as AWS sends it."""
    return write_response(LIST_ROLES, Answer(output=output(number, roles)), "id")


def take(number: int, roles: int) -> Take:
    track = Track("iam", "ListRoles", None, {"PathPrefix": f"/p{number}/"})
    return Take(track, (Page(None, None, Answer(output=output(number, roles))),))


def cassette(tracks: int, roles: int) -> Cassette:
    """A cassette of listings for `/p0/`, `/p1/` …, each with one page."""
    return Cassette.of(take(number, roles) for number in range(tracks))


def cassette_text(tracks: int, roles: int, takes: int = 1) -> str:
    """The text of such a cassette. takes: of each track; they differ in their roles."""
    return write_cassette(Cassette.of(take(number, roles - i) for number in range(tracks) for i in range(takes)))
