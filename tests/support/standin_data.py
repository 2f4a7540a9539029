"""The literal wire text that the stand-in serves. All data are made up.

Each item is written as AWS sends it, not as a model would render it: percent-encoded policy documents with the line
breaks of their authors, members in wire order, timestamps with and without milliseconds. An item is the text inside
`<member>`, or between two commas in JSON. The stand-in adds the envelope, so an item is independent of its page.

Account 111122223333 is the recorded account; 123456789012 and 444455556666 are others. All three are account ids of
AWS's documentation; unique ids contain EXAMPLE. The operations need not be consistent with each other: ListUsers is
empty, while GetAccountAuthorizationDetails has users, because both cases are worth recording.
"""

import base64
from typing import Final

GAP: Final = None
"""Marks the place in a listing at which AWS would send an empty page that is not the last one."""

# --- Envelopes and refusals ------------------------------------------------------------------------------------------
IAM_SUCCESS: Final = """\
<{operation}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
{result}  <ResponseMetadata>
    <RequestId>{request_id}</RequestId>
  </ResponseMetadata>
</{operation}Response>
"""
IAM_ERROR: Final = """\
<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <Error>
    <Type>{fault}</Type>
    <Code>{code}</Code>
    <Message>{message}</Message>
  </Error>
  <RequestId>{request_id}</RequestId>
</ErrorResponse>
"""

IAM_REFUSALS: Final = {
    "invalid": (400, "ValidationError", "{}"),
    "throttled": (400, "Throttling", "Rate exceeded"),
    "failed": (500, "ServiceFailure", "The request processing has failed because of an unknown error."),
    "unknown": (400, "InvalidAction", "The stand-in for AWS does not know this action."),
}
ANALYZER_REFUSALS: Final = {
    "invalid": (400, "ValidationException", "{}"),
    "throttled": (429, "ThrottlingException", "Rate exceeded"),
    "failed": (500, "InternalServerException", "Internal server error"),
    "unknown": (404, "UnknownOperationException", "The stand-in for AWS does not know this operation."),
}

