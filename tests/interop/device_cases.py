"""The cases of devices_test. Each is a function of (Case, programs, parameters) that raises Failed, or returns."""

import peers
from pattern_cases import EXCHANGES, long_survey
from peers import IMPLEMENTATIONS, exchange
from processes import expect

# What a device has towards who begins and towards who answers.
SIDES = {
    "req": ["rep/raw", "req/raw"],
    "surveyor": ["respondent/raw", "surveyor/raw"],
    "bus": ["bus/raw", "bus/raw"],
    "pair": ["pair/raw", "pair/raw"],
    "pair1": ["pair1/raw", "pair1/raw"],
    "push": ["pull/raw", "push/raw"],
    "pub": ["sub/raw", "pub/raw"],
}

ONE_WAY = {"push": "pull", "pub": "sub"}


def start_chain(case, programs, transport, kind, names, ends_bind=False, **options):
    """asker - device - ... - answerer, by implementation; `options` are for all. Over tcp and ipc by turns. Returns
    them when each has met its neighbours."""
    last = len(names) - 1
    transports = [transport, "ipc" if transport == "tcp" else "tcp"]
    addresses = [case.address(transports[edge % 2]) for edge in range(last)]
    # Of each edge, the one who binds; in the middle it does not matter.
    binder = [edge + 1 for edge in range(last)]
    if ends_bind:
        binder[0] = 0
    elif last > 1:
        binder[-1] = last - 1
    started = []
    for index, name in enumerate(names):
        edges = [edge for edge in (index - 1, index) if 0 <= edge < last]
        binds = [[addresses[edge]] if binder[edge] == index else [] for edge in edges]
        connects = [[addresses[edge]] if binder[edge] != index else [] for edge in edges]
        if index in (0, last):
            sockets = kind if index == 0 else {**EXCHANGES, **ONE_WAY}[kind]
            binds, connects = binds[0], connects[0]
        else:
            sockets = SIDES[kind]
        started.append(peers.start(case, programs[name], sockets, binds, connects, **options))
    for index, peer in enumerate(started):
        peer.expect_peers(1 if index in (0, last) else 2)
    return started


def through(case, programs, kind, transport, names, ends_bind=False):
    """There and back through devices, exactly; or only there."""
    asker, *_, answerer = start_chain(case, programs, transport, kind, names, ends_bind, **long_survey(kind))
    for body in (b"text", b"", bytes(range(256)) * 400):
        if kind in ONE_WAY:
            asker.send(body)
            answerer.expect_recv(body)
        else:
            exchange(asker, answerer, body, body[::-1])


def crowd(case, programs, kind, transport, device):
    """Several on both sides of a device: each answer finds the one who asked."""
    front, back = case.address(transport), case.address(transport)
    middle = peers.start(case, programs[device], SIDES[kind], [[front], [back]], [[], []])
    askers = [peers.start(case, programs[name], kind, connects=[front], **long_survey(kind))
              for name in IMPLEMENTATIONS]
    answerers = [peers.start(case, programs[name], EXCHANGES[kind], connects=[back]) for name in IMPLEMENTATIONS]
    middle.expect_peers(len(askers) + len(answerers))
    for end in askers + answerers:  # a survey goes to whoever is there by the surveyor's own count
        end.expect_peers(1)
    questions = [b"question of %d" % index for index, _ in enumerate(askers)]
    for asker, question in zip(askers, questions):
        asker.send(question)
    per_question = len(answerers) if kind == "surveyor" else 1
    waiting = len(questions) * per_question
    for answerer in answerers:
        answerer.tell("recv")
    while waiting:
        case.until(lambda: any(answerer.has_answered() for answerer in answerers), "somebody is to be asked")
        for answerer in answerers:
            if answerer.has_answered():
                answerer.send_after_recv(b"answer to ")
                answerer.tell("recv")
                waiting -= 1
    for asker, question in zip(askers, questions):
        for _ in range(per_question):
            asker.expect_recv(b"answer to " + question)


def reflector(case, programs, transport, device):
    """A device with one socket: what one says, each other one hears once, and who said it does not."""
    address = case.address(transport)
    middle = peers.start(case, programs[device], "bus/raw", [address], reflects=True)
    members = [peers.start(case, programs[name], "bus", connects=[address]) for name in IMPLEMENTATIONS]
    middle.expect_peers(len(members))
    for member in members:
        member.expect_peers(1)
    for speaker in members * 2:
        body = b"I am %d" % members.index(speaker)
        speaker.send(body)
        for member in members:
            if member is not speaker:
                member.expect_recv(body)


def limited_device(case, programs, kind, transport, before):
    """A device that lets one hop pass drops what came through another device, and serves who comes directly."""
    far, near, back = (case.address(transport) for _ in range(3))
    answerer = peers.start(case, programs["ours"], EXCHANGES[kind], binds=[back])
    limited = peers.start(case, programs["ours"], SIDES[kind], [[near], []], [[], [back]], hops=1)
    first = peers.start(case, programs[before], SIDES[kind], [[far], []], [[], [near]])
    asker = peers.start(case, programs["ours"], kind, connects=[far], **long_survey(kind))
    direct = peers.start(case, programs["ours"], kind, connects=[near], **long_survey(kind))
    first.expect_peers(2)
    limited.expect_peers(3)
    for end in (answerer, asker, direct):
        end.expect_peers(1)
    asker.send(b"too far")
    case.until(lambda: "too_many_hops" in limited.errors(), "%s is to drop it" % limited)
    exchange(direct, answerer)


def long_chain(case, programs, kind, transport, devices):
    """The default limit of all three is 8 hops: seven devices and the end."""
    names = [IMPLEMENTATIONS[index % 3] for index in range(devices)]
    asker, *_, answerer = start_chain(case, programs, transport, kind, ["ours"] + names + ["ours"],
                                      **long_survey(kind))
    if devices <= 7:
        exchange(asker, answerer)
        return
    asker.send(b"too far")
    case.until(lambda: "too_many_hops" in answerer.errors(), "%s is to drop it" % answerer)


def programs_through(case, programs, kind, transport, asker, answerer):
    """The programs, with our device between them."""
    front, back = case.address(transport), case.address(transport)
    device = peers.start(case, programs["ours"], SIDES[kind], [[front], [back]], [[], []])
    question, answer = case.file("question", b"question"), case.file("answer", b"answer")
    replying = case.start(programs[answerer].argv(EXCHANGES[kind], [], [back], body_file=answer))
    device.expect_peers(1)
    # Who surveys before it is connected asks nobody: again, then.
    asking = case.start(programs[asker].argv(kind, [], [front], body_file=question,
                                             interval=1 if kind == "surveyor" else None))
    expect(replying.messages(1)[0] == b"question", "%s got something else" % replying)
    expect(asking.messages(1)[0] == b"answer", "%s got something else" % asking)
    if kind == "req":
        asking.expect_exit()
