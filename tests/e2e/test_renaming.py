"""`renaming` accepts redacted data and rejects any other difference."""

from typing import Any

import pytest

from e2e.renaming import renaming

REAL = {
    "roles": [
        {"Arn": "arn:aws:iam::111122223333:role/ci/Runner", "Name": "Runner", "Age": 90, "On": "2024-05-02T10:11:12Z"},
        {"Arn": "arn:aws:iam::111122223333:role/Auditor", "Name": "Auditor", "Age": 1, "On": "2024-05-02T10:11:13Z"},
    ],
    "profile": "Runner",
    "log": "example%2FRunner%2F*",
    "ask": "<bot@example.com>, please",
}
REDACTED = {
    "roles": [
        {
            "Arn": "arn:aws:iam::000117139127:role/alias-bbbbbbbbbb/alias-cccccccccc",
            "Name": "alias-cccccccccc",
            "Age": 90,
            "On": "2024-05-02T10:11:12Z",
        },
        {
            "Arn": "arn:aws:iam::000117139127:role/alias-dddddddddd",
            "Name": "alias-dddddddddd",
            "Age": 1,
            "On": "2024-05-02T10:11:13Z",
        },
    ],
    "profile": "alias-cccccccccc",
    "log": "example%2Falias-cccccccccc%2F*",
    "ask": "<alias-eeeeeeeeee@example.com>, please",
}


def changed(*path: Any, to: Any) -> Any:
    """Returns REDACTED with the value at one path replaced."""

    def copy(value: Any, path: tuple[Any, ...]) -> Any:
        if not path:
            return to
        items = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        pairs = [(key, copy(item, path[1:]) if key == path[0] else item) for key, item in items]
        return dict(pairs) if isinstance(value, dict) else [item for _, item in pairs]

    return copy(REDACTED, path)


def test_redaction_is_a_renaming() -> None:
    assert renaming(REAL, REDACTED) == {
        "111122223333": "000117139127",
        "ci": "alias-bbbbbbbbbb",
        "Runner": "alias-cccccccccc",
        "Auditor": "alias-dddddddddd",
        "bot@example.com": "alias-eeeeeeeeee@example.com",
    }
    assert renaming(REAL, REAL) == {}


@pytest.mark.parametrize(
    ("redacted", "problem"),
    [
        (changed("roles", 0, "Age", to=91), "90 became 91"),
        (changed("roles", 0, "Age", to="90"), "90 became '90'"),
        (changed("roles", 0, "On", to="2024-05-02T10:11:13Z"), "12Z became 13Z, which is not an alias"),
        (changed("roles", 0, "Name", to="alias-dddddddddd"), "Runner became alias-cccccccccc and alias-dddddddddd"),
        (changed("roles", 0, "Name", to="Runner"), "Runner became alias-cccccccccc and Runner"),
        (changed("roles", 0, "Name", to="Auditor"), "Auditor, which is not an alias"),
        (changed("profile", to="alias-ffffffffff"), "Runner became alias-cccccccccc and alias-ffffffffff"),
        (changed("ask", to="<alias-cccccccccc>, please"), "alias-cccccccccc stands for Runner and bot@example.com"),
        (changed("ask", to="<alias-eeeeeeeeee@example.com>; please"), "became"),
        (changed("log", to="example%2falias-cccccccccc%2F*"), "became"),
        (changed("roles", to=REDACTED["roles"][:1]), "2 items became 1"),
        (changed("roles", to=REDACTED["roles"][::-1]), "became"),
        ({"profile": None, **REDACTED}, "became"),
        ({name: REDACTED[name] for name in REDACTED if name != "log"}, "4 items became 3"),
    ],
)
def test_any_other_difference_is_not_a_renaming(redacted: Any, problem: str) -> None:
    with pytest.raises(AssertionError, match=problem):
        renaming(REAL, redacted)
