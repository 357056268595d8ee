"""The cases of patterns_test. Each is a function of (Case, programs, parameters) that raises Failed, or returns."""

import peers
from peers import IMPLEMENTATIONS, exchange, short
from processes import expect

# Who begins, and who answers.
EXCHANGES = {"req": "rep", "surveyor": "respondent", "bus": "bus", "pair": "pair", "pair1": "pair1"}

# The limit of nanomsg and ours is 1 MiB, with a word of header.
BODIES = {
    "empty": b"",
    "text": b"hello, world",
    "binary": bytes(range(256)),
    "1 MiB": (bytes(range(256)) * (1 << 12))[4:],
}


def start_couple(case, programs, transport, couple, kinds, binder=1, **options):
    """Two peers, of which `binder` (0 or 1) binds; returns them when they have met."""
    address = case.address(transport)
    started = [None, None]
    for index in (binder, 1 - binder):
        where = {"binds" if index == binder else "connects": [address]}
        started[index] = peers.start(case, programs[couple[index]], kinds[index], **where, **options)
    for peer in started:
        peer.expect_peers(1)
    return started


def there_and_back(case, programs, kind, transport, couple, binder, body):
    """What is asked arrives exactly, and the answer comes back exactly, again and again."""
    asker, answerer = start_couple(case, programs, transport, couple, (kind, EXCHANGES[kind]),
                                   "asker answerer".split().index(binder), **long_survey(kind))
    for answer in (body[::-1], b"", body):
        exchange(asker, answerer, body, answer)


def long_survey(kind):
    return {"deadline": 15000} if kind == "surveyor" else {}


def start_star(case, programs, transport, centre, leaves, centre_binds, **options):
    """One peer that talks to several. Both are (implementation, type); returns (centre, [leaf])."""
    count = len(leaves)
    if centre_binds:
        addresses = [case.address(transport)] * count
        middle = peers.start(case, programs[centre[0]], centre[1], binds=addresses[:1], **options)
        around = [peers.start(case, programs[name], kind, connects=[address])
                  for (name, kind), address in zip(leaves, addresses)]
    else:
        addresses = [case.address(transport) for _ in leaves]
        around = [peers.start(case, programs[name], kind, binds=[address])
                  for (name, kind), address in zip(leaves, addresses)]
        middle = peers.start(case, programs[centre[0]], centre[1], connects=addresses, **options)
    middle.expect_peers(count)
    for leaf in around:
        leaf.expect_peers(1)
    return middle, around


def survey_of_all(case, programs, transport, surveyor, binder):
    """Everybody is asked and everybody's answer counts."""
    centre, respondents = start_star(case, programs, transport, (surveyor, "surveyor"),
                                     [(name, "respondent") for name in IMPLEMENTATIONS + ("ours",)],
                                     binder == "surveyor", deadline=15000)
    for number in range(3):
        question = b"question %d" % number
        centre.send(question)
        answers = []
        for index, respondent in enumerate(respondents):
            respondent.expect_recv(question)
            answers.append(b"%d %d" % (number, index))
            respondent.send(answers[-1])
        received = sorted(centre.recv().body for _ in respondents)
        expect(received == answers, "%s received %s, not %s" % (centre, received, answers))


def replies_of_all(case, programs, transport, requester, binder):
    """A REQ asks its repliers in turn."""
    centre, repliers = start_star(case, programs, transport, (requester, "req"),
                                  [(name, "rep") for name in IMPLEMENTATIONS], binder == "req")
    for replier in repliers:
        replier.tell("recv")
    for number in range(len(repliers)):
        question = b"question %d" % number
        centre.send(question)
        case.until(lambda: any(replier.has_answered() for replier in repliers), "somebody is to be asked")
        asked = next(replier for replier in repliers if replier.has_answered())
        expect(peers.message(asked.want("got")).body == question, "%s was asked something else" % asked)
        asked.send(b"answer")
        centre.expect_recv(b"answer")
        repliers.remove(asked)
    expect(not repliers, "not everybody was asked")


