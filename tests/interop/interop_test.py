"""Our nanocat with nanomsg's and nng's, and with itself: prints a matrix; exit code 1 if a case fails.

usage: interop_test.py OUR_NANOCAT [PART OF A CASE'S NAME]
"""

import concurrent.futures
import functools
import os
import signal
import sys
import time

import cases
import programs as programs_module
from processes import Case, Failed

WORKERS = 6  # they mostly wait for each other
TRANSPORTS = ["tcp", "ipc"]


class Job:
    """A case with its parameters, and where it stands in the matrix."""

    def __init__(self, row, column, function, **parameters):
        self.row = row
        self.column = column
        self.run = functools.partial(function, **parameters)
        self.failure = None
        self.seconds = 0.0

    @property
    def name(self):
        return "%s: %s" % (self.row, self.column)


def all_jobs():
    jobs = []
    for kind, answer in cases.PATTERNS.items():
        for transport in TRANSPORTS:
            for couple in cases.COUPLES:
                for binder in ("sender", "receiver"):
                    ends = ["%s %s" % (couple[0], kind), "%s %s" % (couple[1], answer)]
                    ends["sender receiver".split().index(binder)] += " (binds)"
                    for label, body in cases.BODIES.items():
                        jobs.append(Job("%s: %s" % (transport, " -> ".join(ends)), label, cases.transfer, kind=kind,
                                        transport=transport, binder=binder, couple=couple, body=body))
    for transport in TRANSPORTS:
        for binder, other in cases.COUPLES:
            jobs.append(Job("%s: pair both ways" % transport, "%s binds, %s" % (binder, other), cases.both_ways,
                            transport=transport, binder=binder, other=other))
        for publisher, subscriber in cases.COUPLES:
            for topics in cases.TOPICS:
                jobs.append(Job("%s: subscriptions, %s pub -> %s sub" % (transport, publisher, subscriber), topics,
                                cases.subscriptions, transport=transport, publisher=publisher, subscriber=subscriber,
                                topics=topics))
        for other in ("ours", "nanomsg", "nng"):
            jobs.append(Job("%s: one-shot push of 900 kB" % transport, "to " + other, cases.one_shot,
                            transport=transport, receiver=other))
            jobs.append(Job("%s: one byte over the limit" % transport, "from " + other, cases.over_the_limit,
                            transport=transport, sender=other))
            for kind, answer in cases.PATTERNS.items():
                for binder in ("ours", "theirs"):
                    jobs.append(Job("%s: %s killed in mid-message" % (transport, kind),
                                    "%s, %s" % (other, "we bind" if binder == "ours" else "it binds"),
                                    cases.sender_killed, kind=kind, transport=transport, binder=binder, other=other))
                jobs.append(Job("%s: %s killed in mid-message, sent to by our %s" % (transport, answer, kind), other,
                                cases.receiver_killed, kind=kind, transport=transport, other=other))
    for other in ("ours", "nanomsg", "nng"):
        jobs.append(Job("tcp: port 0", "from " + other, cases.port_zero, other=other))
    return jobs


def attempt(job, programs):
    start = time.monotonic()
    with Case() as case:
        try:
            job.run(case, programs)
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


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    # Bazel ends a test that takes too long by SIGTERM: every `with` still cleans up.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    programs, missing = programs_module.find(os.path.abspath(sys.argv[1]))
    for line in missing:
        print("FAILED: " + line)
    if missing:
        return 1
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    jobs = [job for job in all_jobs() if wanted in job.name]
    start = time.monotonic()
    # Long ones first, so that nobody waits for a last one.
    order = sorted(jobs, key=lambda job: "subscriptions, nng" not in job.name and "killed" not in job.name)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for future in [pool.submit(attempt, job, programs) for job in order]:
            future.result()
    print_matrix(jobs)
    failed = [job for job in jobs if job.failure]
    for job in failed:
        print("\nFAILED: %s (%.1f s)\n      %s" % (job.name, job.seconds, job.failure))
    slowest = max(jobs, key=lambda job: job.seconds)
    print("\n%d cases, %d failed, %.1f s; the slowest: %s (%.1f s)" %
          (len(jobs), len(failed), time.monotonic() - start, slowest.name, slowest.seconds))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
