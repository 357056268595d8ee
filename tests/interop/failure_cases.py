"""The cases of failures_test. Each is a function of (Case, programs, parameters) that raises Failed, or returns."""

import peers
from pattern_cases import long_survey
from peers import exchange, short
from processes import expect
from relay import Relay

# Each type, and whom it talks to.
PARTNERS = {"req": "rep", "rep": "req", "surveyor": "respondent", "respondent": "surveyor", "bus": "bus",
            "pair": "pair", "pair1": "pair1"}

# Those that say nothing unless they were asked.
ANSWERERS = ("rep", "respondent")

BIG = bytes(range(256)) * 4000  # less than nanomsg's limit
PART = 300000  # bytes of it, and of what comes before


def start_victim(case, programs, name, kind, binds, connects):
    return peers.start(case, programs[name], kind, binds, connects, **long_survey(kind))


def killed_in_mid_message(case, programs, kind, transport, other, binder, direction):
    """Our peer (of type `kind`) is in the middle of a message of another one, or to it, when that one is killed. It
    goes on with the next one; nothing of the broken message is seen."""
    victim_kind = PARTNERS[kind]
    behind = case.address(transport)
    relay = case.add(Relay(case, transport, behind))
    # The relay passes on what comes to the one who binds, which it does behind it.
    we_bind = binder == "ours"
    relay.cut(to_listener=we_bind == (direction == "to us"), size=PART)
    mine = ([behind], []) if we_bind else ([], [relay.address])
    yours = ([], [relay.address]) if we_bind else ([behind], [])

    # Who binds comes first, so that the wire's other end is there.
    if we_bind:
        ours = start_victim(case, programs, "ours", kind, *mine)
        victim = start_victim(case, programs, other, victim_kind, *yours)
    else:
        victim = start_victim(case, programs, other, victim_kind, *yours)
        ours = start_victim(case, programs, "ours", kind, *mine)
    for peer in (ours, victim):
        peer.expect_peers(1)

    sender, receiver = (victim, ours) if direction == "to us" else (ours, victim)
    if (kind if direction == "from us" else victim_kind) in ANSWERERS:
        receiver.send(b"question")
        sender.expect_recv(b"question")
    sender.tell_send(BIG)
    relay.wait_until_cut()
    victim.kill()
    relay.drop()
    if direction == "from us":
        # Accepted, or refused because the peer has gone: all but hang.
        ours.answer()
    else:
        case.until(lambda: "truncated" in ours.errors(), "%s is to say what happened" % ours)
    ours.expect_peers(0)

    victim = start_victim(case, programs, other, victim_kind, *yours)
    for peer in (ours, victim):
        peer.expect_peers(1)
    go_on(ours, victim, kind, direction)


def go_on(ours, victim, kind, direction):
    """With the next one in the place of the one that was killed."""
    if kind in ANSWERERS:
        if direction == "from us":
            exchange(victim, ours, b"the next", BIG)
        exchange(victim, ours, BIG, b"answer")
        return
    if kind == "req":
        # The request that was under way is sent again.
        again = victim.recv().body
        wanted = BIG if direction == "from us" else b"question"
        expect(again == wanted, "%s received %s" % (victim, short(again)))
        victim.send(BIG)
        ours.expect_recv(BIG)
    if kind in ("pair", "pair1") and direction == "from us":
        # What the dead one did not get may come, or not; never a part of it.
        ours.send(b"the last")
        first = victim.recv().body
        expect(first in (BIG, b"the last"), "%s received %s" % (victim, short(first)))
        if first == BIG:
            victim.expect_recv(b"the last")
        victim.send(BIG)
        ours.expect_recv(BIG)
        return
    exchange(ours, victim, b"the last", BIG)


def start_pair_of(case, programs, transport, one, many, requester_binds):
    """A REQ that has several REPs, by implementation; returns (req, [rep])."""
    if requester_binds:
        address = case.address(transport)
        requester = peers.start(case, programs[one], "req", binds=[address])
        repliers = [peers.start(case, programs[name], "rep", connects=[address]) for name in many]
    else:
        addresses = [case.address(transport) for _ in many]
        repliers = [peers.start(case, programs[name], "rep", binds=[address])
                    for name, address in zip(many, addresses)]
        requester = peers.start(case, programs[one], "req", connects=addresses)
    requester.expect_peers(len(many))
    return requester, repliers


def next_asked(case, repliers):
    """Of those that were told to recv."""
    case.until(lambda: any(replier.has_answered() for replier in repliers), "somebody is to be asked")
    return next(replier for replier in repliers if replier.has_answered())


def replier_killed(case, programs, transport, requester, repliers, requester_binds):
    """A REP that is killed with a request in its hands: the request goes to another one, which answers."""
    asking, answering = start_pair_of(case, programs, transport, requester, repliers, requester_binds)
    asking.send(b"question")
    for replier in answering:
        replier.tell("recv")
    while len(answering) > 1:
        asked = next_asked(case, answering)
        asked.kill()
        answering.remove(asked)
    last = answering[0]
    got = peers.message(last.want("got")).body
    expect(got == b"question", "%s received %s" % (last, short(got)))
    last.send(b"answer")
    asking.expect_recv(b"answer")
    exchange(asking, last)


