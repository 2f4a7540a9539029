"""Words that are public in the calls of every service: states, regions, versions, types of instances, formats, times.

1. A word is public if it has one of these forms, or is in a table here. What it means depends on no customer.
2. The words of one service, such as its enums, are in its model (`core.aws.model.Service.words`).
3. Numbers are public up to a length: longer ones may be those of a customer. So are times, in seconds since 1970.
"""

from __future__ import annotations

import re

from awstape.core.redaction.text.aws_names import REGION, is_service_principal
from awstape.core.redaction.text.labelled_values import is_harmless
from awstape.core.text.lazy_pattern import lazy_pattern

#: States and results of most services, which few models list.
_STATES = """
    aborted accepted active added applying associated associating attached attaching available backing-up blocked busy
    cancelled cancelling canceled canceling closed complete completed configuring confirmed copying creating created
    declined degraded deleted deleting delivered deregistered deregistering detached detaching disabled disabling
    disassociated disassociating down draining enabled enabling error expired expiring failed failing
    failing-over finished frozen healthy idle in-progress in-service in-sync in-use inactive inaccessible inapplicable
    initial initializing insufficient-data inservice installed invalid issued joined launching locked maintenance
    migrating moving modifying modified new not-applicable not-installed ok open optimizing paused pausing pending
    pending-acceptance pending-reboot pending-validation processing promoting provisioning provisioned published ready
    rebooting rebuilding recoverable recovering registered registering rejected removing renaming requested resetting
    resetting-master-credentials resizing restoring restored resumed resuming revoked rolled-back rolling-back rotating
    running scheduled shutting-down starting started stopped stopping storage-optimization submitted succeeded success
    successful suspended suspending synced syncing terminated terminating throttled timed-out timeout unassociated
    unavailable unhealthy unknown unlocked up updated updating upgrading upgraded used validating verified verifying
    waiting warning
"""
#: Protocols, platforms, engines, units, owners and the like.
_OTHERS = """
    tcp udp icmp icmpv6 tls ssl ssh http https http2 grpc ftp sftp smtp nfs smb ipv4 ipv6 dualstack wss mqtt
    linux windows macos linux/unix linux/amd64 linux/arm64 rhel suse ubuntu debian x86_64 i386 arm64 amd64 aarch64
    aurora aurora-mysql aurora-postgresql mysql mariadb postgres postgresql oracle-ee oracle-se2 sqlserver-ee
    sqlserver-ex sqlserver-se sqlserver-web redis valkey memcached docdb neptune redshift opensearch elasticsearch
    general-public-license license-included bring-your-own-license bridge awsvpc host fargate ec2 external
    gp2 gp3 io1 io2 st1 sc1 standard ssd hdd magnetic hvm paravirtual ebs instance-store xen nitro
    amazon aws aws-marketplace aws-managed self microsoft amazonlinux amazon-linux amazon-linux-2
    default root none null all any auto manual public private internal internet-facing inbound outbound ingress egress
    allow deny read write readwrite readonly read-only read-write read_write full_control aes256 aws:kms aws:kms:dsse
    nodejs python java dotnet ruby go provided utf-8 utf8 utf8mb4 latin1 gzip zip json yaml xml csv parquet orc avro
    text binary base64 string number int integer long float double boolean list map set blob date timestamp
    enabled disabled optional required preferred on off yes no low medium high critical informational
    day days hour hours minute minutes second seconds week weeks month months year years
    bytes kilobytes megabytes gigabytes terabytes percent count bits
    authenticated-read aws-exec-read bucket-owner-full-control bucket-owner-read log-delivery-write public-read
    public-read-write requester bucketowner us eu utc gmt
"""
_WORDS = frozenset(f"{_STATES} {_OTHERS}".split())
_ZONE = (
    rf"{REGION}(?:-[a-z]{{2,5}}-\d)?[a-z]?|[a-z]{{3,4}}\d-(?:[a-z]{{2,5}}\d-)?az\d"
    r"|(?:aws|aws-cn|aws-us-gov)(?:-global)?"
)
_SUFFIX = r"(?:mysql_aurora|aurora|postgres|ru-|rur-|r|v|amzn|eks|rc|beta|alpha|build|x|R|LTS|lts|final|Final)"
_VERSION = (
    rf"[vV]?\d{{1,4}}(?:\.\d{{1,5}}){{0,2}}(?:\.x)?(?:[-.+_]?{_SUFFIX}[-.]?(?:\d{{1,4}}(?:\.\d{{1,4}}){{0,3}})?){{0,2}}"
)
_FAMILY = r"(?:u-?\d{1,2}(?:tb|i)\d{0,2}[a-z]?(?:-\d{1,3}tb)?|[a-z]{1,3}\d{1,2}[a-z]{0,5}(?:-flex)?)"
_INSTANCE = (
    rf"(?:(?:db|cache|dms|ml|search|kafka|dax|mq|fleet|hosting)\.)?{_FAMILY}\.(?:nano|micro|small|medium|\d{{0,3}}x?large"
    r"|metal(?:-\d{1,3}xl)?)(?:\.(?:search|elasticsearch|tpc\d\.mem\dx))?"
)
_DIRECTIVE = (
    r"(?:no-(?:cache|store|transform)|public|private|immutable|only-if-cached|(?:must|proxy)-revalidate|must-understand"
    r"|(?:s-maxage|max-age|max-stale|min-fresh|stale-while-revalidate|stale-if-error)=\d{1,9})"
)
_MIME = (
    r"(?:application/(?:json|octet-stream|xml|zip|gzip|x-gzip|x-tar|pdf|javascript|x-javascript|x-directory"
    r"|x-www-form-urlencoded|x-amz-json-1\.[01]|x-ndjson|yaml|x-yaml|wasm|x-bzip2|x-xz|x-7z-compressed|zstd|xhtml\+xml"
    r"|sql|rtf|avro|parquet|(?:ld|problem|geo)\+json|graphql|toml|msword|vnd\.apache\.(?:avro|parquet|orc)"
    r"|vnd\.ms-(?:excel|powerpoint)|vnd\.openxmlformats-officedocument\.[\w.]{1,60}"
    r"|vnd\.(?:docker|oci|amazon)\.[\w.+-]{1,80})|binary/octet-stream"
    r"|text/(?:plain|html|css|csv|tab-separated-values|xml|javascript|markdown|yaml|calendar)|audio/(?:mpeg|wav|ogg)"
    r"|image/(?:png|jpeg|gif|webp|avif|bmp|tiff|svg\+xml|x-icon)|video/(?:mp4|mpeg|webm)|font/(?:woff2?|ttf|otf)|\*/\*)"
    r"(?:;[ ]?charset=(?:utf-8|UTF-8|iso-8859-1|us-ascii))?"
)
#: Ranges of bytes, times and directives of HTTP.
_HTTP = (
    r"bytes[= ](?:\d{0,11}-\d{0,11}|\*)(?:/(?:\d{1,11}|\*))?|inline|attachment"
    r"|aws-chunked(?:,(?:gzip|br|zstd|deflate))?|identity|br|deflate|zstd|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),[ ]\d\d[ ]"
    r"[A-Z][a-z]{2}[ ]\d{4}[ ]\d\d:\d\d:\d\d[ ]GMT"
    rf"|{_DIRECTIVE}(?:,[ ]?{_DIRECTIVE}){{0,6}}"
)
_WINDOW = r"(?:[A-Za-z]{3}:)?\d\d:\d\d-(?:[A-Za-z]{3}:)?\d\d:\d\d|\d\d:\d\d(?::\d\d)?"
#: What AWS names, also in the places of names: zones, types of instances and of resources, namespaces of metrics,
#: services behind endpoints, keys and parameters of AWS, defaults, stages of versions.
_NAME_OF_AWS = lazy_pattern(
    rf"""(?:{_ZONE}|{_INSTANCE}|AWS::\w+(?:::\w+){{0,3}}|AWS/[A-Za-z0-9]+|com\.amazonaws\.(?:{REGION}|global)\.[\w.-]+
    |alias/aws/[\w/-]+|/aws/(?:service|reference)/[\w/.-]+|default(?:[.:][\w.-]{{1,40}})?|primary
    |\$LATEST|AWS(?:CURRENT|PREVIOUS|PENDING))""",
    re.VERBOSE | re.ASCII,
)
#: A word of any of these kinds: versions, formats, what headers of HTTP say, windows of time, sources of events,
#: devices, schedules, locales, ranges of ports, sizes.
_FORM = lazy_pattern(
    rf"""(?:{_VERSION}|{_MIME}|{_HTTP}|{_WINDOW}|aws\.[a-z][a-z0-9-]{{1,40}}|/dev/(?:sd|xvd|nvme|hd)[a-z0-9]{{0,8}}
    |rate\(\d{{1,4}}\ (?:minute|hour|day)s?\)|cron\([0-9*?,/LW\#A-Z\ -]+\)
    |[A-Za-z][A-Za-z0-9]|[a-z]{{2}}[-_][A-Z]{{2}}|\d{{1,5}}-\d{{1,5}}
    |RunInstances(?::[0-9a-z]{{4}})?|\d{{1,4}}(?:\.\d{{1,3}})?\ ?(?:[KMGTP]i?B|vCPU|GB|MB|ms|s|m|h|d|%))""",
    re.VERBOSE | re.ASCII,
)
#: Characters of the longest public word.
_LONGEST = 120
#: Digits of the longest number that is no customer's.
MOST_DIGITS = 6
#: Words of keys whose numbers may be long: what is measured, when something is, and what else such keys say.
_SIZES = frozenset(
    """
    byte bytes size length len offset count total memory capacity limit usage used free quota throughput kb mb gb kib
    mib gib
    """.split()
)
_TIMES = frozenset(
    """
    time timestamp ts date at exp iat nbf ttl expiry expires expiration epoch duration elapsed latency timeout created
    updated modified started ended ns ms us nano nanos nanosecond nanoseconds micros microsecond microseconds milli
    millis millisecond milliseconds second seconds
    """.split()
)
_BESIDE = frozenset(
    """
    in of on last first start end max min avg sum p content event file disk heap total average maximum minimum request
    response body message allocated available reserved remaining run billed init wait queue ingestion creation
    modification update access arrival since until not before after issued to live
    """.split()
)
_KEY_PART = lazy_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^A-Za-z_-]+")
_DATE = lazy_pattern(r"(?:19|20)\d{6}", re.ASCII)
_SECONDS = lazy_pattern(r"1\d{9}(?:\.\d{1,9})?", re.ASCII)