# --- Policy documents, percent-encoded as IAM sends them -------------------------------------------------------------
TRUST_DEPLOY = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A"
    "%7B%22AWS%22%3A%5B%22arn%3Aaws%3Aiam%3A%3A123456789012%3Aroot%22%2C%22arn%3Aaws%3Asts%3A%3A111122223333%3Aassu"
    "med-role%2Fci-runner%2Falice%40example.com%22%5D%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%2C%22Condition%22"
    "%3A%7B%22StringEquals%22%3A%7B%22sts%3AExternalId%22%3A%22example-external-id-0042%22%7D%7D%7D%5D%7D"
)
TRUST_CI_RUNNER = (
    "%7B%0A%20%20%22Version%22%3A%20%222012-10-17%22%2C%0A%20%20%22Statement%22%3A%20%5B%0A%20%20%20%20%7B%0A%20%20"
    "%20%20%20%20%22Effect%22%3A%20%22Allow%22%2C%0A%20%20%20%20%20%20%22Principal%22%3A%20%7B%0A%20%20%20%20%20%20"
    "%20%20%22Federated%22%3A%20%22arn%3Aaws%3Aiam%3A%3A111122223333%3Aoidc-provider%2Ftoken.actions.githubusercont"
    "ent.com%22%0A%20%20%20%20%20%20%7D%2C%0A%20%20%20%20%20%20%22Action%22%3A%20%22sts%3AAssumeRoleWithWebIdentity"
    "%22%2C%0A%20%20%20%20%20%20%22Condition%22%3A%20%7B%0A%20%20%20%20%20%20%20%20%22StringEquals%22%3A%20%7B%0A"
    "%20%20%20%20%20%20%20%20%20%20%22token.actions.githubusercontent.com%3Aaud%22%3A%20%22sts.amazonaws.com%22%0A"
    "%20%20%20%20%20%20%20%20%7D%2C%0A%20%20%20%20%20%20%20%20%22StringLike%22%3A%20%7B%0A%20%20%20%20%20%20%20%20"
    "%20%20%22token.actions.githubusercontent.com%3Asub%22%3A%20%22repo%3Aexample-org%2Fexample-repo%3A%2A%22%0A%20"
    "%20%20%20%20%20%20%20%7D%0A%20%20%20%20%20%20%7D%0A%20%20%20%20%7D%0A%20%20%5D%0A%7D"
)
TRUST_AUDIT = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22%22%2C%22Effect%22%3A%22Allow%22"
    "%2C%22Principal%22%3A%7B%22AWS%22%3A%22444455556666%22%7D%2C%22Action%22%3A%5B%22sts%3AAssumeRole%22%2C%22sts"
    "%3ATagSession%22%5D%2C%22Condition%22%3A%7B%22StringEquals%22%3A%7B%22aws%3APrincipalOrgID%22%3A%22o-exampleor"
    "gid%22%7D%7D%7D%5D%7D"
)
TRUST_SUPPORT = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A"
    "%7B%22Service%22%3A%22support.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
)
TRUST_BACKUP = (
    "%7B%22Version%22%3A%222008-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A"
    "%7B%22AWS%22%3A%5B%22123456789012%22%2C%22arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Falice%22%5D%2C%22Service"
    "%22%3A%22backup.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
)
ALLOW_READ_ARTIFACTS = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%5B"
    "%22s3%3AGetObject%22%2C%22s3%3AListBucket%22%5D%2C%22Resource%22%3A%5B%22arn%3Aaws%3As3%3A%3A%3Aexample-artifa"
    "cts%22%2C%22arn%3Aaws%3As3%3A%3A%3Aexample-artifacts%2F%2A%22%5D%7D%5D%7D"
)
ALLOW_PASS_ROLE = (
    "%7B%0A%20%20%20%20%22Version%22%3A%20%222012-10-17%22%2C%0A%20%20%20%20%22Statement%22%3A%20%7B%0A%20%20%20%20"
    "%20%20%20%20%22Effect%22%3A%20%22Allow%22%2C%0A%20%20%20%20%20%20%20%20%22Action%22%3A%20%22iam%3APassRole%22"
    "%2C%0A%20%20%20%20%20%20%20%20%22Resource%22%3A%20%22arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2FDeployRole%22"
    "%2C%0A%20%20%20%20%20%20%20%20%22Condition%22%3A%20%7B%0A%20%20%20%20%20%20%20%20%20%20%20%20%22StringEquals"
    "%22%3A%20%7B%0A%20%20%20%20%20%20%20%20%20%20%20%20%20%20%20%20%22iam%3APassedToService%22%3A%20%22ecs-tasks.a"
    "mazonaws.com%22%0A%20%20%20%20%20%20%20%20%20%20%20%20%7D%0A%20%20%20%20%20%20%20%20%7D%0A%20%20%20%20%7D%0A"
    "%7D%0A"
)
ALLOW_ENCODED_LOG = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Sid%22%3A%22EncodedArnInsideAnArn%22%2C%22Eff"
    "ect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3APutObject%22%2C%22Resource%22%3A%22arn%3Aaws%3As3%3A%3A%3Aexampl"
    "e-logs%2Farn%253Aaws%253Aiam%253A%253A111122223333%253Arole%252FDeployRole%2F%2A%22%7D%5D%7D"
)
DENY_LEAVING = (
    "%7B%20%22Version%22%3A%20%222012-10-17%22%2C%0A%20%20%22Statement%22%3A%20%5B%20%7B%20%22Effect%22%3A%20%22Den"
    "y%22%2C%20%22Action%22%3A%20%22%2A%22%2C%20%22Resource%22%3A%20%22%2A%22%2C%0A%20%20%20%20%22Condition%22%3A"
    "%20%7B%20%22StringNotEquals%22%3A%20%7B%20%22aws%3AResourceAccount%22%3A%20%5B%20%22111122223333%22%2C%20%2244"
    "4455556666%22%20%5D%20%7D%20%7D%20%7D%20%5D%20%7D"
)
ALLOW_EVERYTHING = (
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22"
    "%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"
)