def requests_of_all(case, programs, transport, replier):
    """Many requesters, one REP: each has the answer to its own question."""
    centre, requesters = start_star(case, programs, transport, (replier, "rep"),
                                    [(name, "req") for name in IMPLEMENTATIONS * 2], True)
    for index, requester in enumerate(requesters):
        requester.send(b"question %d" % index)
    for _ in requesters:
        centre.send(b"answer to " + centre.recv().body)
    for index, requester in enumerate(requesters):
        requester.expect_recv(b"answer to question %d" % index)


def bus_mesh(case, programs, transport, order):
    """Everybody is connected with everybody: what one says, each other one hears once, and nobody else says it on."""
    nodes, addresses = [], []
    for name in order:
        address = case.address(transport)
        nodes.append(peers.start(case, programs[name], "bus", binds=[address], connects=addresses))
        addresses.append(address)
    for node in nodes:
        node.expect_peers(len(nodes) - 1)
    for number in range(2):
        for name, node in zip(order, nodes):
            node.send(b"%s %d" % (name.encode(), number))
        for name, node in zip(order, nodes):
            wanted = sorted(b"%s %d" % (other.encode(), number) for other in order if other != name)
            heard = sorted(node.recv().body for _ in wanted)
            expect(heard == wanted, "%s heard %s, not %s" % (node, heard, wanted))


def polyamorous(case, programs, hub, leaf, transport, binder):
    """A PAIR v1 with many peers: it knows who said what, and says something to each of them alone."""
    centre, leaves = start_star(case, programs, transport, (hub, "pair1/poly"), [(leaf, "pair1")] * 3, binder == "hub")
    numbers = {}
    for index, one in enumerate(leaves):
        one.send(b"leaf %d" % index)
    for _ in leaves:
        received = centre.recv()
        expect(received.body not in numbers, "%s arrived twice" % received.body)
        numbers[received.body] = received.peer
    expect(len(set(numbers.values())) == len(leaves), "each has a number of its own: %s" % numbers)
    for round_number in range(2):
        for index in (2, 0, 1):
            centre.send(b"to %d, %d" % (index, round_number), peer=numbers[b"leaf %d" % index])
    for index, one in enumerate(leaves):
        for round_number in range(2):
            one.expect_recv(b"to %d, %d" % (index, round_number))
    # Who has gone is no longer there, and in nobody's way.
    leaves[0].kill()
    centre.expect_peers(len(leaves) - 1)
    centre.send(b"still there?", peer=numbers[b"leaf 1"])
    leaves[1].expect_recv(b"still there?")


def polyamorous_unnamed(case, programs, hub, leaf, transport):
    """Without a name a message goes to who has been there longest, also when that one has gone."""
    address = case.address(transport)
    centre = peers.start(case, programs[hub], "pair1/poly", binds=[address])
    leaves = []
    for count in range(1, 4):
        leaves.append(peers.start(case, programs[leaf], "pair1", connects=[address]))
        centre.expect_peers(count)
    centre.send(b"to the first")
    leaves[0].expect_recv(b"to the first")
    leaves[0].kill()
    centre.expect_peers(2)
    centre.send(b"to the second")
    leaves[1].expect_recv(b"to the second")


def several_answers(case, programs, kind, transport, asker, answerer):
    """One respondent answers a survey twice, which counts; one REP a request twice, which does not."""
    asking, answering = start_couple(case, programs, transport, (asker, answerer), (kind, EXCHANGES[kind] + "/raw"),
                                     **long_survey(kind))
    for number in range(2):
        asking.send(b"question %d" % number)
        question = answering.expect_recv(b"question %d" % number)
        for answer in (b"first %d", b"second %d"):
            answering.send(answer % number, question.header)
        asking.expect_recv(b"first %d" % number)
        if kind == "surveyor":
            asking.expect_recv(b"second %d" % number)