def is_key_of_quantity(key: str) -> bool:
    """Whether a key says nothing but that its number is a size, a count or a time."""
    words = {part.lower() for part in _KEY_PART.findall(key)}
    return not words.isdisjoint(_SIZES | _TIMES) and words <= _SIZES | _TIMES | _BESIDE


def is_quantity(key: str, number: str) -> bool:
    """Whether a long number is a size, a count or a time by its key; one in the form of a date is none."""
    return is_key_of_quantity(key) and not _DATE.fullmatch(number)


def is_small(text: str) -> bool:
    """Whether a text is a small number, a truth value, a time, a template, or short and has no letter and no digit."""
    is_without_words = len(text) <= _LONGEST and not any(map(str.isalnum, text))
    return is_harmless(text, MOST_DIGITS) or _SECONDS.fullmatch(text) is not None or is_without_words


def is_name_of_aws(text: str) -> bool:
    """Whether a text is AWS's own in the place of a name, too."""
    return len(text) <= _LONGEST and _NAME_OF_AWS.fullmatch(text) is not None


def is_public_word(text: str) -> bool:
    """Whether a text is public in the calls of every service."""
    if len(text) > _LONGEST:
        return False
    return (
        text.lower() in _WORDS
        or is_name_of_aws(text)
        or _FORM.fullmatch(text) is not None
        or is_service_principal(text)
    )