# --- IAM: roles ------------------------------------------------------------------------------------------------------
ROLES: Final[dict[str, str]] = {
    "DeployRole": f"""\
<Path>/</Path>
<AssumeRolePolicyDocument>{TRUST_DEPLOY}</AssumeRolePolicyDocument>
<MaxSessionDuration>3600</MaxSessionDuration>
<RoleId>AROAEXAMPLEDEPLOYROLE</RoleId>
<Description>Deploys &lt;everything&gt; &amp; more, ask alice@example.com</Description>
<RoleName>DeployRole</RoleName>
<Arn>arn:aws:iam::111122223333:role/DeployRole</Arn>
<CreateDate>2016-08-23T19:23:16Z</CreateDate>""",
    "ci-runner": f"""\
<Path>/ci/</Path>
<AssumeRolePolicyDocument>{TRUST_CI_RUNNER}</AssumeRolePolicyDocument>
<MaxSessionDuration>7200</MaxSessionDuration>
<RoleId>AROAEXAMPLECIRUNNER22</RoleId>
<Description/>
<RoleName>ci-runner</RoleName>
<Arn>arn:aws:iam::111122223333:role/ci/ci-runner</Arn>
<CreateDate>2023-02-11T08:00:01Z</CreateDate>""",
    "AuditRole": f"""\
<Path>/</Path>
<AssumeRolePolicyDocument>{TRUST_AUDIT}</AssumeRolePolicyDocument>
<MaxSessionDuration>3600</MaxSessionDuration>
<RoleId>AROAEXAMPLEAUDITROLE2</RoleId>
<RoleName>AuditRole</RoleName>
<Arn>arn:aws:iam::111122223333:role/AuditRole</Arn>
<CreateDate>2021-12-31T23:59:59Z</CreateDate>""",
    "AWSServiceRoleForSupport": f"""\
<Path>/aws-service-role/support.amazonaws.com/</Path>
<AssumeRolePolicyDocument>{TRUST_SUPPORT}</AssumeRolePolicyDocument>
<MaxSessionDuration>3600</MaxSessionDuration>
<RoleId>AROAEXAMPLESUPPORT222</RoleId>
<Description>Enables resource access for AWS to provide billing, administrative and support services</Description>
<RoleName>AWSServiceRoleForSupport</RoleName>
<Arn>arn:aws:iam::111122223333:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport</Arn>
<CreateDate>2018-04-05T06:07:08Z</CreateDate>""",
    "backup-111122223333": f"""\
<Path>/</Path>
<AssumeRolePolicyDocument>{TRUST_BACKUP}</AssumeRolePolicyDocument>
<MaxSessionDuration>3600</MaxSessionDuration>
<RoleId>AROAEXAMPLEBACKUPROLE</RoleId>
<RoleName>backup-111122223333</RoleName>
<Arn>arn:aws:iam::111122223333:role/backup-111122223333</Arn>
<CreateDate>2020-02-29T00:00:00Z</CreateDate>""",
}

ROLE_EXTRAS: Final[dict[str, str]] = {
    "DeployRole": """\
<PermissionsBoundary>
  <PermissionsBoundaryType>Policy</PermissionsBoundaryType>
  <PermissionsBoundaryArn>arn:aws:iam::111122223333:policy/BoundaryPolicy</PermissionsBoundaryArn>
</PermissionsBoundary>
<Tags>
  <member>
    <Key>owner</Key>
    <Value>alice@example.com</Value>
  </member>
</Tags>
<RoleLastUsed>
  <LastUsedDate>2024-05-02T10:11:12Z</LastUsedDate>
  <Region>us-east-1</Region>
</RoleLastUsed>""",
}
"""The members that only GetRole returns, not ListRoles; a role that is missing here was never used."""

NEVER_USED: Final = "<RoleLastUsed/>"

CREATED_ROLE: Final = """\
<Path>{path}</Path>
<AssumeRolePolicyDocument>{document}</AssumeRolePolicyDocument>
<RoleId>AROAEXAMPLECREATED222</RoleId>
<RoleName>{name}</RoleName>
<Arn>arn:aws:iam::111122223333:role{path}{name}</Arn>
<CreateDate>2024-05-02T12:13:14.159Z</CreateDate>"""

