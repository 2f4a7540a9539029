"""Make many calls at the same time, and print what came of each as one JSON list.

    python tests/programs/ask_in_threads.py JOBS

JOBS is a JSON list of jobs, each with a thread of its own; all begin together. A job has a `service` and an `operation`
as boto3 spells them, and may have `input`, `url` of the endpoint, `size` of the pages asked for (a paginator follows
the tokens, as for 0, which leaves it to the service), `timeout` in seconds to wait for an answer, and how many `times`
it makes the call. For each time it gets `answer` (the output, or a list of pages) or `error` (a code, or the name of an
exception), `status`, how many `attempts` were sent, and how many `retries` the SDK tells of.
"""

import json
import sys
from threading import Barrier, Lock, Thread, local
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

Job = dict[str, Any]


class Counter(local):
    """Of this thread."""

    attempts = 0

    def count(self, **_: Any) -> None:
        self.attempts += 1


class Clients:
    """One client for all jobs that need the same; making one takes longer than a call."""

    def __init__(self) -> None:
        self.counter = Counter()
        self._made: dict[object, Any] = {}
        self._lock = Lock()

    def of(self, job: Job) -> Any:
        key = (job["service"], job.get("url"), job.get("timeout"))
        with self._lock:
            if key not in self._made:
                config = Config(read_timeout=job.get("timeout", 60), max_pool_connections=32)
                client: Any = boto3.client(job["service"], endpoint_url=job.get("url"), config=config)
                client.meta.events.register("before-send", self.counter.count)
                self._made[key] = client
            return self._made[key]


def ask(client: Any, job: Job) -> Job:
    """One call, or one traversal."""
    operation, arguments = job["operation"], job.get("input", {})
    try:
        if "size" in job:
            pages = client.get_paginator(operation).paginate(
                **arguments, PaginationConfig={"PageSize": job["size"] or None}
            )
            return {"answer": [without_metadata(page)[0] for page in pages]}
        answer, metadata = without_metadata(getattr(client, operation)(**arguments))
        return {"answer": answer, "retries": metadata["RetryAttempts"], "status": metadata["HTTPStatusCode"]}
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        status, retries = metadata["HTTPStatusCode"], metadata["RetryAttempts"]
        return {"error": error.response["Error"]["Code"], "status": status, "retries": retries}
    except BotoCoreError as error:
        return {"error": type(error).__name__}


def without_metadata(answer: Job) -> tuple[Job, Job]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}, answer["ResponseMetadata"]


def main(jobs: list[Job]) -> list[list[Job]]:
    """What came of the jobs."""
    clients, begin = Clients(), Barrier(len(jobs))
    results: list[list[Job]] = [[] for _ in jobs]

    def do(job: Job, result: list[Job]) -> None:
        begin.wait()
        for _ in range(job.get("times", 1)):
            clients.counter.attempts = 0
            came = ask(clients.of(job), job)
            result.append({**came, "attempts": clients.counter.attempts})

    for job in jobs:
        clients.of(job)
    threads = [Thread(target=do, args=both) for both in zip(jobs, results, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1])), default=str))
