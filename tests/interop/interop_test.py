"""Our nanocat with nanomsg's and nng's, and with itself: prints a matrix; exit code 1 if a case fails.

usage: interop_test.py OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]
"""

import sys

import cases
import matrix
from matrix import Job

TRANSPORTS = ["tcp", "ipc"]


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
    for kind, answer in cases.QUESTIONS.items():
        for transport in TRANSPORTS:
            for asker, answerer in cases.COUPLES:
                for binder in ("asker", "answerer"):
                    ends = ["%s %s" % (asker, kind), "%s %s" % (answerer, answer)]
                    ends["asker answerer".split().index(binder)] += " (binds)"
                    for label, body in cases.BODIES.items():
                        # The limit counts the word of header that a question has.
                        jobs.append(Job("%s: %s" % (transport, " <-> ".join(ends)), label, cases.answers, kind=kind,
                                        transport=transport, binder=binder, couple=(asker, answerer),
                                        body=body[:cases.LIMIT - 4]))
    for transport in TRANSPORTS:
        for binder, other in cases.COUPLES:
            for kind in ("pair", "pair1", "bus"):
                if kind != "pair1" or "nanomsg" not in (binder, other):  # which has none
                    jobs.append(Job("%s: %s both ways" % (transport, kind), "%s binds, %s" % (binder, other),
                                    cases.both_ways, kind=kind, transport=transport, binder=binder, other=other))
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


if __name__ == "__main__":
    sys.exit(matrix.run(all_jobs(), __doc__))