ATTACHED_POLICIES: Final[dict[str, tuple[str, ...]]] = {
    "DeployRole": (
        "<PolicyName>ReadOnlyAccess</PolicyName>\n<PolicyArn>arn:aws:iam::aws:policy/ReadOnlyAccess</PolicyArn>",
        "<PolicyName>DeployPolicy</PolicyName>\n<PolicyArn>arn:aws:iam::111122223333:policy/DeployPolicy</PolicyArn>",
        "<PolicyName>AWSLambdaBasicExecutionRole</PolicyName>\n"
        "<PolicyArn>arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole</PolicyArn>",
    ),
}

# --- IAM: groups, with an empty page in the middle -------------------------------------------------------------------
GROUPS: Final[tuple[str | None, ...]] = (
    """\
<Path>/</Path>
<GroupName>Admins</GroupName>
<GroupId>AGPAEXAMPLEADMINSGRP2</GroupId>
<Arn>arn:aws:iam::111122223333:group/Admins</Arn>
<CreateDate>2016-09-15T17:17:56Z</CreateDate>""",
    """\
<Path>/team-a/</Path>
<GroupName>Developers</GroupName>
<GroupId>AGPAEXAMPLEDEVELOPERS</GroupId>
<Arn>arn:aws:iam::111122223333:group/team-a/Developers</Arn>
<CreateDate>2016-09-15T16:49:08Z</CreateDate>""",
    GAP,
    """\
<Path>/team-b/</Path>
<GroupName>Developers-B</GroupName>
<GroupId>AGPAEXAMPLEDEVELOPERB</GroupId>
<Arn>arn:aws:iam::111122223333:group/team-b/Developers-B</Arn>
<CreateDate>2017-01-01T00:00:00Z</CreateDate>""",
    """\
<Path>/</Path>
<GroupName>Auditors</GroupName>
<GroupId>AGPAEXAMPLEAUDITORS22</GroupId>
<Arn>arn:aws:iam::111122223333:group/Auditors</Arn>
<CreateDate>2019-06-30T12:00:00Z</CreateDate>""",
    """\
<Path>/</Path>
<GroupName>Billing</GroupName>
<GroupId>AGPAEXAMPLEBILLINGGRP</GroupId>
<Arn>arn:aws:iam::111122223333:group/Billing</Arn>
<CreateDate>2019-06-30T12:00:01Z</CreateDate>""",
    """\
<Path>/</Path>
<GroupName>readers@example.com</GroupName>
<GroupId>AGPAEXAMPLEREADERSGRP</GroupId>
<Arn>arn:aws:iam::111122223333:group/readers@example.com</Arn>
<CreateDate>2022-10-10T10:10:10Z</CreateDate>""",
)

