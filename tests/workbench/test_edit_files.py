"""Planned edits: the warnings of the tracks that an edit changes, and of those that refer to them."""

from __future__ import annotations

from pathlib import Path

from awstape.core.cassette.faults import Fault
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.editing import edits
from awstape.core.view.selectors import select
from awstape.workbench.edit_files import plan_write
from support.exchanges import MODELS

READ_AFTER_WRITE = """\
version: 1
---
service: iam
operation: DeleteRole
identity:
  RoleName: alias-Tsr76sms7l
pages:
- output: {}
---
service: iam
operation: ListRoles
identity: {}
pages:
- output:
    IsTruncated: false
    Roles: []
---
service: iam
operation: ListUsers
identity: {}
after:
  service: iam
  operation: DeleteRole
  identity:
    RoleName: alias-Tsr76sms7l
  take: 1
pages:
- output:
    IsTruncated: false
    Users: []
"""


def test_a_removed_write_is_missed_by_the_tracks_that_come_after_it() -> None:
    text = CassetteText.read([READ_AFTER_WRITE], MODELS)
    header, _, *rest = READ_AFTER_WRITE.split("---\n")
    typed = CassetteText.read(["---\n".join([header, *rest])], MODELS)
    plan = plan_write(Path("roles.yaml"), text, typed.cassette, [typed], {})
    assert [(finding.kind, finding.line) for finding in plan.new_warnings()] == [("missing write", 14)]


def test_a_changed_take_finds_the_write_that_it_comes_after() -> None:
    text = CassetteText.read([READ_AFTER_WRITE], MODELS)
    after = edits.set_faults(MODELS, text.cassette, select(MODELS, text.cassette, ["ListUsers"]), [Fault("throttle")])
    plan = plan_write(Path("roles.yaml"), text, after, [text], {})
    assert plan.has_changes
    assert plan.new_warnings() == []