def replier_restarted(case, programs, transport, requester, replier, requester_binds):
    """The only REP is killed with a request in its hands, and another one is started in its place: it answers."""
    address = case.address(transport)
    sides = {True: {"binds": [address]}, False: {"connects": [address]}}

    def start(name, kind):
        return peers.start(case, programs[name], kind, **sides[requester_binds == (kind == "req")])

    order = [(requester, "req"), (replier, "rep")]
    started = {kind: start(name, kind) for name, kind in (order if requester_binds else reversed(order))}
    asking, answering = started["req"], started["rep"]
    for number in range(2):
        asking.send(b"question %d" % number)
        answering.expect_recv(b"question %d" % number)
        answering.kill()
        answering = start(replier, "rep")
        answering.expect_recv(b"question %d" % number)
        answering.send(b"answer %d" % number)
        asking.expect_recv(b"answer %d" % number)
    exchange(asking, answering)


def many_requests_moved(case, programs, transport, replier):
    """Many requests at a time, of which the first REP has answered some when it is killed: another one has the rest."""
    address = case.address(transport)
    asking = peers.start(case, programs["ours"], "req", binds=[address])
    first = peers.start(case, programs[replier], "rep", connects=[address])
    asking.expect_peers(1)
    asked = {asking.ask(b"question %d" % index): b"question %d" % index for index in range(30)}
    answered = set()
    for _ in range(10):
        question = first.recv().body
        answered.add(question)
        first.send(b"answer to " + question)
    for number, question in asked.items():
        if question in answered:
            reply = asking.reply(number).body
            expect(reply == b"answer to " + question, "%s was answered with %s" % (question, short(reply)))
    first.kill()
    second = peers.start(case, programs[replier], "rep", connects=[address])
    rest = [number for number, question in asked.items() if question not in answered]
    for _ in rest:
        question = second.recv().body
        expect(question not in answered, "%s was answered, and asked again" % question)
        second.send(b"answer to " + question)
    for number in rest:
        reply = asking.reply(number).body
        expect(reply == b"answer to " + asked[number], "%s was answered with %s" % (asked[number], short(reply)))


def sent_again_in_time(case, programs, transport, replier):
    """A REP that is there and does not answer: after the resend time another one is asked, with the same question. The
    first answer counts, the other one disturbs nobody."""
    asking, answering = start_slow_pair(case, programs, transport, replier)
    asking.send(b"question")
    for one in answering:
        one.tell("recv")
    silent = next_asked(case, answering)
    expect(peers.message(silent.want("got")).body == b"question", "%s was asked something else" % silent)
    other = next(one for one in answering if one is not silent)
    expect(peers.message(other.want("got")).body == b"question", "%s was asked something else" % other)
    other.send(b"answer")
    asking.expect_recv(b"answer")
    silent.send(b"too late")
    # Whoever is asked answers, as often as it is: under load the question may have been sent more often than twice.
    asking.send(b"next")
    asking.tell("recv")
    for one in answering:
        one.tell("recv")

    def answered():
        for one in answering:
            if one.has_answered():
                one.send_after_recv(b"answer to ")
                one.tell("recv")
        return asking.has_answered()

    case.until(answered, "an answer")
    reply = peers.message(asking.want("got")).body
    expect(reply == b"answer to next", "%s received %s" % (asking, short(reply)))


def start_slow_pair(case, programs, transport, replier):
    address = case.address(transport)
    asking = peers.start(case, programs["ours"], "req", binds=[address], resend=300)
    answering = [peers.start(case, programs[replier], "rep", connects=[address]) for _ in range(2)]
    asking.expect_peers(2)
    return asking, answering


def respondent_killed(case, programs, transport, other):
    """One of three respondents is killed with a survey in its hands: the others' answers count, and so does the next
    survey's answer of one that comes in its place."""
    address = case.address(transport)
    asking = start_victim(case, programs, "ours", "surveyor", [address], [])
    answering = [start_victim(case, programs, other, "respondent", [], [address]) for _ in range(3)]
    asking.expect_peers(3)
    asking.send(b"first")
    for one in answering:
        one.expect_recv(b"first")
    answering.pop().kill()
    asking.expect_peers(2)
    expect_answers(asking, answering)
    answering.append(start_victim(case, programs, other, "respondent", [], [address]))
    asking.expect_peers(3)
    asking.send(b"second")
    for one in answering:
        one.expect_recv(b"second")
    expect_answers(asking, answering)


def expect_answers(asking, answering):
    for index, one in enumerate(answering):
        one.send(b"answer %d" % index)
    received = sorted(asking.recv().body for _ in answering)
    expect(received == [b"answer %d" % index for index, _ in enumerate(answering)],
           "%s received %s" % (asking, received))


def asker_killed(case, programs, kind, transport, other):
    """Who asked is killed before the answer: it goes nowhere, and the next one is served, and not with that answer."""
    address = case.address(transport)
    answering = peers.start(case, programs["ours"], PARTNERS[kind], binds=[address])
    for number in range(3):
        asking = start_victim(case, programs, other, kind, [], [address])
        asking.expect_peers(1)
        exchange(asking, answering, b"hello %d" % number)
        asking.send(b"question %d" % number)
        answering.expect_recv(b"question %d" % number)
        asking.kill()
        answering.expect_peers(0)
        answering.tell("send", peers.to_hex(b"to nobody"))
        answering.answer()
    asking = start_victim(case, programs, other, kind, [], [address])
    asking.expect_peers(1)
    exchange(asking, answering)