def mismatch(case, programs, kind, transport, other):
    """Who talks another pattern is refused, again and again, and is in nobody's way."""
    address = case.address(transport)
    listener = peers.start(case, programs["ours"], EXCHANGES[kind], binds=[address])
    wrong = peers.start(case, programs[other], "pair" if kind != "pair" else "bus", connects=[address])
    case.until(lambda: listener.errors().count("protocol_mismatch") >= 2, "%s is to be refused twice" % wrong)
    right = peers.start(case, programs["nng" if kind == "pair1" else other], kind, connects=[address],
                        **long_survey(kind))
    listener.expect_peers(1)
    right.expect_peers(1)
    exchange(right, listener)
    wrong.expect_peers(0)


def late_answer(case, programs, kind, transport, couple):
    """A new question ends the one before: its answer, which comes late, is nobody's."""
    asker, answerer = start_couple(case, programs, transport, couple, (kind, EXCHANGES[kind]), **long_survey(kind))
    asker.send(b"first")
    answerer.expect_recv(b"first")
    asker.send(b"second")
    answerer.send(b"to the first")
    answerer.expect_recv(b"second")
    answerer.send(b"to the second")
    asker.expect_recv(b"to the second")
    exchange(asker, answerer)


# nng's surveyor keeps so many surveys for a respondent that is slow, and then loses some.
MANY = {"req": 50, "surveyor": 8}


def questions_and_numbers(asker, kind):
    return {asker.ask(b"question %d" % index): b"question %d" % index for index in range(MANY[kind])}


def expect_replies(asker, asked):
    for number in sorted(asked, reverse=True):
        reply = asker.reply(number).body
        expect(reply == b"answer to " + asked[number], "%s was answered with %s" % (asked[number], short(reply)))


def many_one_by_one(case, programs, kind, transport, couple):
    """Many requests or surveys at a time, of which one is taken and answered after the other."""
    asker, answerer = start_couple(case, programs, transport, couple, (kind, EXCHANGES[kind]), **long_survey(kind))
    asked = questions_and_numbers(asker, kind)
    for _ in asked:
        answerer.send(b"answer to " + answerer.recv().body)
    expect_replies(asker, asked)


def many_backwards(case, programs, kind, transport, couple):
    """All are taken before the first is answered, which is the last."""
    asker, answerer = start_couple(case, programs, transport, couple, (kind, EXCHANGES[kind]), **long_survey(kind))
    asked = questions_and_numbers(asker, kind)
    for number, body in reversed([answerer.take() for _ in asked]):
        answerer.answer_to(number, b"answer to " + body)
    expect_replies(asker, asked)


def deadline(case, programs, transport, couple):
    """After its deadline a survey takes no answer, and the next one is not disturbed by it."""
    asker, answerer = start_couple(case, programs, transport, couple, ("surveyor", "respondent"), deadline=2000)
    asker.send(b"first")
    answerer.expect_recv(b"first")
    what = asker.recv_error()
    expect(what == "deadline_passed", "%s said %s" % (asker, what))
    answerer.send(b"too late")
    exchange(asker, answerer)


def hop_limit(case, programs, kind, transport, sender, receiver, limit):
    """As many hops as the limit are fine, one more is dropped; the connection stays, and what follows arrives."""
    options = {} if limit is None else {"hops": limit}
    address = case.address(transport)
    target = peers.start(case, programs[receiver], EXCHANGES[kind], binds=[address], **options)
    source = peers.start(case, programs[sender], kind + "/raw", connects=[address])
    source.expect_peers(1)
    limit = limit or 8
    source.send(b"allowed", header_after(kind, limit))
    target.expect_recv(b"allowed")
    if kind != "pair1":
        target.send(b"answer")
        back = source.recv()
        payload = back.header + back.body  # nanomsg's REQ takes the first word only for the header
        expect(payload == header_after(kind, limit) + b"answer", "%s received %s" % (source, payload))
    source.send(b"too many", header_after(kind, limit + 1))
    source.send(b"and on", header_after(kind, limit))
    target.expect_recv(b"and on")
    source.expect_peers(1)


def header_after(kind, hops):
    """What a raw socket sends so that it arrives as after so many hops."""
    if kind == "pair1":
        return (hops - 1).to_bytes(4, "big")  # a raw PAIR v1 counts up
    return b"".join(word.to_bytes(4, "big") for word in [*range(1, hops), 0x80000123])
