"""nanomsg's and nng's libraries as peers of the interop tests: what peer.cc is for ours, with the same words.

usage: foreign.py nanomsg|nng [OPTION=VALUE]... TYPE[/raw|/poly] [bind|connect ADDRESS]... [TYPE/raw ... | reflect]

Driven through ctypes, so that Debian's runtime packages are enough.
"""

import ctypes
import sys
import threading
import time

PATIENCE = 15  # seconds


class Refused(Exception):
    """A call failed; the message is one word."""


def library(name):
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        sys.exit("%s: not installed? apt-get install nanomsg-utils nng-utils (%s)" % (name, error))


class Nanomsg:
    """nanomsg's library. Its sockets are ints."""

    # The value of NN_MSG: "allocate it".
    ANY_LENGTH = ctypes.c_size_t(-1)

    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    class Msghdr(ctypes.Structure):
        _fields_ = [("iov", ctypes.c_void_p), ("iovlen", ctypes.c_int), ("control", ctypes.c_void_p),
                    ("controllen", ctypes.c_size_t)]

    # An nn_cmsghdr of PROTO_SP and SP_HDR, and the size of the header that follows.
    class Control(ctypes.Structure):
        _fields_ = [("length", ctypes.c_size_t), ("level", ctypes.c_int), ("type", ctypes.c_int),
                    ("size", ctypes.c_size_t), ("bytes", ctypes.c_ubyte * 2048)]

    def __init__(self):
        self.library = library("libnanomsg.so.5")
        self.library.nn_symbol.restype = ctypes.c_char_p
        self.library.nn_get_statistic.restype = ctypes.c_uint64
        self.constants = {}
        value = ctypes.c_int()
        while name := self.library.nn_symbol(len(self.constants), ctypes.byref(value)):
            self.constants[name.decode()] = value.value
        self.is_surveyor = False

    def check(self, result):
        if result >= 0:
            return result
        number = self.library.nn_errno()
        if number == self.constants["ETIMEDOUT"]:
            raise Refused("deadline_passed" if self.is_surveyor else "timed_out")
        if number == self.constants["EFSM"]:
            raise Refused("wrong_state")
        raise Refused("errno_%d" % number)

    def set(self, socket, level, name, value):
        number = ctypes.c_int(value)
        self.check(self.library.nn_setsockopt(socket, level, self.constants[name], ctypes.byref(number), 4))

    def open(self, kind, mode, options):
        protocol = self.constants["NN_" + kind.upper()]
        self.is_surveyor = kind == "surveyor"
        self.raw = mode == "raw"
        socket = self.check(self.library.nn_socket(self.constants["AF_SP_RAW" if self.raw else "AF_SP"], protocol))
        self.set(socket, 0, "NN_RECONNECT_IVL", 10)
        self.set(socket, 0, "NN_RECONNECT_IVL_MAX", 100)
        self.set(socket, 0, "NN_SNDTIMEO", PATIENCE * 1000)
        names = {"hops": (0, "NN_MAXTTL"), "resend": (protocol, "NN_REQ_RESEND_IVL"),
                 "deadline": (protocol, "NN_SURVEYOR_DEADLINE")}
        for name, value in options.items():
            self.set(socket, *names[name], value)
        if kind == "sub":
            self.check(self.library.nn_setsockopt(socket, protocol, self.constants["NN_SUB_SUBSCRIBE"], b"", 0))
        return socket

    def bind(self, socket, address):
        self.check(self.library.nn_bind(socket, address.encode()))

    def connect(self, socket, address):
        self.check(self.library.nn_connect(socket, address.encode()))

    def device(self, one, two=-1):
        self.library.nn_device(one, two)

    def peers(self, sockets):
        current = self.constants["NN_STAT_CURRENT_CONNECTIONS"]
        return sum(self.library.nn_get_statistic(socket, current) for socket in sockets)

    def send(self, socket, body, header, peer):
        if peer is not None:
            raise Refused("not_supported")
        buffer = ctypes.create_string_buffer(body, len(body) or 1)
        vector = self.Iovec(ctypes.addressof(buffer), len(body))
        message = self.Msghdr(ctypes.addressof(vector), 1, None, 0)
        if header is not None:
            control = self.Control(24 + len(header), 1, 1, len(header), (ctypes.c_ubyte * 2048)(*header))
            message.control, message.controllen = ctypes.addressof(control), 24 + (len(header) + 7) // 8 * 8
            self.check(self.library.nn_sendmsg(socket, ctypes.byref(message), 0))
        else:
            self.check(self.library.nn_sendmsg(socket, ctypes.byref(message), 0))

    def recv(self, socket, milliseconds):
        self.set(socket, 0, "NN_RCVTIMEO", milliseconds)
        pointer = ctypes.c_void_p()
        vector = self.Iovec(ctypes.addressof(pointer), self.ANY_LENGTH)
        control = self.Control()
        message = self.Msghdr(ctypes.addressof(vector), 1, ctypes.addressof(control), ctypes.sizeof(control))
        size = self.check(self.library.nn_recvmsg(socket, ctypes.byref(message), 0))
        body = ctypes.string_at(pointer, size)
        self.library.nn_freemsg(pointer)
        header = ctypes.string_at(ctypes.addressof(control) + self.Control.bytes.offset, control.size)
        return body, header if self.raw else b"", 0

    def ask(self, *_):
        raise Refused("not_supported")

    reply = take = answer = ask


