"""Redaction of hosts and URLs in text: hosts of customers become aliases, public hosts stay.

1. A host is redacted in a URL, and alone if it ends in a domain that is for private networks, for hosts of AWS or
   common (`_BARE`). Its alias is that of a name, part by part, as in an identity provider's ARN.
2. AWS's own hosts stay. Of a host that AWS gives to a customer (`finance.s3.amazonaws.com`) the customer's labels
   become an alias. So do the bucket and the key of an object in a URL, as in the object's ARN.
3. Hosts of documentation, of shared identity providers and of public standards stay (`_PUBLIC_DOMAINS`).
4. The user and the password in a URL become aliases whatever the host is, except for templates such as `${user}`. A
   password's is `$((alias-CODE))`: programs that parse the URL find one, scanners find a template.
5. `api://` is no host: it begins the name of an application in Azure.
6. What follows the host is text of its own, except for the path of a shared provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.text.arn import WHOLE_ARN, is_service_principal, redact_arn, redact_name, redact_provider
from awstape.core.redaction.text.aws_names import REGION, split_provider
from awstape.core.redaction.text.labelled_values import is_template
from awstape.core.text.lazy_pattern import lazy_pattern

_LABEL = r"[\w-]+"
_AWS = r"(?:amazonaws\.(?:com(?:\.cn)?|eu)|(?:api|on)\.aws|aws\.amazon\.com|awsapps\.com|cloudfront\.net)"
#: Domains of private networks (RFC 6762, appendix G), of AWS's hosts, and common ones that are no endings of files.
_DOMAINS = rf"""(?:internal|intranet|private|corp|home|lan|local|localdomain|{_AWS}
    |(?:com?|net|org|gov|edu|ac)\.(?:uk|jp|nz|br|au|in|za|cn)|com|net|org|edu|gov|cloud|eu|uk|de|fr|nl|ch|at)"""
BARE_HOST = rf"""(?<![\w.@/$}}%-])(?:{_LABEL}\.)+{_DOMAINS}(?![\w@-]|\.\w|:\w*[A-Za-z])"""
URL = r"""(?<![A-Za-z0-9])(?!api:)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s"'<>`\\|]+"""
_URL = lazy_pattern(
    r"""(?P<scheme>[^:]+://)(?:(?P<user>[^\s/?\#@:]*)(?::(?P<password>[^\s/?\#@]*))?@)?
    (?P<host>[^\s/?\#:,;(){}\[\]$*@]*)(?P<rest>.*)""",
    re.VERBOSE | re.DOTALL,
)
#: RFC 2606; what AWS's documentation, standards and public services use.
_PUBLIC_DOMAINS = frozenset(
    """
    example example.com example.net example.org example.edu invalid localhost test
    amazon.com amazon.dev aws.com aws.dev a2z.com amazontrust.com
    w3.org oasis-open.org xmlsoap.org ietf.org json-schema.org iana.org openid.net schema.org
    apache.org python.org mozilla.org kubernetes.io docker.com docker.io hashicorp.com terraform.io letsencrypt.org
    github.com githubusercontent.com gitlab.com bitbucket.org circleci.com google.com googleapis.com microsoft.com
    anthropic.com claude.com microsoftonline.com windows.net facebook.com apple.com wikipedia.org
    """.split()
)
#: Hosts that AWS gives to customers: the customer's labels, and what follows them.
_CUSTOMER_HOST = lazy_pattern(
    rf"""(?P<name>.+?)\.(?P<service>
    (?:s3(?:-(?:accelerate|website|fips|accesspoint|control))?(?:[.-]dualstack)?(?:[.-]{REGION})?
    |(?:s3-|vpce-)?[a-z-]*\.?{REGION}\.vpce
    |{REGION}\.(?:elb|es|aoss|rds|redshift|redshift-serverless|docdb|elasticbeanstalk|compute|cs|airflow|cloudsearch)
    |(?:elb|elasticbeanstalk|compute-1|compute)|(?:\w+\.)?cache
    |(?:execute-api|appsync-api|appsync-realtime-api|iot|mq|kafka|efs|elasticfilesystem|fsx|dkr\.ecr|lambda-url
      |auth|transfer|dax-clusters|elasticmapreduce|neptune|grafana-workspace|data-ats\.iot|iot-data)\.{REGION}
    |kafka(?:-serverless)?\.{REGION})\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.aws|api\.aws)
    |{REGION}\.signin\.aws\.amazon\.com|signin\.aws\.amazon\.com|awsapps\.com|cloudfront\.net|amazoncognito\.com
    |(?:ec2|compute)\.internal|{REGION}\.compute\.internal)""",
    re.VERBOSE,
)
_S3_PATH_STYLE = lazy_pattern(rf"s3(?:[.-](?:dualstack\.)?{REGION})?\.amazonaws\.com(?:\.cn)?")
_AWS_HOST = lazy_pattern(rf"(?:[\w-]+\.)*{_AWS}")
#: Labels of AWS in front of a service that has hosts of customers.
_AWS_LABELS = frozenset(
    "access-grants api console credentials data data-ats jobs oidc prod runtime s3 storage tagging www".split()
)
#: Word in what follows a customer's label → what the label is.
_KINDS = {"s3": "bucket", "signin": "account-alias", "awsapps": "account-alias"}
_NUMBERED = lazy_pattern(rf"{REGION}|[a-z]+-[0-9]")


