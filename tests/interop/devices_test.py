"""Through devices: ours between nanomsg's and nng's peers, theirs between ours, and several in a row.

usage: devices_test.py OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]
"""

import itertools
import sys

import device_cases as cases
import matrix
from matrix import Job
from peers import IMPLEMENTATIONS

TRANSPORTS = ["tcp", "ipc"]

# asker, devices, answerer
LONG_WAYS = [
    ["nanomsg", "ours", "ours", "nng"],
    ["nng", "ours", "ours", "nanomsg"],
    ["ours", "nanomsg", "ours", "nng"],
    ["nng", "ours", "nng", "ours"],
    ["nanomsg", "nng", "ours", "nanomsg"],
    ["ours", "nng", "nanomsg", "ours"],
]
LONG_WAYS_OF_PAIR1 = [["nng", "ours", "ours", "nng"], ["ours", "nng", "ours", "nng"], ["nng", "ours", "nng", "ours"]]


def exist(kind, names):
    """nanomsg has no PAIR v1."""
    return kind != "pair1" or "nanomsg" not in names


def one_device(transport):
    for kind in cases.SIDES:
        for asker, answerer in itertools.product(IMPLEMENTATIONS, IMPLEMENTATIONS):
            for ends_bind in ((False, True) if kind == "req" else (False,)):
                if exist(kind, (asker, answerer)):
                    yield Job("%s: %s %s -> our device" % (transport, asker, kind),
                              answerer + (", the ends bind" if ends_bind else ""), cases.through, kind=kind,
                              transport=transport, names=[asker, "ours", answerer], ends_bind=ends_bind)
        for device, answerer in itertools.product(("nanomsg", "nng"), IMPLEMENTATIONS):
            if exist(kind, (device, answerer)):
                yield Job("%s: our %s -> %s device" % (transport, kind, device), answerer, cases.through, kind=kind,
                          transport=transport, names=["ours", device, answerer])
    for device in IMPLEMENTATIONS:
        yield Job("%s: bus, a device that reflects" % transport, device, cases.reflector, transport=transport,
                  device=device)


def several_devices(transport):
    for kind in ("req", "surveyor", "pair1"):
        for names in LONG_WAYS_OF_PAIR1 if kind == "pair1" else LONG_WAYS:
            yield Job("%s: %s, two devices" % (transport, kind), " - ".join(names), cases.through, kind=kind,
                      transport=transport, names=names)
    for kind in ("req", "surveyor"):
        for count in (7, 8):
            yield Job("%s: %s, a long chain" % (transport, kind), "%d devices" % count, cases.long_chain, kind=kind,
                      transport=transport, devices=count)
        for before in IMPLEMENTATIONS:
            yield Job("%s: %s, a device lets one hop pass" % (transport, kind), "behind one of %s" % before,
                      cases.limited_device, kind=kind, transport=transport, before=before)
        for device in IMPLEMENTATIONS:
            yield Job("%s: %s, three on each side" % (transport, kind), device, cases.crowd, kind=kind,
                      transport=transport, device=device)


def between_programs(transport):
    for kind in ("req", "surveyor"):
        for asker, answerer in itertools.product(IMPLEMENTATIONS, IMPLEMENTATIONS):
            yield Job("%s: program of %s, %s -> our device" % (transport, asker, kind), "program of " + answerer,
                      cases.programs_through, kind=kind, transport=transport, asker=asker, answerer=answerer)


def all_jobs():
    return [
        job for transport in TRANSPORTS for section in (one_device, several_devices, between_programs)
        for job in section(transport)
    ]


if __name__ == "__main__":
    sys.exit(matrix.run(all_jobs(), __doc__))
