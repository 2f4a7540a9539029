"""Cassette diff, of cassettes written by hand."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.compare.cassette_diff import diff_cassettes
from awstape.core.compare.change_lines import change_lines, changes_summary
from support.exchanges import MODELS
from support.exchanges import operation as operation_named

HEADER = "version: 1\n"


def cassette(text: str) -> Cassette:
    return read_cassette(text, MODELS)


def take(output: str, operation: str = "ListRoles", identity: str = "{}", *, more: str = "", fault: str = "") -> str:
    """A take of one page, in YAML. more: its other pages."""
    service = operation_named(operation).service.name
    region = "" if service == "iam" else "region: eu-west-1\n"
    head = f"---\nservice: {service}\noperation: {operation}\n{region}identity: {identity}\n{fault}pages:\n"
    return f"{head}- output:\n{indent(dedent(output), '    ')}{more}"


def diff_text(old: str, new: str, header: str = HEADER) -> list[str]:
    return list(change_lines(diff_cassettes(MODELS, cassette(header + old), cassette(header + new))))


def inside(old: str, new: str, operation: str = "ListRoles", identity: str = "{}") -> list[str]:
    """The lines for two outputs of a track, without their heading."""
    found = diff_text(take(old, operation, identity), take(new, operation, identity))
    assert not found or found[0].startswith("~ ")
    return [line.removeprefix("  ") for line in found[1:]]


ANNA = "- {RoleName: anna, Arn: arn/anna, MaxSessionDuration: 1}\n"
BERT = "- {RoleName: bert, Arn: arn/bert, MaxSessionDuration: 2}\n"
CARL = "- {RoleName: carl, Arn: arn/carl, MaxSessionDuration: 3}\n"
ROLES = "Roles:\n"

# --- items and members ------------------------------------------------------------------------------------------------

TAGS = "Roles: [{{RoleName: anna, Tags: [{}]}}]\n"

MEMBERS = {
    "an item that came": (ROLES + ANNA, ROLES + BERT + ANNA, ["+ Roles bert"]),
    "an item that went": (ROLES + ANNA + BERT, ROLES + BERT, ["- Roles anna"]),
    "the order of items": (ROLES + ANNA + BERT + CARL, ROLES + CARL + ANNA + BERT, []),
    "the order of members": ("Roles: [{Path: a, RoleName: b}]\n", "Roles: [{RoleName: b, Path: a}]\n", []),
    "a null is nothing": ("Roles: [{Path: a}]\n", "Roles: [{Path: a, RoleName: null}]\n", []),
    "no list is not an empty one": ("IsTruncated: false\n", "Roles: []\n", ["+ Roles: []"]),
    "a leaf": (
        "Roles: [{RoleName: anna, RoleLastUsed: {Region: a}}]\n",
        "Roles: [{RoleName: anna, RoleLastUsed: {Region: b}}]\n",
        ["~ Roles anna", '  ~ RoleLastUsed.Region: "a" → "b"'],
    ),
    "a member that came whole": (
        "Roles: [{RoleName: anna}]\n",
        "Roles: [{RoleName: anna, RoleLastUsed: {Region: b, LastUsedDate: '2024'}}]\n",
        ["~ Roles anna", '  + RoleLastUsed: {"Region": "b", "LastUsedDate": "2024"}'],
    ),
    "several members, and one that went": (
        "Roles: [{RoleName: anna, Path: /, Description: x}]\n",
        "Roles: [{RoleName: anna, Path: /a/}]\n",
        ["~ Roles anna", '  ~ Path: "/" → "/a/"', '  - Description: "x"'],
    ),
    "tags in another order": (
        TAGS.format("{Key: a, Value: b}, {Key: c, Value: d}"),
        TAGS.format("{Value: d, Key: c}, {Key: a, Value: b}"),
        [],
    ),
    "a tag": (
        TAGS.format("{Key: a, Value: b}, {Key: c, Value: d}"),
        TAGS.format("{Key: c, Value: e}, {Key: f, Value: g}"),
        [
            "~ Roles anna",
            '  - Tags[a]: {"Key": "a", "Value": "b"}',
            '  ~ Tags[c].Value: "d" → "e"',
            '  + Tags[f]: {"Key": "f", "Value": "g"}',
        ],
    ),
    "made anew under the same name": (
        "Roles: [{RoleName: anna, Arn: x, RoleId: ONE}]\n",
        "Roles: [{RoleName: anna, Arn: x, RoleId: TWO}]\n",
        ["~ Roles anna", '  ~ RoleId: "ONE" → "TWO"'],
    ),
    "renamed": (
        "Roles: [{RoleName: anna, Arn: x, RoleId: ONE}]\n",
        "Roles: [{RoleName: berta, Arn: y, RoleId: ONE}]\n",
        ["~ Roles berta", '  ~ RoleName: "anna" → "berta"', '  ~ Arn: "x" → "y"'],
    ),
    "an Arn that two share": (
        "Roles: [{Arn: x, Path: a, Description: q}, {Arn: x, Path: b, Description: r}]\n",
        "Roles: [{Arn: x, Path: b, Description: s}]\n",
        ["- Roles x", "~ Roles x", '  ~ Description: "r" → "s"'],
    ),
    "the same item twice": (ROLES + ANNA + ANNA, ROLES + ANNA, ["- Roles anna"]),
    "a control character": (
        'Roles: [{RoleName: anna, Description: "a"}]\n',
        'Roles: [{RoleName: anna, Description: "a\\u202e\\u0085\\n"}]\n',
        ["~ Roles anna", '  ~ Description: "a" → "a\\u202e\\u0085\\n"'],
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), MEMBERS.values(), ids=MEMBERS)
def test_items_and_members(old: str, new: str, expected: list[str]) -> None:
    assert inside(old, new) == expected


OTHERS = {
    "names alone": (
        "ListRolePolicies",
        "{RoleName: anna}",
        "PolicyNames: [a, b]\n",
        "PolicyNames: [c, a]\n",
        ["- PolicyNames b", "+ PolicyNames c"],
    ),
    "a key is not its user": (
        "ListAccessKeys",
        "{}",
        "AccessKeyMetadata: [{UserName: anna, AccessKeyId: ONE, Status: Active}]\n",
        "AccessKeyMetadata: [{UserName: anna, AccessKeyId: TWO, Status: Active}]\n",
        ["- AccessKeyMetadata ONE", "+ AccessKeyMetadata TWO"],
    ),
    "names that identify only together": (
        "SimulatePrincipalPolicy",
        "{}",
        """\
        EvaluationResults:
        - {EvalActionName: get, EvalResourceName: one, EvalDecision: allowed}
        - {EvalActionName: get, EvalResourceName: two, EvalDecision: allowed}
        """,
        """\
        EvaluationResults:
        - {EvalActionName: get, EvalResourceName: two, EvalDecision: implicitDeny}
        - {EvalActionName: get, EvalResourceName: one, EvalDecision: allowed}
        """,
        ["~ EvaluationResults get two", '  ~ EvalDecision: "allowed" → "implicitDeny"'],
    ),
    "nothing identifies them": (
        "ValidatePolicy",
        "{}",
        "findings: [{issueCode: A, learnMoreLink: a, findingType: ERROR}, {issueCode: B, learnMoreLink: b}]\n",
        "findings: [{issueCode: C, learnMoreLink: c}, {issueCode: A, learnMoreLink: a, findingType: WARNING}]\n",
        [
            "~ findings[1]",
            '  ~ findingType: "ERROR" → "WARNING"',
            '- findings[1]: {"issueCode": "B", "learnMoreLink": "b"}',
            '+ findings[0]: {"issueCode": "C", "learnMoreLink": "c"}',
        ],
    ),
    "what is as much alike stands nearest": (
        "ValidatePolicy",
        "{}",
        "findings: [{issueCode: E}, {issueCode: A, learnMoreLink: a}]\n",
        "findings: [{issueCode: A, learnMoreLink: c}, {issueCode: A, learnMoreLink: d}, {issueCode: E}]\n",
        [
            "~ findings[1]",
            '  ~ learnMoreLink: "a" → "d"',
            '+ findings[0]: {"issueCode": "A", "learnMoreLink": "c"}',
        ],
    ),
    "a path is in order": (
        "ValidatePolicy",
        "{}",
        "findings: [{issueCode: A, locations: [{path: [{value: Statement}, {index: 1}]}]}]\n",
        "findings: [{issueCode: A, locations: [{path: [{index: 1}, {value: Statement}]}]}]\n",
        ["~ findings[0]", "  ~ locations[0].path: in another order"],
    ),
    "an order that was asked for": (
        "ListFindings",
        "{analyzerArn: a, sort: {attributeName: id}}",
        "findings: [{id: a}, {id: b}, {id: c}]\n",
        "findings: [{id: d}, {id: c}, {id: a}]\n",
        ["- findings b", "+ findings d", "~ findings: in another order"],
    ),
    "one that was not": (
        "ListFindings",
        "{analyzerArn: a}",
        "findings: [{id: a}, {id: b}]\n",
        "findings: [{id: b}, {id: a}]\n",
        [],
    ),
    "a call without pages": (
        "GetRole",
        "{RoleName: anna}",
        "Role: {Path: /, MaxSessionDuration: 3600}\n",
        "Role: {Path: /, MaxSessionDuration: 7200}\n",
        ["~ Role.MaxSessionDuration: 3600 → 7200"],
    ),
    "several lists": (
        "GetAccountAuthorizationDetails",
        "{}",
        "UserDetailList: [{UserName: anna}]\nPolicies: [{Arn: a, PolicyVersionList: [{VersionId: v1}]}]\n",
        "GroupDetailList: [{GroupName: anna}]\nPolicies: [{Arn: a, PolicyVersionList: [{VersionId: v2}]}]\n",
        [
            "- UserDetailList anna",
            "+ GroupDetailList anna",
            "~ Policies a",
            '  - PolicyVersionList[v1]: {"VersionId": "v1"}',
            '  + PolicyVersionList[v2]: {"VersionId": "v2"}',
        ],
    ),
    "binary data": (
        "GetCredentialReport",
        "{}",
        "Content: !!binary /2E=\n",
        "Content: !!binary /2I=\n",
        ['~ Content: {"!!binary": "/2E="} → {"!!binary": "/2I="}'],
    ),
}


@pytest.mark.parametrize(("operation", "identity", "old", "new", "expected"), OTHERS.values(), ids=OTHERS)
def test_other_operations(operation: str, identity: str, old: str, new: str, expected: list[str]) -> None:
    assert inside(old, new, operation, identity) == expected


def test_a_member_that_the_model_does_not_know() -> None:
    page = "Roles: [{RoleName: anna, New: [%s]}]\n"
    unmodelled = "  unmodelled: ['Roles[].New']\n"
    old, new = (take(page % value, more=unmodelled) for value in ("a, b", "b, a, c"))
    assert diff_text(old, new)[1:] == ["  ~ Roles anna", '    + New: "c"', "    ~ New: in another order"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x" * 100, "x" * 90 + "y" * 300, f'…{"x" * 20}{"x" * 10}" → …{"x" * 20}{"y" * 60}…'),
        ("x" * 500, "x" * 500 + "y", f'…{"x" * 20}" → …{"x" * 20}y"'),
        ("y" + "x" * 500, "x" * 500, f'"y{"x" * 78}… → "{"x" * 79}…'),
        ("a" + "x" * 500, "b" + "x" * 300, f'"a{"x" * 78}… → "b{"x" * 78}…'),
        ("x" * 10, "y" * 80, f'"{"x" * 10}" → "{"y" * 79}…'),
    ],
)
def test_long_values_are_shortened_to_the_difference(old: str, new: str, expected: str) -> None:
    (_, line) = inside(*(f"Roles: [{{RoleName: anna, Description: {text}}}]\n" for text in (old, new)))
    assert line == f"  ~ Description: {expected}"


# --- takes, ends and pages --------------------------------------------------------------------------------------------

NEXT = "IsTruncated: true\nMarker: {token}\n"
SECOND = "- token: {token}\n  limit: 7\n  output:\n    IsTruncated: {more}\n    Roles: [{roles}]\n"
ERROR = "- token: T\n  error: {{status: 403, code: {code}, message: {message}, members: {{Type: Sender}}}}\n"


def two_pages(first: str, second: str, token: str = "T") -> str:
    more = SECOND.format(token=token, more="false", roles=second)
    return take(f"Roles: [{first}]\n" + NEXT.format(token=token), more=more)


def test_other_page_sizes_are_the_only_change() -> None:
    old = two_pages("{RoleName: a}, {RoleName: b}", "{RoleName: c}")
    assert diff_text(old, take("Roles: [{RoleName: a}, {RoleName: b}, {RoleName: c}]\n"))[1:] == ["  ~ pages: 2+1 → 3"]
    assert diff_text(old, two_pages("{RoleName: a}", "{RoleName: b}, {RoleName: c}"))[1:] == ["  ~ pages: 2+1 → 1+2"]


def test_tokens_and_limits_are_no_difference() -> None:
    assert (
        diff_text(two_pages("{RoleName: a}", "{RoleName: b}"), two_pages("{RoleName: a}", "{RoleName: b}", "U")) == []
    )


def test_larger_pages_of_a_larger_listing_are_no_change_of_page_sizes() -> None:
    old = two_pages("{RoleName: a}", "{RoleName: b}")
    assert diff_text(old, two_pages("{RoleName: c}, {RoleName: a}", "{RoleName: b}"))[1:] == ["  + Roles c"]
    assert diff_text(old, take("Roles: [{RoleName: a}]\n"))[1:] == ["  - Roles b", "  ~ pages: 1+1 → 1"]


def pages(*outputs: str, operation: str = "ListRoles") -> str:
    """A take of some outputs in flow style, with page tokens."""
    ends = [f", IsTruncated: true, Marker: T{i}" for i in range(1, len(outputs))] + [""]
    first, *others = [f"{{{output}{end}}}\n" for output, end in zip(outputs, ends, strict=True)]
    return take(first, operation, more="".join(f"- token: T{i}\n  output: {p}" for i, p in enumerate(others, 1)))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([2, 2, 2, 2, 2], "5×2"), ([4, 4, 2], "4+4+2"), ([0, 1] * 10, "20 pages"), ([10, 0], "10+0")],
)
def test_the_page_sizes_of_long_listings(sizes: list[int], expected: str) -> None:
    names = iter(range(10))
    cut = pages(*(f"Roles: [{', '.join(f'{{RoleName: r{next(names)}}}' for _ in range(size))}]" for size in sizes))
    every = ", ".join(f"{{RoleName: r{i}}}" for i in range(10))
    assert diff_text(cut, take(f"Roles: [{every}]\n"))[1:] == [f"  ~ pages: {expected} → 10"]


def test_page_sizes_of_several_lists() -> None:
    a, b, role = "{UserName: a}", "{UserName: b}", "{RoleName: c}"
    old = pages(f"UserDetailList: [{a}, {b}]", f"RoleDetailList: [{role}]", operation="GetAccountAuthorizationDetails")
    new = pages(
        f"UserDetailList: [{a}], RoleDetailList: [{role}]",
        f"UserDetailList: [{b}]",
        operation="GetAccountAuthorizationDetails",
    )
    assert diff_text(old, new)[1:] == ["  ~ pages: 2+1, divided differently"]


def test_the_end_of_a_listing() -> None:
    whole = take("Roles: []\n")
    unfinished = take("Roles: []\n" + NEXT.format(token="T"))
    failed, other = (
        take("Roles: []\n" + NEXT.format(token="T"), more=ERROR.format(code=code, message=message))
        for code, message in (("AccessDenied", "no"), ("AccessDenied", "never"))
    )
    assert diff_text(whole, unfinished)[1:] == ["  ~ end: complete → unfinished"]
    assert diff_text(failed, whole)[1:] == ["  ~ end: error 403 AccessDenied: no → complete"]
    assert diff_text(failed, other)[1:] == ['  ~ error.message: "no" → "never"']


def test_an_error_instead_of_an_answer() -> None:
    there = take("Role: {Path: /}\n", "GetRole", "{RoleName: a}")
    gone = there.partition("pages")[0] + "pages:\n- error: {status: 404, code: NoSuchEntity}\n"
    expected = ['  - Role: {"Path": "/"}', "  ~ end: complete → error 404 NoSuchEntity"]
    assert diff_text(there, gone)[1:] == expected
    assert diff_text("", gone) == ['+ iam GetRole {"RoleName": "a"}: 1 page, error NoSuchEntity']


def test_a_listing_that_failed_at_once() -> None:
    failed = take("", more="").replace("- output:\n", "- error: {status: 403}\n")
    assert diff_text(failed, two_pages("{RoleName: a}", ""))[1:] == ["  + Roles a", "  ~ end: error 403 → complete"]


def test_members_of_errors() -> None:
    one, two = "{name: a, message: b}", "{name: c, message: d}"
    error = "- error: {{status: 400, code: {}, members: {{fieldList: [{}, {}]}}}}\n"
    old, same, other = (
        take("", "ListAnalyzers").replace("- output:\n", error.format(*words))
        for words in (
            ("ValidationException", one, two),
            ("ValidationException", two, one),
            ("Invented", two, one),
        )
    )
    assert diff_text(old, same) == []
    assert diff_text(old, other)[1:] == [
        '  ~ error.code: "ValidationException" → "Invented"',
        "  ~ error.members.fieldList: in another order",
    ]


def test_faults() -> None:
    old = take("Roles: []\n", fault="faults: [drop page=1, throttle]\n")
    assert diff_text(old, take("Roles: []\n", fault="faults: [throttle, drop page=1]\n"))[1:] == [
        "  ~ faults: in another order"
    ]
    assert diff_text(old, take("Roles: []\n", fault="faults: [throttle, denied]\n"))[1:] == [
        '  - fault: "drop page=1"',
        '  + fault: "denied"',
    ]


def group(path: str, users: str) -> str:
    return f"Group: {{Path: {path}}}\nUsers: [{users}]\nIsTruncated: true\nMarker: T\n"


def test_members_beside_the_items_are_compared_once() -> None:
    rest = "- token: T\n  output:\n    Group: {{Path: {}}}\n    Users: [{{UserName: b}}]\n"
    one = take("Group: {Path: /}\nUsers: [{UserName: a}, {UserName: b}]\n", "GetGroup", "{GroupName: g}")
    old, new = (
        take(group("/", "{UserName: a}"), "GetGroup", "{GroupName: g}", more=rest.format(path)) for path in ("/", "/x/")
    )
    assert diff_text(one, old)[1:] == ["  ~ pages: 2 → 1+1"]
    assert diff_text(old, new)[1:] == ['  + Group[1]: {"Path": "/x/"}']


A, B, C = (take(f"Roles: [{{RoleName: {name}}}]\n") for name in "abc")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (A, A + B, ["+ iam ListRoles {}, take 2: 1 page, 1 item"]),
        (B, A + B, ["+ iam ListRoles {}, take 1: 1 page, 1 item"]),
        (A + B + C, A + C, ["- iam ListRoles {}, take 2: 1 page, 1 item"]),
        (A + B, A + C, ["~ iam ListRoles {}, take 2", "  - Roles b", "  + Roles c"]),
        (A + B, "", ["- iam ListRoles {}: 2 takes, 2 pages, 2 items"]),
    ],
)
def test_takes(old: str, new: str, expected: list[str]) -> None:
    assert diff_text(old, new) == expected


# --- tracks, keys and the summary -------------------------------------------------------------------------------------


def findings(region: str) -> str:
    return take("findings: []\n", "ListFindings", "{analyzerArn: a}").replace("eu-west-1", region)


def test_regions_are_part_of_a_track() -> None:
    assert diff_text(findings("eu-west-1"), findings("us-east-1")) == [
        '- accessanalyzer ListFindings in eu-west-1 {"analyzerArn": "a"}: 1 page, 0 items',
        '+ accessanalyzer ListFindings in us-east-1 {"analyzerArn": "a"}: 1 page, 0 items',
    ]


def test_keys_that_differ_come_first() -> None:
    keyed, other = (cassette(f"{HEADER}key: {key}\n{A}") for key in ("a" * 12, "b" * 12))
    line = 'key: "aaaaaaaaaaaa" → "bbbbbbbbbbbb"; aliases made with different keys always differ'
    assert list(change_lines(diff_cassettes(MODELS, keyed, other))) == [f"~ {line}"]
    assert list(diff_cassettes(MODELS, keyed, cassette(HEADER + A))) == [], (
        "a cassette without keys may have the same key"
    )
    assert [change.kind for change in diff_cassettes(MODELS, Cassette(), keyed)] == ["track"], (
        "an empty cassette has no key"
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", A, "1 track added"),
        (A, B, "1 track changed"),
        (A, A, ""),
        (findings("eu-west-1"), A, "1 track added, 1 removed"),
        (A, B + findings("eu-west-1") + findings("us-east-1"), "1 track changed, 2 added"),
        (findings("eu-west-1") + findings("us-east-1"), "", "2 tracks removed"),
    ],
)
def test_the_summary_counts_tracks(old: str, new: str, expected: str) -> None:
    assert changes_summary(diff_cassettes(MODELS, cassette(HEADER + old), cassette(HEADER + new))) == expected


def test_the_summary_of_a_repaged_cassette() -> None:
    old, new = cassette(HEADER + two_pages("{RoleName: a}", "")), cassette(HEADER + take("Roles: [{RoleName: a}]\n"))
    assert changes_summary(diff_cassettes(MODELS, old, new)) == "1 track only cut into other pages"