# --- IAM: managed policies, newest version first; (document, the rest) -----------------------------------------------
POLICY_VERSIONS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "arn:aws:iam::111122223333:policy/DeployPolicy": {
        "v5": (
            ALLOW_PASS_ROLE,
            "<IsDefaultVersion>true</IsDefaultVersion>\n<VersionId>v5</VersionId>\n<CreateDate>2024-03-02T09:14:11Z</CreateDate>",
        ),
        "v4": (
            ALLOW_ENCODED_LOG,
            "<IsDefaultVersion>false</IsDefaultVersion>\n<VersionId>v4</VersionId>\n<CreateDate>2023-11-20T16:40:00Z</CreateDate>",
        ),
        "v3": (
            DENY_LEAVING,
            "<IsDefaultVersion>false</IsDefaultVersion>\n<VersionId>v3</VersionId>\n<CreateDate>2023-06-01T07:00:20.888Z</CreateDate>",
        ),
        "v2": (
            ALLOW_READ_ARTIFACTS,
            "<IsDefaultVersion>false</IsDefaultVersion>\n<VersionId>v2</VersionId>\n<CreateDate>2022-01-15T11:30:45Z</CreateDate>",
        ),
        "v1": (
            ALLOW_EVERYTHING,
            "<IsDefaultVersion>false</IsDefaultVersion>\n<VersionId>v1</VersionId>\n<CreateDate>2021-08-09T10:00:00Z</CreateDate>",
        ),
    },
    "arn:aws:iam::111122223333:policy/team-a/AuditPolicy": {
        "v7": (
            ALLOW_ENCODED_LOG,
            "<IsDefaultVersion>false</IsDefaultVersion>\n<VersionId>v7</VersionId>\n<CreateDate>2024-01-31T00:00:01Z</CreateDate>",
        ),
        "v6": (
            ALLOW_READ_ARTIFACTS,
            "<IsDefaultVersion>true</IsDefaultVersion>\n<VersionId>v6</VersionId>\n<CreateDate>2023-12-24T18:00:00Z</CreateDate>",
        ),
        "v2": (
            DENY_LEAVING,
            "<IsDefaultVersion>false</IsDefaultVersion>\n<VersionId>v2</VersionId>\n<CreateDate>2020-05-05T05:05:05Z</CreateDate>",
        ),
    },
    "arn:aws:iam::111122223333:policy/BoundaryPolicy": {
        "v1": (
            DENY_LEAVING,
            "<IsDefaultVersion>true</IsDefaultVersion>\n<VersionId>v1</VersionId>\n<CreateDate>2019-03-03T03:03:03Z</CreateDate>",
        ),
    },
}

# --- IAM: the account ------------------------------------------------------------------------------------------------
USER_DETAILS: Final = (
    f"""\
<Path>/</Path>
<UserPolicyList>
  <member>
    <PolicyName>inline-artifacts</PolicyName>
    <PolicyDocument>{ALLOW_READ_ARTIFACTS}</PolicyDocument>
  </member>
</UserPolicyList>
<GroupList>
  <member>Admins</member>
  <member>Developers</member>
</GroupList>
<AttachedManagedPolicies/>
<UserId>AIDAEXAMPLEALICEUSER2</UserId>
<UserName>alice</UserName>
<Arn>arn:aws:iam::111122223333:user/alice</Arn>
<CreateDate>2013-10-14T18:32:24Z</CreateDate>""",
    """\
<Path>/bots/</Path>
<GroupList/>
<AttachedManagedPolicies/>
<UserId>AIDAEXAMPLEBUILDBOT22</UserId>
<UserName>bot@example.com</UserName>
<Arn>arn:aws:iam::111122223333:user/bots/bot@example.com</Arn>
<CreateDate>2021-03-04T05:06:07Z</CreateDate>""",
)

GROUP_DETAILS: Final = (
    f"""\
{GROUPS[0]}
<GroupPolicyList>
  <member>
    <PolicyName>everything</PolicyName>
    <PolicyDocument>{ALLOW_EVERYTHING}</PolicyDocument>
  </member>
</GroupPolicyList>
<AttachedManagedPolicies/>""",
)

ROLE_DETAILS: Final = (
    f"""\
<Path>/</Path>
<AssumeRolePolicyDocument>{TRUST_DEPLOY}</AssumeRolePolicyDocument>
<RolePolicyList/>
<InstanceProfileList>
  <member>
    <InstanceProfileName>DeployRole</InstanceProfileName>
    <InstanceProfileId>AIPAEXAMPLEDEPLOYPROF</InstanceProfileId>
    <Roles/>
    <Path>/</Path>
    <Arn>arn:aws:iam::111122223333:instance-profile/DeployRole</Arn>
    <CreateDate>2016-08-23T19:23:17Z</CreateDate>
  </member>
</InstanceProfileList>
<AttachedManagedPolicies>
  <member>
    <PolicyName>ReadOnlyAccess</PolicyName>
    <PolicyArn>arn:aws:iam::aws:policy/ReadOnlyAccess</PolicyArn>
  </member>
</AttachedManagedPolicies>
<RoleId>AROAEXAMPLEDEPLOYROLE</RoleId>
<RoleName>DeployRole</RoleName>
<Arn>arn:aws:iam::111122223333:role/DeployRole</Arn>
<CreateDate>2016-08-23T19:23:16Z</CreateDate>""",
    f"""\
<Path>/</Path>
<AssumeRolePolicyDocument>{TRUST_AUDIT}</AssumeRolePolicyDocument>
<RolePolicyList/>
<InstanceProfileList/>
<AttachedManagedPolicies/>
<RoleId>AROAEXAMPLEAUDITROLE2</RoleId>
<RoleName>AuditRole</RoleName>
<Arn>arn:aws:iam::111122223333:role/AuditRole</Arn>
<CreateDate>2021-12-31T23:59:59Z</CreateDate>""",
)

