"""Correct responses under load, for a short time; `make soak` does the same for longer."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import awstape
from soak import CLIENTS, TAKES, soak
from support.in_process import FAKE_KEYS

THREADS = 16
CALLS = 5
USER = "alias-Tsr76sms7l"


@pytest.mark.parametrize("workers", [1, 3])
def test_clients_of_all_kinds_get_the_right_bytes(workers: int) -> None:
    load = soak(1000, workers=workers)
    assert load.wrong == []
    assert load.started >= CLIENTS
    assert load.asked >= 1000


def test_threads_of_one_process_share_the_takes(tmp_path: Path) -> None:
    """Any one of the clients gets the first take, and all others the last."""
    path = tmp_path / "tape.yaml"
    path.write_text(TAKES)

    def ask(client: Any) -> list[str]:
        said = []
        for _ in range(CALLS):
            try:
                client.get_user(UserName=USER)
            except ClientError as error:
                said.append(error.response["Error"]["Message"])
            pages = list(client.get_paginator("list_server_certificates").paginate())
            said.append(f"{len(pages)} pages")
        return said

    with awstape.replay(path) as tape:
        session = boto3.Session(**FAKE_KEYS)
        clients = [session.client("iam") for _ in range(THREADS)]
        with ThreadPoolExecutor(THREADS) as threads:
            came = list(threads.map(ask, clients))
    assert tape.misses == []
    counts = Counter(text for said in came for text in said)
    calls = THREADS * CALLS
    assert counts == {"first": 1, "second": calls - 1, "2 pages": 1, "1 pages": calls - 1}
