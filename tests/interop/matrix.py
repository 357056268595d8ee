"""Runs cases side by side and prints what became of them, as a matrix."""

import concurrent.futures
import functools
import os
import random
import signal
import sys
import time

import programs as programs_module
from processes import Case, Failed

WORKERS = 6  # they mostly wait for each other

# What is in the names of cases that take long.
SLOW = ["subscriptions, nng", "killed", "deadline"]


class Job:
    """A case with its parameters, and where it stands in the matrix."""

    def __init__(self, row, column, function, **parameters):
        self.row = row
        self.column = column
        self.run = functools.partial(function, **parameters)
        self.failure = None
        self.seconds = 0.0
        self.seed = random.randrange(1, 1 << 31)

    @property
    def name(self):
        return "%s: %s" % (self.row, self.column)


def attempt(job, programs):
    start = time.monotonic()
    with Case(job.seed) as case:
        try:
            job.run(case, programs)
            case.expect_survivors()
        except Failed as failed:
            job.failure = "\n      ".join([str(failed)] + case.report())
    job.seconds = time.monotonic() - start
    return job


def print_matrix(jobs):
    rows = {}
    for job in jobs:
        rows.setdefault(job.row, []).append(job)
    width = max(len(row) for row in rows)
    for row, members in rows.items():
        results = ("%s %s" % (job.column, "FAILED" if job.failure else "ok") for job in members)
        print("%-*s  %s" % (width, row, " | ".join(results)))


def run(all_jobs, usage):
    """The main of a test: reads sys.argv, returns the exit code."""
    if len(sys.argv) < 3:
        print(usage)
        return 2
    # Bazel ends a test that takes too long by SIGTERM: every `with` still cleans up.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    programs, missing = programs_module.find(*map(os.path.abspath, sys.argv[1:3]))
    for line in missing:
        print("FAILED: " + line)
    if missing:
        return 1
    wanted = sys.argv[3] if len(sys.argv) > 3 else ""
    jobs = [job for job in all_jobs if wanted in job.name]
    if not jobs:
        print("no case has %r in its name" % wanted)
        return 1
    start = time.monotonic()
    # Long ones first, so that nobody waits for a last one.
    order = sorted(jobs, key=lambda job: not any(word in job.name for word in SLOW))
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(attempt, job, programs) for job in order]:
            future.result()
    print_matrix(jobs)
    failed = [job for job in jobs if job.failure]
    for job in failed:
        print("\nFAILED: %s (%.1f s, seed %d)\n      %s" % (job.name, job.seconds, job.seed, job.failure))
    slowest = max(jobs, key=lambda job: job.seconds)
    print("\n%d cases, %d failed, %.1f s; the slowest: %s (%.1f s)" %
          (len(jobs), len(failed), time.monotonic() - start, slowest.name, slowest.seconds))
    return 1 if failed else 0