POLICY_DETAILS: Final = (
    f"""\
<PolicyName>BoundaryPolicy</PolicyName>
<PolicyId>ANPAEXAMPLEBOUNDARYPO</PolicyId>
<Arn>arn:aws:iam::111122223333:policy/BoundaryPolicy</Arn>
<Path>/</Path>
<DefaultVersionId>v1</DefaultVersionId>
<AttachmentCount>0</AttachmentCount>
<PermissionsBoundaryUsageCount>1</PermissionsBoundaryUsageCount>
<IsAttachable>true</IsAttachable>
<CreateDate>2019-03-03T03:03:03Z</CreateDate>
<UpdateDate>2019-03-03T03:03:03Z</UpdateDate>
<PolicyVersionList>
  <member>
    <Document>{DENY_LEAVING}</Document>
    <IsDefaultVersion>true</IsDefaultVersion>
    <VersionId>v1</VersionId>
    <CreateDate>2019-03-03T03:03:03Z</CreateDate>
  </member>
</PolicyVersionList>""",
    f"""\
<PolicyName>AdministratorAccess</PolicyName>
<PolicyId>ANPAEXAMPLEADMINISTRA</PolicyId>
<Arn>arn:aws:iam::aws:policy/AdministratorAccess</Arn>
<Path>/</Path>
<DefaultVersionId>v1</DefaultVersionId>
<AttachmentCount>2</AttachmentCount>
<IsAttachable>true</IsAttachable>
<CreateDate>2015-02-06T18:39:46Z</CreateDate>
<UpdateDate>2015-02-06T18:39:46Z</UpdateDate>
<PolicyVersionList>
  <member>
    <Document>{ALLOW_EVERYTHING}</Document>
    <IsDefaultVersion>true</IsDefaultVersion>
    <VersionId>v1</VersionId>
    <CreateDate>2015-02-06T18:39:46Z</CreateDate>
  </member>
</PolicyVersionList>""",
)

ACCOUNT_SUMMARY: Final = "\n".join(
    f"<entry>\n  <key>{key}</key>\n  <value>{value}</value>\n</entry>"
    for key, value in {"Users": 0, "Roles": 5, "Groups": 6, "Policies": 3, "AccountMFAEnabled": 1}.items()
)

CREDENTIAL_REPORT_CSV: Final = """\
user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,access_key_1_active
<root_account>,arn:aws:iam::111122223333:root,2013-10-14T18:00:00+00:00,not_supported,no_information,true,false
alice,arn:aws:iam::111122223333:user/alice,2013-10-14T18:32:24+00:00,true,2024-05-02T07:08:09+00:00,true,true
bot@example.com,arn:aws:iam::111122223333:user/bots/bot@example.com,2021-03-04T05:06:07+00:00,false,N/A,false,true
"""

CREDENTIAL_REPORT: Final = f"""\
<Content>{base64.b64encode(CREDENTIAL_REPORT_CSV.encode()).decode()}</Content>
<ReportFormat>text/csv</ReportFormat>
<GeneratedTime>2024-05-02T09:08:07Z</GeneratedTime>"""

# --- Access Analyzer -------------------------------------------------------------------------------------------------
EXTERNAL: Final = "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/account-external"
UNUSED: Final = "arn:aws:access-analyzer:us-east-1:111122223333:analyzer/account-unused"

