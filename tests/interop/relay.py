"""A wire that can be cut in the middle of a message."""

import select
import socket
import threading

from processes import Failed


class Relay:
    """Passes bytes on between whoever connects to `address` and who listens on `target`. One thread; one connection
    after the other, each until either side ends it."""

    def __init__(self, case, transport, target):
        self.address = case.address(transport)
        self._case = case
        self._target = target
        self._cut = None
        self._reached = threading.Event()
        self._drop = threading.Event()
        self._listener = self._socket(self.address, "bind")
        self._listener.listen()
        self._listener.settimeout(0.05)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self, to_listener, size):
        """To be called before the connection is made: so many bytes go in this direction, then none in either."""
        self._cut = (to_listener, size)

    def wait_until_cut(self):
        if not self._reached.wait(self._case.seconds_left()):
            raise Failed("the wire was not used: %s -> %s" % (self.address, self._target))

    def drop(self):
        """Ends the connection that is cut. The next one is whole."""
        self._cut = None
        self._drop.set()

    def close(self):
        self._ended.set()
        self._drop.set()
        self._thread.join()
        self._listener.close()

    def _run(self):
        while not self._ended.is_set():
            try:
                left = self._listener.accept()[0]
            except OSError:
                continue
            with left:
                try:
                    right = self._socket(self._target, "connect")
                except OSError:
                    continue
                with right:
                    try:
                        self._pass_on(left, right)
                    except OSError:
                        pass

    def _pass_on(self, left, right):
        allowed = {left: None, right: None}
        if self._cut:
            allowed[left if self._cut[0] else right] = self._cut[1]
        other = {left: right, right: left}
        while not self._ended.is_set():
            for source in select.select([left, right], [], [], 0.05)[0]:
                room = allowed[source]
                data = source.recv(1 << 16 if room is None else min(room, 1 << 16))
                if not data:
                    return
                other[source].sendall(data)
                if room is None:
                    continue
                allowed[source] -= len(data)
                if allowed[source] == 0:
                    self._reached.set()
                    self._drop.wait()
                    return

    @staticmethod
    def _socket(address, call):
        if address.startswith("ipc://"):
            made, where = socket.socket(socket.AF_UNIX), address[len("ipc://"):]
        else:
            made, where = socket.socket(), ("127.0.0.1", int(address.rsplit(":", 1)[1]))
        made.settimeout(20)
        try:
            getattr(made, call)(where)
        except OSError:
            made.close()
            raise
        return made
