"""Makes many calls at the same time, and prints the results of all as one JSON list.

    python tests/programs/ask_in_threads.py JOBS

JOBS is a JSON list of jobs. Each job runs in its own thread; all start together. A job has a `service` and an
`operation` as boto3 spells them. It may have `input`; `url`, the endpoint; `size`, the page size that a paginator
requests (0: the service chooses it); `timeout`, the read timeout in seconds; `times`, the number of calls. The result
of a job is a list with one object for each call: `answer` (the output, or a list of pages) or `error` (a code, or the
name of an exception), `status`, `attempts` (the number of requests sent), and `retries` (as the SDK reports them).
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
    """Counts the attempts of the current thread."""

    attempts = 0

    def count(self, **_: Any) -> None:
        self.attempts += 1


class Clients:
    """Creates one client for all jobs with the same settings, since creating one takes longer than a call."""

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
    """Makes one call, or traverses one listing; returns its result."""
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
    """Runs the jobs; returns their results."""
    clients, begin = Clients(), Barrier(len(jobs))
    results: list[list[Job]] = [[] for _ in jobs]

    def run(job: Job, result: list[Job]) -> None:
        begin.wait()
        for _ in range(job.get("times", 1)):
            clients.counter.attempts = 0
            response = ask(clients.of(job), job)
            result.append({**response, "attempts": clients.counter.attempts})

    for job in jobs:
        clients.of(job)
    threads = [Thread(target=run, args=pair) for pair in zip(jobs, results, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1])), default=str))
