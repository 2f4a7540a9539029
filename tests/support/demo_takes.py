"""Takes of cassettes for tests of replay, as text."""

from __future__ import annotations

#: A role that was read twice, and had changed in the meantime.
TWO_TAKES = """\
---
service: iam
operation: GetRole
identity: {RoleName: demo}
pages:
- output: {Role: {RoleName: demo, Description: first}}
---
service: iam
operation: GetRole
identity: {RoleName: demo}
pages:
- output: {Role: {RoleName: demo, Description: second}}
"""
#: A listing without items.
NO_USERS = """\
---
service: iam
operation: ListUsers
identity: {}
pages:
- output: {IsTruncated: false, Users: []}
"""
#: A write, and a read that waits for it.
READ_AFTER_WRITE = """\
---
service: iam
operation: CreateGroup
identity: {GroupName: demo}
pages:
- output: {Group: {GroupName: demo}}
---
service: iam
operation: GetGroup
identity: {GroupName: demo}
after: {service: iam, operation: CreateGroup, identity: {GroupName: demo}, take: 1}
pages:
- output: {Group: {GroupName: demo}, Users: []}
"""
