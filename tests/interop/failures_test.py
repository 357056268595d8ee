"""Peers that are killed: in the middle of a message, with a request in their hands, and what the others do then.

usage: failures_test.py OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]
"""

import sys

import failure_cases as cases
import matrix
from matrix import Job
from peers import IMPLEMENTATIONS

TRANSPORTS = ["tcp", "ipc"]


def in_mid_message(transport):
    for kind, partner in cases.PARTNERS.items():
        for other in IMPLEMENTATIONS:
            if kind == "pair1" and other == "nanomsg":
                continue
            for direction in ("to us", "from us"):
                for binder in ("ours", "theirs"):
                    yield Job("%s: %s %s killed in a message %s %s" % (transport, other, partner, direction, kind),
                              "we bind" if binder == "ours" else "it binds", cases.killed_in_mid_message, kind=kind,
                              transport=transport, other=other, binder=binder, direction=direction)


def sent_again(transport):
    for other in IMPLEMENTATIONS:
        for requester_binds in (True, False):
            column = "req binds" if requester_binds else "reps bind"
            for requester, replier in dict.fromkeys([("ours", other), (other, "ours")]):
                yield Job("%s: %s req, one of two %s reps killed" % (transport, requester, replier), column,
                          cases.replier_killed, transport=transport, requester=requester,
                          repliers=[replier, replier], requester_binds=requester_binds)
                yield Job("%s: %s req, the only %s rep killed, twice" % (transport, requester, replier), column,
                          cases.replier_restarted, transport=transport, requester=requester, replier=replier,
                          requester_binds=requester_binds)
            yield Job("%s: %s req, two of three reps killed" % (transport, other), column, cases.replier_killed,
                      transport=transport, requester=other, repliers=IMPLEMENTATIONS, requester_binds=requester_binds)
        yield Job("%s: our req, many at a time, rep killed" % transport, other, cases.many_requests_moved,
                  transport=transport, replier=other)
        yield Job("%s: our req, a silent rep" % transport, other, cases.sent_again_in_time, transport=transport,
                  replier=other)
        yield Job("%s: our surveyor, one of three respondents killed" % transport, other, cases.respondent_killed,
                  transport=transport, other=other)
        for kind in ("req", "surveyor"):
            yield Job("%s: %s killed before our answer" % (transport, kind), other, cases.asker_killed, kind=kind,
                      transport=transport, other=other)


def all_jobs():
    return [job for transport in TRANSPORTS for section in (in_mid_message, sent_again) for job in section(transport)]


if __name__ == "__main__":
    sys.exit(matrix.run(all_jobs(), __doc__))