ANALYZERS: Final = (
    f'{{"arn":"{EXTERNAL}","name":"account-external","type":"ACCOUNT","createdAt":"2022-03-01T10:00:00Z",'
    '"lastResourceAnalyzed":"arn:aws:iam::111122223333:role/DeployRole",'
    '"lastResourceAnalyzedAt":"2024-05-02T03:04:05.678Z","tags":{"owner":"alice@example.com"},"status":"ACTIVE"}',
    f'{{"arn":"{UNUSED}","name":"account-unused","type":"ACCOUNT_UNUSED_ACCESS","createdAt":"2023-12-01T09:30:00Z",'
    '"tags":{},"status":"ACTIVE","configuration":{"unusedAccess":{"unusedAccessAge":90}}}',
)

POLICY_GENERATIONS: Final = (
    '{"jobId":"00000000-0000-4000-8000-000000000001","principalArn":"arn:aws:iam::111122223333:role/DeployRole",'
    '"status":"SUCCEEDED","startedOn":"2024-05-01T12:00:00Z","completedOn":"2024-05-01T12:04:10.512Z"}',
    '{"jobId":"00000000-0000-4000-8000-000000000002","principalArn":"arn:aws:iam::111122223333:role/ci/ci-runner",'
    '"status":"FAILED","startedOn":"2024-04-20T08:15:30.001Z","completedOn":"2024-04-20T08:16:00Z"}',
    '{"jobId":"00000000-0000-4000-8000-000000000003","principalArn":"arn:aws:iam::111122223333:user/alice",'
    '"status":"CANCELED","startedOn":"2024-04-11T00:00:00Z"}',
    '{"jobId":"00000000-0000-4000-8000-000000000004","principalArn":"arn:aws:iam::111122223333:role/DeployRole",'
    '"status":"SUCCEEDED","startedOn":"2024-03-02T21:22:23.456Z","completedOn":"2024-03-02T21:30:00Z"}',
    '{"jobId":"00000000-0000-4000-8000-000000000005","principalArn":"arn:aws:iam::111122223333:role/AuditRole",'
    '"status":"IN_PROGRESS","startedOn":"2024-05-02T10:00:00Z"}',
)

FINDINGS: Final[dict[str, tuple[str, ...]]] = {
    EXTERNAL: (
        '{"id":"00000000-0000-4000-9000-000000000001","principal":{"AWS":"123456789012"},"action":["sts:AssumeRole"],'
        '"resource":"arn:aws:iam::111122223333:role/DeployRole","isPublic":false,"resourceType":"AWS::IAM::Role",'
        '"condition":{"sts:ExternalId":"example-external-id-0042"},"createdAt":"2024-01-01T00:00:00Z",'
        '"analyzedAt":"2024-05-02T03:04:05.678Z","updatedAt":"2024-01-01T00:00:00Z","status":"ACTIVE",'
        '"resourceOwnerAccount":"111122223333"}',
        '{"id":"00000000-0000-4000-9000-000000000002","principal":{"AWS":"444455556666"},'
        '"action":["sts:AssumeRole","sts:TagSession"],"resource":"arn:aws:iam::111122223333:role/AuditRole",'
        '"isPublic":false,"resourceType":"AWS::IAM::Role","condition":{"aws:PrincipalOrgID":"o-exampleorgid"},'
        '"createdAt":"2024-01-01T00:00:00.250Z","analyzedAt":"2024-05-02T03:04:06Z",'
        '"updatedAt":"2024-01-01T00:00:01Z","status":"ACTIVE","resourceOwnerAccount":"111122223333"}',
        '{"id":"00000000-0000-4000-9000-000000000003","principal":{"AWS":"*"},"action":["s3:GetObject"],'
        '"resource":"arn:aws:s3:::example-artifacts","isPublic":true,"resourceType":"AWS::S3::Bucket","condition":{},'
        '"createdAt":"2024-02-03T04:05:06Z","analyzedAt":"2024-05-02T03:04:07.000Z",'
        '"updatedAt":"2024-02-03T04:05:06Z","status":"ARCHIVED","resourceOwnerAccount":"111122223333",'
        '"sources":[{"type":"POLICY"}]}',
        '{"id":"00000000-0000-4000-9000-000000000004","principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/'
        'token.actions.githubusercontent.com"},"action":["sts:AssumeRoleWithWebIdentity"],'
        '"resource":"arn:aws:iam::111122223333:role/ci/ci-runner","isPublic":false,"resourceType":"AWS::IAM::Role",'
        '"condition":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"},"createdAt":"2024-02-03T04:05:07Z",'
        '"analyzedAt":"2024-05-02T03:04:08Z","updatedAt":"2024-02-03T04:05:07Z","status":"ACTIVE",'
        '"resourceOwnerAccount":"111122223333"}',
        '{"id":"00000000-0000-4000-9000-000000000005","resource":"arn:aws:kms:us-east-1:111122223333:key/'
        '00000000-0000-4000-a000-000000000001","resourceType":"AWS::KMS::Key","condition":{},'
        '"createdAt":"2024-02-03T04:05:08.900Z","analyzedAt":"2024-05-02T03:04:09Z","updatedAt":"2024-02-03T04:05:09Z",'
        '"status":"ACTIVE","resourceOwnerAccount":"111122223333","error":"ACCESS_DENIED"}',
    ),
}

