"""Peers that a case talks with line by line: ours (peer.cc) and the others' libraries (foreign.py)."""

import collections
import subprocess

from processes import Failed, Process, expect

IMPLEMENTATIONS = ("ours", "nanomsg", "nng")

# Options that only one type has.
OWNERS = {"deadline": ["surveyor"], "resend": ["req"]}

Message = collections.namedtuple("Message", "body header peer")


class Peer(Process):
    """A running peer.cc or foreign.py. Its calls wait for the answer, those with `tell` do not."""

    stays = True

    def __init__(self, case, argv):
        super().__init__(case, argv, stdin=subprocess.PIPE)
        self.asked = []  # commands
        self._answered = 0
        self._position = 0

    def tell(self, *words):
        self.asked.append(" ".join(str(word) for word in words))
        try:
            self.write(self.asked[-1].encode() + b"\n")
        except BrokenPipeError:
            raise Failed("%s has ended" % self) from None

    def answer(self):
        """The next line that it prints."""
        end = self.wait_for_line(self._position)
        if end < 0:
            raise Failed("%s did not answer `%s`" % (self, self.asked[self._answered][:60]))
        line = bytes(self.output[self._position:end]).decode()
        self._position = end + 1
        self._answered += 1
        return line

    def has_answered(self):
        """Is the next line there?"""
        return self.output.find(b"\n", self._position) >= 0

    def call(self, expected, *words):
        """Returns the words that follow the `expected` one."""
        self.tell(*words)
        return self.want(expected)

    def want(self, expected):
        """The same for what was told before."""
        line = self.answer()
        first, *rest = line.split()
        if first != expected:
            raise Failed("%s answered `%s` with `%s`" % (self, self.asked[self._answered - 1][:60], line[:60]))
        return rest

    # The commands.

    def send(self, body, header=None, peer=None):
        self.call("ok", *self._send(body, header, peer))

    def tell_send(self, body):
        self.tell(*self._send(body, None, None))

    @staticmethod
    def _send(body, header, peer):
        words = ["send", to_hex(body)]
        if header is not None or peer is not None:
            words.append(to_hex(header or b""))
        return words + ([peer] if peer is not None else [])

    def recv(self, milliseconds=None):
        return message(self.call("got", "recv", *([milliseconds] if milliseconds else [])))

    def recv_error(self):
        return self.call("error", "recv")[0]

    def ask(self, body):
        return int(self.call("asked", "ask", to_hex(body))[0])

    def reply(self, number):
        return message(self.call("got", "reply", number))

    def take(self):
        """(number, body) of a request."""
        number, body = self.call("taken", "take")
        return int(number), from_hex(body)

    def answer_to(self, number, body):
        self.call("ok", "answer", number, to_hex(body))

    def expect_peers(self, count):
        self.call("ok", "peers", count)

    def expect_recv(self, body):
        received = self.recv()
        expect(received.body == body, "%s received %s, not %s" % (self, short(received.body), short(body)))
        return received

    def send_after_recv(self, prefix):
        """Answers what a recv that was told before has got."""
        self.send(prefix + message(self.want("got")).body)

    def state(self):
        last = self.asked[-1][:60] if self.asked else "nothing"
        return super().state() + " was told last `%s`, answered %d of %d;" % (last, self._answered, len(self.asked))


def start(case, program, sockets, binds=(), connects=(), reflects=False, **options):
    """Starts a peer and waits until it listens. `sockets` is its type, or two for a device: then `binds` and `connects`
    have a list for each. A device that reflects has one."""
    # The others' libraries refuse what a type does not have.
    options = {name: value for name, value in options.items() if sockets in OWNERS.get(name, [sockets])}
    argv = list(program.peer_argv) + ["%s=%d" % option for option in sorted(options.items())]
    if isinstance(sockets, str):
        sockets, binds, connects = [sockets], [binds], [connects]
    if program.is_ours:
        argv.append("seed=%d" % case.random.randrange(1, 1 << 31))
    if reflects:
        argv.append("reflect")
    for kind, bound, connected in zip(sockets, binds, connects):
        argv.append(kind)
        for address in bound:
            argv += ["bind", address]
        for address in connected:
            argv += ["connect", address]
    peer = case.add(Peer(case, argv))
    for address in sum((list(some) for some in binds), []):
        case.expect_listening(peer, address)
    return peer


def exchange(asker, answerer, question=b"question", answer=b"answer"):
    """There and back, whatever the pattern."""
    asker.send(question)
    answerer.expect_recv(question)
    answerer.send(answer)
    asker.expect_recv(answer)


def message(words):
    return Message(from_hex(words[0]), from_hex(words[1]), int(words[2]))


def to_hex(data):
    return data.hex() or "-"


def from_hex(text):
    return bytes.fromhex(text.strip("-"))


def short(body):
    return "%d bytes %r" % (len(body), body[:20])
