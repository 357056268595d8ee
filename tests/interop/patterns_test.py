"""Our library with nanomsg's and nng's, and with itself: what each pattern says, there and back.

usage: patterns_test.py OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]
"""

import itertools
import sys

import matrix
import pattern_cases as cases
from matrix import Job
from peers import IMPLEMENTATIONS

TRANSPORTS = ["tcp", "ipc"]

COUPLES = [("ours", "ours"), ("ours", "nanomsg"), ("ours", "nng"), ("nanomsg", "ours"), ("nng", "ours")]


def couples(kind):
    """nanomsg has no PAIR v1."""
    return [couple for couple in COUPLES if kind != "pair1" or "nanomsg" not in couple]


def exchanges(transport):
    for kind, answer in cases.EXCHANGES.items():
        for asker, answerer in couples(kind):
            for binder in ("asker", "answerer"):
                ends = ["%s %s" % (asker, kind), "%s %s" % (answerer, answer)]
                ends["asker answerer".split().index(binder)] += " (binds)"
                for label, body in cases.BODIES.items():
                    yield Job("%s: %s" % (transport, " <-> ".join(ends)), label, cases.there_and_back, kind=kind,
                              transport=transport, couple=(asker, answerer), binder=binder, body=body)


def one_with_many(transport):
    for name in IMPLEMENTATIONS:
        for binder in ("surveyor", "respondents"):
            yield Job("%s: %s surveyor, all three respond" % (transport, name), "%s binds" % binder,
                      cases.survey_of_all, transport=transport, surveyor=name, binder=binder)
        for binder in ("req", "reps"):
            yield Job("%s: %s req, all three reply in turn" % (transport, name), "%s binds" % binder,
                      cases.replies_of_all, transport=transport, requester=name, binder=binder)
        yield Job("%s: all three req" % transport, "%s rep" % name, cases.requests_of_all, transport=transport,
                  replier=name)
    for order in itertools.permutations(IMPLEMENTATIONS):
        yield Job("%s: bus, a mesh" % transport, " ".join(order), cases.bus_mesh, transport=transport, order=order)
    for hub, leaf in (("ours", "nng"), ("nng", "ours"), ("ours", "ours")):
        for binder in ("hub", "leaves"):
            yield Job("%s: %s polyamorous pair1, %s leaves" % (transport, hub, leaf), "%s binds" % binder,
                      cases.polyamorous, transport=transport, hub=hub, leaf=leaf, binder=binder)
    for hub, leaf in (("ours", "nng"), ("nng", "ours"), ("ours", "ours")):
        yield Job("%s: %s polyamorous pair1, to nobody by name" % (transport, hub), "%s leaves" % leaf,
                  cases.polyamorous_unnamed, transport=transport, hub=hub, leaf=leaf)


def mismatches(transport):
    for kind in cases.EXCHANGES:
        for other in ("nanomsg", "nng"):
            yield Job("%s: another pattern is refused" % transport, "%s, %s" % (cases.EXCHANGES[kind], other),
                      cases.mismatch, kind=kind, transport=transport, other=other)


def many_at_a_time(transport):
    for asker, answerer in COUPLES:
        for kind in ("req", "surveyor"):
            yield Job("%s: %s %s, late answers" % (transport, asker, kind), "of " + answerer, cases.late_answer,
                      kind=kind, transport=transport, couple=(asker, answerer))
        for kind, answer in (("req", "rep"), ("surveyor", "respondent")):
            row = "%s: %s %s, many at a time" % (transport, asker, kind)
            if asker != "nanomsg":
                yield Job(row, "%s %s, one by one" % (answerer, answer), cases.many_one_by_one, kind=kind,
                          transport=transport, couple=(asker, answerer))
            if "nanomsg" not in (asker, answerer):
                yield Job(row, "%s %s, backwards" % (answerer, answer), cases.many_backwards, kind=kind,
                          transport=transport, couple=(asker, answerer))
        yield Job("%s: several answers" % transport, "%s raw respondent, %s surveyor" % (answerer, asker),
                  cases.several_answers, kind="surveyor", transport=transport, asker=asker, answerer=answerer)
        if asker != "nanomsg":  # which keeps the last one
            yield Job("%s: several answers" % transport, "%s raw rep, %s req" % (answerer, asker),
                      cases.several_answers, kind="req", transport=transport, asker=asker, answerer=answerer)
        yield Job("%s: %s surveyor, a deadline passes" % (transport, asker), "%s respondent" % answerer,
                  cases.deadline, transport=transport, couple=(asker, answerer))


def hop_limits(transport):
    for kind in ("req", "surveyor", "pair1"):
        for sender, receiver in couples(kind):
            for limit in (None, 3, 1):
                ends = (transport, sender, kind, receiver, cases.EXCHANGES[kind])
                yield Job("%s: hop limit, %s raw %s -> %s %s" % ends,
                          "the default" if limit is None else str(limit), cases.hop_limit, kind=kind,
                          transport=transport, sender=sender, receiver=receiver, limit=limit)


SECTIONS = [exchanges, one_with_many, mismatches, many_at_a_time, hop_limits]


def all_jobs():
    return [job for transport in TRANSPORTS for section in SECTIONS for job in section(transport)]


if __name__ == "__main__":
    sys.exit(matrix.run(all_jobs(), __doc__))