class Nng:
    """nng's library."""

    class Handle(ctypes.Structure):
        """An nng_socket, nng_ctx or nng_pipe: passed by value."""
        _fields_ = [("id", ctypes.c_uint32)]

    Notify = ctypes.CFUNCTYPE(None, Handle, ctypes.c_int, ctypes.c_void_p)

    ERRORS = {5: "timed_out", 9: "not_supported", 11: "wrong_state", 20: "canceled"}

    def __init__(self):
        self.library = library("libnng.so.1")
        for name in ("nng_msg_body", "nng_msg_header", "nng_aio_get_msg"):
            getattr(self.library, name).restype = ctypes.c_void_p
            getattr(self.library, name).argtypes = [ctypes.c_void_p]
        for name in ("nng_msg_len", "nng_msg_header_len"):
            getattr(self.library, name).restype = ctypes.c_size_t
            getattr(self.library, name).argtypes = [ctypes.c_void_p]
        self.library.nng_msg_get_pipe.restype = self.Handle
        self.pipes = set()
        self.contexts = {}
        self.notify = self.Notify(self.on_pipe)

    def on_pipe(self, pipe, event, _):
        if event == 1:
            self.pipes.add(pipe.id)
        else:
            self.pipes.discard(pipe.id)

    def check(self, result):
        if result:
            name = self.ERRORS.get(result, "nng_%d" % result)
            raise Refused("deadline_passed" if self.is_surveyor and name == "timed_out" else name)

    def set_ms(self, socket, name, value):
        self.check(self.library.nng_socket_set_ms(socket, name.encode(), ctypes.c_int32(value)))

    def open(self, kind, mode, options):
        self.is_surveyor = kind == "surveyor"
        socket = self.Handle()
        name = "nng_%s%s_open%s" % (kind.rstrip("1"), "1" if kind == "pair1" else "0", "_" + mode if mode else "")
        self.check(getattr(self.library, name)(ctypes.byref(socket)))
        for event in (1, 2):  # NNG_PIPE_EV_ADD_POST, NNG_PIPE_EV_REM_POST
            self.check(self.library.nng_pipe_notify(socket, 1 if event == 1 else 2, self.notify, None))
        self.set_ms(socket, "reconnect-time-min", 10)
        self.set_ms(socket, "reconnect-time-max", 100)
        self.set_ms(socket, "send-timeout", PATIENCE * 1000)
        for name, value in options.items():
            if name == "hops":
                self.check(self.library.nng_socket_set_int(socket, b"ttl-max", value))
            else:
                self.set_ms(socket, {"resend": "req:resend-time", "deadline": "surveyor:survey-time"}[name], value)
        if kind == "sub" and not mode:
            self.check(self.library.nng_socket_set(socket, b"sub:subscribe", b"", ctypes.c_size_t(0)))
        return socket

    def bind(self, socket, address):
        self.check(self.library.nng_listen(socket, address.encode(), None, 0))

    def connect(self, socket, address):
        self.check(self.library.nng_dial(socket, address.encode(), None, 2))  # NNG_FLAG_NONBLOCK

    def device(self, one, two=Handle(0)):
        self.library.nng_device(one, two)

    def peers(self, _):
        return len(self.pipes)

    def message(self, body, header=None):
        message = ctypes.c_void_p()
        self.check(self.library.nng_msg_alloc(ctypes.byref(message), ctypes.c_size_t(0)))
        self.check(self.library.nng_msg_append(message, body, ctypes.c_size_t(len(body))))
        if header is not None:
            self.check(self.library.nng_msg_header_append(message, header, ctypes.c_size_t(len(header))))
        return message

    def open_message(self, message):
        library = self.library
        body = ctypes.string_at(library.nng_msg_body(message), library.nng_msg_len(message))
        header = ctypes.string_at(library.nng_msg_header(message), library.nng_msg_header_len(message))
        peer = library.nng_msg_get_pipe(message).id
        library.nng_msg_free(message)
        return body, header, peer

    def send(self, socket, body, header, peer):
        message = self.message(body, header)
        if peer is not None:
            self.library.nng_msg_set_pipe(message, self.Handle(peer))
        self.check(self.library.nng_sendmsg(socket, message, 0))

    def recv(self, socket, milliseconds):
        self.set_ms(socket, "recv-timeout", milliseconds)
        message = ctypes.c_void_p()
        self.check(self.library.nng_recvmsg(socket, ctypes.byref(message), 0))
        return self.open_message(message)

    # Contexts.

    def operation(self, context, call, message=None):
        aio = ctypes.c_void_p()
        self.check(self.library.nng_aio_alloc(ctypes.byref(aio), None, None))
        self.library.nng_aio_set_timeout(aio, ctypes.c_int32(PATIENCE * 1000))
        if message is not None:
            self.library.nng_aio_set_msg(aio, message)
        call(context, aio)
        self.library.nng_aio_wait(aio)
        result = self.library.nng_aio_result(aio)
        received = ctypes.c_void_p(self.library.nng_aio_get_msg(aio))
        self.library.nng_aio_free(aio)
        self.check(result)
        return received

    def open_context(self, socket):
        context = self.Handle()
        self.check(self.library.nng_ctx_open(ctypes.byref(context), socket))
        self.contexts[context.id] = context
        return context

    def ask(self, socket, body):
        context = self.open_context(socket)
        self.operation(context, self.library.nng_ctx_send, self.message(body))
        return context.id

    def reply(self, _, number):
        return self.open_message(self.operation(self.contexts[number], self.library.nng_ctx_recv))

    def take(self, socket):
        context = self.open_context(socket)
        body, _, _ = self.open_message(self.operation(context, self.library.nng_ctx_recv))
        return context.id, body

    def answer(self, _, number, body):
        self.operation(self.contexts[number], self.library.nng_ctx_send, self.message(body))