UNUSED_ROLE: Final = (
    '"analyzedAt":"2024-05-02T01:00:00Z","createdAt":"2024-03-01T00:00:00.123Z",'
    '"id":"00000000-0000-4000-9000-000000000011","resource":"arn:aws:iam::111122223333:role/DeployRole",'
    '"resourceType":"AWS::IAM::Role","resourceOwnerAccount":"111122223333","status":"ACTIVE",'
    '"updatedAt":"2024-05-01T00:00:00Z"'
)
UNUSED_KEY: Final = (
    '"analyzedAt":"2024-05-02T01:00:01.500Z","createdAt":"2024-03-01T00:00:00Z",'
    '"id":"00000000-0000-4000-9000-000000000012","resource":"arn:aws:iam::111122223333:user/alice",'
    '"resourceType":"AWS::IAM::User","resourceOwnerAccount":"111122223333","status":"ACTIVE",'
    '"updatedAt":"2024-03-01T00:00:00Z"'
)

FINDINGS_V2: Final[dict[str, tuple[str, ...]]] = {
    UNUSED: (
        f'{{{UNUSED_ROLE},"findingType":"UnusedPermission"}}',
        f'{{{UNUSED_KEY},"findingType":"UnusedIAMUserAccessKey"}}',
        '{"analyzedAt":"2024-05-02T01:00:02Z","createdAt":"2024-03-01T00:00:00Z",'
        '"id":"00000000-0000-4000-9000-000000000013","resource":"arn:aws:iam::111122223333:role/backup-111122223333",'
        '"resourceType":"AWS::IAM::Role","resourceOwnerAccount":"111122223333","status":"ARCHIVED",'
        '"updatedAt":"2024-04-01T00:00:00.001Z","findingType":"UnusedIAMRole"}',
    ),
}

FINDING_DETAILS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "00000000-0000-4000-9000-000000000011": (
        f'{UNUSED_ROLE},"findingType":"UnusedPermission"',
        (
            '{"unusedPermissionDetails":{"serviceNamespace":"s3","lastAccessed":"2024-01-05T06:07:08Z",'
            '"actions":[{"action":"DeleteBucket"},{"action":"PutObject","lastAccessed":"2024-01-05T06:07:08.009Z"}]}}',
            '{"unusedPermissionDetails":{"serviceNamespace":"iam","actions":[]}}',
            '{"unusedPermissionDetails":{"serviceNamespace":"sts"}}',
        ),
    ),
    "00000000-0000-4000-9000-000000000012": (
        f'{UNUSED_KEY},"findingType":"UnusedIAMUserAccessKey"',
        (
            '{"unusedIamUserAccessKeyDetails":{"accessKeyId":"AKIAEXAMPLEIOSFODNN7",'
            '"lastAccessed":"2023-12-24T00:00:00Z"}}',
        ),
    ),
}
"""Finding id → the members that each page repeats, and the details that are cut into pages."""
