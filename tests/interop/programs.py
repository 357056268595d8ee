"""The three programs, behind one way of asking for a command line. What is peculiar to one of them is here."""

import os
import shutil
import sys

# Debian's packages, by program.
PACKAGES = {"nanocat": "nanomsg-utils", "nngcat": "nng-utils"}


class Program:
    """`name` is for people: ours, nanomsg or nng. `peer_argv` begins the command line of the library as a peer."""

    def __init__(self, name, path, peer_argv):
        self.name = name
        self.path = path
        self.peer_argv = peer_argv
        self.is_nng = name == "nng"
        self.is_ours = name == "ours"

    def argv(self, kind, binds=(), connects=(), topics=(), body_file=None, interval=None, flood=False, count=None,
             listener_is_there=False, extra=()):
        """A command line. `interval` is in seconds, `flood` sends as fast as possible; who gets one of them is ended
        by its caller. What it receives is printed as msgpack, which tells sizes. `count` is not for nanomsg's, which
        has none. With `listener_is_there`, nngcat's first message finds the connection made.
        """
        # nngcat's --pair is broken, and nng's names have digits.
        argv = [self.path, "--%s%s" % (kind, "0" if self.is_nng and kind != "pair1" else "")]
        for address in binds:
            argv += ["--bind", address]
        for address in connects:
            argv += ["--connect", address]
        if connects and self.is_nng and not listener_is_there:
            argv += ["--async"]  # else it ends when nobody is there yet
        for topic in topics:
            argv += ["--subscribe", topic]
        if body_file is not None:
            argv += self._data(body_file)
        if flood:
            # nngcat's PAIR fails on a count.
            argv += ["--interval", "0"] if not self.is_nng else ["--interval", "1"] if kind == "pair" else ["-C1000000"]
        if interval is not None:
            # nngcat knows whole seconds only, and 0 means none. Its surveys end after a second. When the next one
            # begins in that moment, nng 1.5 locks itself up at times: its timer waits for the socket, and the socket
            # for its timer.
            least = 2 if kind == "surveyor" else 1
            argv += ["--interval", str(max(least, round(interval)) if self.is_nng else interval)]
        if count is not None and self.name != "nanomsg":
            argv += ["--count", str(count)]
        if kind not in ("push", "pub"):
            argv += ["--msgpack"]
        return argv + list(extra)

    def _data(self, path):
        # nanomsg's nanocat aborts on an empty file.
        with open(path, "rb") as file:
            if not file.read(1):
                return ["--data", ""]
        return ["--file", path]


def find(ours, our_peer):
    """Returns ({name: Program}, [what is missing])."""
    missing = []
    foreign = os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign.py")
    programs = {"ours": Program("ours", ours, [our_peer])}
    for name, command in (("nanomsg", "nanocat"), ("nng", "nngcat")):
        path = shutil.which(command)
        if path is None:
            missing.append("`%s` is not installed: apt-get install %s (`./run install-deps` does it)" %
                           (command, PACKAGES[command]))
        programs[name] = Program(name, path, [sys.executable, foreign, name])
    return programs, missing
