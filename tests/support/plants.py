"""The spots at which `planting` plants real values: for each, an edit of a cassette and the member that it changes."""

from __future__ import annotations

import json
from functools import cache
from urllib.parse import quote

from support.planting import VALUE, Spot, cassettes, encoded, inside

_TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole"}]}'


@cache
def spots() -> tuple[Spot, ...]:
    role, finding, pages = "pages[0].output.Roles[0]", "pages[0].output.findings[0]", "pages[0].output"
    trust = f"{role}.AssumeRolePolicyDocument"
    block = "pages[0].output.Roles[1].AssumeRolePolicyDocument"
    listed, federated = "operation: ListRoles", '"Federated": "arn:aws:iam::000611752023:oidc-provider'
    user, tags = "pages[0].output.User", "pages[0].output.User.Tags[0]"
    quoted = next(line.strip() for line in cassettes()["roles"].splitlines() if "AssumeRolePolicyDocument: '" in line)
    report = "    Content: |\n      user,arn,user_creation_time\n"
    return (
        # identities
        Spot("identity name", "roles", "alias-S4t6r3rrlT", VALUE, "identity.RoleName", names=True),
        Spot(
            "identity arn",
            "policy-generations",
            "arn:aws:iam::000611752023:role/alias-Tsr76sms7l",
            VALUE,
            "identity.principalArn",
        ),
        Spot(
            "identity extra", "empty-pages", "identity: {}", "identity:\n  NewMember: VALUE", "identity.*", names=True
        ),
        Spot(
            "identity path",
            "roles",
            "identity: {}",
            "identity:\n  PathPrefix: '/x/VALUE/'",
            "identity.PathPrefix",
            inside,
            names=True,
        ),
        Spot(
            "identity flow",
            "roles",
            "identity: {}",
            'identity: {PathPrefix: /, NewMember: ["VALUE"]}',
            "identity.*[0]",
            inside,
            names=True,
        ),
        # outputs
        Spot(
            "name",
            "roles",
            "RoleName: alias-Tsr76sms7l",
            "RoleName: VALUE",
            f"{role}.RoleName",
            after=listed,
            names=True,
        ),
        Spot("arn", "roles", "Arn: arn:aws:iam::000611752023:role/alias-Tsr76sms7l", "Arn: VALUE", f"{role}.Arn"),
        Spot("id", "roles", "RoleId: AROATAPELM7647MT3KSM7", "RoleId: VALUE", f"{role}.RoleId", names=True),
        Spot("path", "roles", "Path: /", "Path: /VALUE/", f"{role}.Path", inside, after=listed, names=True),
        Spot("timestamp", "roles", "'2016-08-23T19:23:16Z'", VALUE, f"{role}.CreateDate"),
        Spot("number", "roles", "3600", VALUE, f"{role}.MaxSessionDuration"),
        Spot(
            "description",
            "roles",
            "Description: ''",
            "Description: 'owned by VALUE since 2024'",
            "pages[0].output.Roles[1].Description",
            inside,
        ),
        Spot(
            "description block",
            "roles",
            "Description: ''",
            "Description: |-\n        first line\n        asked VALUE for it\n        third",
            "pages[0].output.Roles[1].Description",
            inside,
        ),
        Spot(
            "block with indicator",
            "roles",
            "Description: ''",
            "Description: |2+ # as it was\n          first line\n\n        VALUE\n\n",
            "pages[0].output.Roles[1].Description",
            inside,
        ),
        Spot(
            "double-quoted",
            "roles",
            "Description: ''",
            'Description: "\\tof VALUE\\n"',
            "pages[0].output.Roles[1].Description",
            lambda value: json.dumps(value)[1:-1],
        ),
        Spot("tag value", "user", "Value: blue", "Value: VALUE", f"{tags}.Value"),
        Spot("tag key", "user", "Key: team", "Key: VALUE", f"{tags}.Key"),
        Spot(
            "tags in flow",
            "user",
            "Tags:",
            'Extra: [{Key: owner, Value: "VALUE"}]\n      Tags:',
            f"{user}.*[0].*",
            inside,
            names=True,
        ),
        Spot(
            "secret access key",
            "key",
            "SecretAccessKey: ",
            "SecretAccessKey: VALUE # was ",
            f"{pages}.AccessKey.SecretAccessKey",
            names=True,
        ),
        Spot(
            "access key id",
            "key",
            "AccessKeyId: ",
            "AccessKeyId: VALUE # was ",
            f"{pages}.AccessKey.AccessKeyId",
            names=True,
        ),
        Spot(
            "report user",
            "report",
            report,
            report + "      VALUE,x,2024-01-01T00:00:00+00:00\n",
            f"{pages}.Content",
            inside,
            names=True,
        ),
        Spot("report cell", "report", report, report + "      <root_account>,VALUE,true\n", f"{pages}.Content", inside),
        # numbers without quotes, binary
        Spot(
            "unquoted",
            "findings",
            "'000611752023'",
            VALUE,
            f"{finding}.resourceOwnerAccount",
            kinds=("account",),
            after="resourceType: AWS::IAM::Role\n      condition",
        ),
        Spot("limit", "policy-versions", "limit: 2", "limit: VALUE", "pages[0].limit", kinds=("account",)),
        Spot("binary", "roles", "''", "!!binary VALUE", "pages[0].output.Roles[1].Description", encoded, names=True),
        # maps
        Spot(
            "map key",
            "findings",
            "sts:ExternalId: alias-trkrs3k2l2-ttslr7k746-7362t7mmtr-lksrssmsk2",
            '"VALUE": x',
            f"{finding}.condition.*",
            inside,
        ),
        Spot(
            "map value",
            "findings",
            "alias-trkrs3k2l2-ttslr7k746-7362t7mmtr-lksrssmsk2",
            VALUE,
            f"{finding}.condition.*",
            names=True,
        ),
        Spot("principal", "findings", "'000289803590'", VALUE, f"{finding}.principal.*"),
        # policy documents
        Spot("policy", "roles", quoted, f"AssumeRolePolicyDocument: '{_TRUST % VALUE}'", trust, inside),
        Spot(
            "policy key", "roles", quoted, """AssumeRolePolicyDocument: '{"Statement":{"VALUE":"x"}}'""", trust, inside
        ),
        Spot(
            "policy %",
            "roles",
            quoted,
            "AssumeRolePolicyDocument: 'VALUE'",
            trust,
            lambda value: quote(_TRUST % inside(value), safe=""),
        ),
        Spot(
            "policy base64",
            "roles",
            quoted,
            "AssumeRolePolicyDocument: VALUE",
            trust,
            lambda value: encoded(_TRUST % inside(value)),
        ),
        Spot(
            "policy external id",
            "roles",
            "alias-trkrs3k2l2-ttslr7k746-7362t7mmtr-lksrssmsk2",
            VALUE,
            trust,
            inside,
            names=True,
        ),
        Spot("policy block", "roles", federated, '"AWS": "VALUE",\n                ' + federated, block, inside),
        Spot("policy block key", "roles", federated, '"VALUE": "x",\n                ' + federated, block, inside),
        Spot(
            "policy block subject", "roles", "repo:alias-trkrs3k2l2-s34kk66rs2", "repo:VALUE", block, inside, names=True
        ),
        Spot(
            "policy block external id",
            "roles",
            '"StringLike": {',
            '"Null": {"sts:ExternalId": "VALUE"},\n                "StringLike": {',
            block,
            inside,
            names=True,
        ),
        # errors
        Spot("error code", "roles", "code: NoSuchEntity", "code: VALUE", "pages[0].error.code"),
        Spot(
            "error message",
            "roles",
            "alias-S4t6r3rrlT cannot",
            "VALUE cannot",
            "pages[0].error.message",
            inside,
            after="pages",
            names=True,
        ),
        Spot("error member", "roles", "Type: Sender", "Type: VALUE", "pages[0].error.members.*"),
        Spot("error key", "roles", "Type: Sender", '"VALUE": Sender', "pages[0].error.members.*", inside),
        # unknown members
        Spot("unknown", "roles", "MaxSessionDuration: 3600", "NewMember: VALUE", f"{role}.*", names=True),
        Spot(
            "unknown deep",
            "roles",
            "MaxSessionDuration: 3600",
            "New:\n        Deep:\n        - 1\n        - VALUE",
            f"{role}.*.*[1]",
            names=True,
        ),
        Spot("unknown name", "roles", "MaxSessionDuration: 3600", '"VALUE": 1', f"{role}.*", inside),
        Spot(
            "unmodelled",
            "roles",
            "- output:\n    IsTruncated: true\n    Roles:",
            "- unmodelled: [Roles, VALUE]\n  output:\n    IsTruncated: true\n    Roles:",
            "pages[0].unmodelled[1]",
            lambda value: json.dumps(value),
        ),
        Spot("unknown in the take", "roles", "service: iam", "owner: VALUE\nservice: iam", "*"),
        # members of the cassette format
        Spot("token", "roles", "token: page-2.qljy", "token: VALUE", "pages[1].token"),
        Spot("marker", "roles", "Marker: page-2.qljy", "Marker: VALUE", f"{pages}.Marker"),
        Spot("header key", "roles", "key: t366skr2trrs", "key: VALUE", "key"),
        Spot("header extra", "roles", "version: 1", "version: 1\nowner: VALUE", "*"),
        Spot("region", "findings", "region: us-east-1", "region: VALUE", "region"),
        Spot("service", "roles", "service: iam", "service: VALUE", "service"),
        Spot("operation", "roles", "operation: GetRole", "operation: VALUE", "operation"),
        # comments
        Spot("first comment", "roles", "version: 1", "# recorded for VALUE\nversion: 1", "a comment", inside),
        Spot("comment", "roles", "identity:", "# VALUE\nidentity:", "a comment", inside),
        Spot(
            "comment after a value",
            "roles",
            "operation: ListRoles",
            "operation: ListRoles # of VALUE",
            "a comment",
            inside,
        ),
        Spot("comment after a bracket", "roles", "identity: {}", "identity: {} #VALUE", "a comment", inside),
        Spot("comment after dashes", "roles", "---", "--- # VALUE", "a comment", inside),
        Spot(
            "comment in a sequence",
            "roles",
            "    Roles:",
            "    Roles:\n    # - VALUE",
            "a comment",
            inside,
            after=listed,
        ),
    )