def to_hex(data):
    return data.hex() or "-"


def from_hex(text):
    return bytes.fromhex(text.strip("-"))


def got(message):
    body, header, peer = message
    return "got %s %s %d" % (to_hex(body), to_hex(header), peer)


def wait_for_peers(peer, sockets, count):
    end = time.monotonic() + PATIENCE
    while peer.peers(sockets) != count:
        if time.monotonic() > end:
            raise Refused("has_%d" % peer.peers(sockets))
        time.sleep(0.002)
    return "ok"


def obey(peer, sockets, verb, words):
    socket = sockets[0]
    if verb == "send":
        header = from_hex(words[1]) if len(words) > 1 else None
        peer.send(socket, from_hex(words[0]), header, int(words[2]) if len(words) > 2 else None)
        return "ok"
    if verb == "recv":
        return got(peer.recv(socket, int(words[0]) if words else PATIENCE * 1000))
    if verb == "ask":
        return "asked %d" % peer.ask(socket, from_hex(words[0]))
    if verb == "reply":
        return got(peer.reply(socket, int(words[0])))
    if verb == "take":
        number, body = peer.take(socket)
        return "taken %d %s" % (number, to_hex(body))
    if verb == "answer":
        peer.answer(socket, int(words[0]), from_hex(words[1]))
        return "ok"
    if verb == "peers":
        return wait_for_peers(peer, sockets, int(words[0]))
    return "error unknown_command"


def main(arguments):
    peer = {"nanomsg": Nanomsg, "nng": Nng}[arguments.pop(0)]()
    options, sockets, reflects = {}, [], False
    while arguments:
        word = arguments.pop(0)
        if "=" in word:
            name, value = word.split("=")
            options[name] = int(value)
        elif word in ("bind", "connect"):
            getattr(peer, word)(sockets[-1], arguments.pop(0))
        elif word == "reflect":
            reflects = True
        else:
            kind, _, mode = word.partition("/")
            sockets.append(peer.open(kind, mode, options))
    if reflects or len(sockets) == 2:
        threading.Thread(target=peer.device, args=sockets, daemon=True).start()
    for line in sys.stdin:
        verb, *words = line.split()
        try:
            answer = obey(peer, sockets, verb, words)
        except Refused as refused:
            answer = "error %s" % refused
        print(answer, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