def redact_host(host: str, aliases: Aliases) -> str:
    """A host, redacted."""
    name = host.rstrip(".")
    if (address := redact_address(name, aliases)) is not None:
        return address + host[len(name) :]
    if not name or _is_public(name.lower()):
        return host
    if customers := _CUSTOMER_HOST.fullmatch(name):
        label = customers["name"]
        kind = next((kind for word, kind in _KINDS.items() if word in customers["service"]), "host")
        is_public = _NUMBERED.fullmatch(label) or label in _AWS_LABELS
        redacted = label if is_public else redact_name(kind, label, aliases)
        return redacted + host[len(label) :]
    if _AWS_HOST.fullmatch(name.lower()):
        return host
    return redact_name("host", name, aliases) + host[len(name) :]


def redact_url(url: str, aliases: Aliases, redact_rest: Callable[[str], str]) -> str:
    """A URL, redacted. redact_rest: redacts what follows the host."""
    match = _URL.fullmatch(url)
    if match is None:
        return url
    scheme, host, rest = match["scheme"], match["host"], match["rest"]
    if scheme.lower() in ("s3://", "s3a://", "s3n://"):
        return scheme + _redact_object(host + rest, aliases)
    user = "" if match["user"] is None else _redact_user(match["user"], match["password"], aliases)
    if not user and (provider := split_provider(trimmed := (host + rest).rstrip(".,:;)"))) and any(provider[1]):
        return redact_provider(scheme + trimmed, aliases) + (host + rest)[len(trimmed) :]
    if _S3_PATH_STYLE.fullmatch(host.lower()) and len(rest) > 1 and rest[0] == "/":
        return f"{scheme}{user}{host}/{_redact_object(rest[1:], aliases)}"
    bucket = _CUSTOMER_HOST.fullmatch(host)
    if bucket and bucket["service"].startswith("s3") and len(rest) > 1 and rest[0] == "/":
        redacted, _, key = _redact_object(f"{bucket['name']}{rest}", aliases).partition("/")
        return f"{scheme}{user}{redacted}{host[len(bucket['name']) :]}/{key}"
    redacted = redact_host(host, aliases)
    return f"{scheme}{user}{redact_rest(host + rest) if redacted == host else redacted + redact_rest(rest)}"


def _is_public(host: str) -> bool:
    labels = host.split(".")
    is_known = any(".".join(labels[i:]) in _PUBLIC_DOMAINS for i in range(len(labels)))
    if is_known:
        return _CUSTOMER_HOST.fullmatch(host) is None
    return is_service_principal(host) or split_provider(host) is not None


def _redact_user(user: str, password: str | None, aliases: Aliases) -> str:
    redacted = user if not user or is_template(user) else redact_name("user", user, aliases)
    if password is None:
        return f"{redacted}@"
    return f"{redacted}:{_redact_password(password, aliases)}@"


def _redact_password(password: str, aliases: Aliases) -> str:
    """The alias of a password in a URL. Scanners skip what begins with `$`, or is longer than 20 characters."""
    alias = password.removeprefix("$((").removesuffix("))")
    if not password or is_template(password) or (alias != password and aliases.is_alias(alias)):
        return password
    return f"$(({aliases.password(password).strip('<>')}))"


def _redact_object(text: str, aliases: Aliases) -> str:
    """A bucket and the key of an object, redacted as in the object's ARN. A query stays behind it."""
    path, mark, query = text.partition("?")
    bare = path.rstrip(".,:;)")
    arn = WHOLE_ARN.fullmatch(f"arn:aws:s3:::{bare}")
    redacted = redact_arn(arn, aliases).removeprefix("arn:aws:s3:::") if arn else bare
    return f"{redacted}{path[len(bare) :]}{mark}{query}"
