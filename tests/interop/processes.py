"""Processes that are started, watched and always ended; addresses that nobody else uses.

Every process is killed by its own pid, and reaped, by the end of the case that started it.
"""

import fcntl
import itertools
import os
import random
import shutil
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time

# A case that has not ended by then has failed.
CASE_SECONDS = 20


class Failed(Exception):
    """A case failed; the message says what was expected."""


def expect(condition, what):
    if not condition:
        raise Failed(what)


class Process:
    """One running program. A thread collects what it prints, unless `read` is false: then its pipe fills up."""

    stays = False  # until it is killed: it has crashed if it is gone at the end of the case

    def __init__(self, case, argv, read=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        self.case = case
        self.argv = argv
        self.output = bytearray()
        self.at_end = False
        self.was_killed = False
        self._messages = []
        self._parsed = 0  # bytes of the output
        self._changed = threading.Condition()
        self._errors = tempfile.TemporaryFile()
        self._popen = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=self._errors)
        self._reader = None
        if read and self._popen.stdout:
            self._reader = threading.Thread(target=self._read, daemon=True)
        if self._reader:
            self._reader.start()

    def _read(self):
        while True:
            some = os.read(self._popen.stdout.fileno(), 1 << 16)
            with self._changed:
                self.output += some
                self.at_end = not some
                self._changed.notify_all()
            if not some:
                return

    def messages(self, count):
        """Waits for so many messages, printed as --msgpack; returns all that are there, whole ones only."""

        def enough():
            self._parsed = parse_msgpack(self.output, self._parsed, self._messages)
            return self.at_end or len(self._messages) >= count

        with self._changed:
            self._changed.wait_for(enough, self.case.seconds_left())
            found = list(self._messages)
        if len(found) < count:
            raise Failed("%s printed %d messages, not %d" % (self, len(found), count))
        return found

    def wait_for_line(self, position):
        """Waits for the end of the line that begins there, in bytes of its output; -1 when none comes."""

        def found():
            return self.at_end or self.output.find(b"\n", position) >= 0

        with self._changed:
            self._changed.wait_for(found, self.case.seconds_left())
            return self.output.find(b"\n", position)

    def is_running(self):
        return self._popen.poll() is None

    def is_stuck_writing(self):
        """Of one that is not read: has it filled its pipe, so that it takes nothing more from its peers?"""
        waiting = fcntl.ioctl(self._popen.stdout.fileno(), termios.FIONREAD, struct.pack("i", 0))
        return struct.unpack("i", waiting)[0] >= 1 << 16

    def state(self):
        return "runs;" if self.is_running() else "has ended with %d;" % self._popen.returncode

    def exit_code(self):
        """Waits until it has ended."""
        try:
            return self._popen.wait(self.case.seconds_left())
        except subprocess.TimeoutExpired:
            raise Failed("%s did not end" % self) from None

    def expect_exit(self, code=0):
        got = self.exit_code()
        if got != code:
            raise Failed("%s exited with %d, not %d" % (self, got, code))

    def whole_output(self):
        """What it printed, after it has ended."""
        self._reader.join(self.case.seconds_left())
        if not self.at_end:
            raise Failed("%s keeps its output open" % self)
        return bytes(self.output)

    def errors(self):
        """What it has written to standard error."""
        return os.pread(self._errors.fileno(), 1 << 16, 0).decode(errors="replace")

    def signal(self, number):
        self._popen.send_signal(number)

    def write(self, data):
        """To its standard input, which is a pipe."""
        self._popen.stdin.write(data)
        self._popen.stdin.flush()

    def close_input(self):
        self._popen.stdin.close()

    def close_output(self):
        """Of one that is not read: nobody will."""
        self._popen.stdout.close()

    def kill(self):
        """SIGKILL, and reaped."""
        if self._popen.poll() is None:
            self.was_killed = True
            self._popen.kill()
        self._popen.wait(CASE_SECONDS)

    def close(self):
        self.kill()
        if self._reader:
            self._reader.join(CASE_SECONDS)
        for pipe in (self._popen.stdin, self._popen.stdout):
            try:
                if pipe:
                    pipe.close()
            except BrokenPipeError:  # it was killed with something left to read
                pass
        self._errors.close()

    def __str__(self):
        return "`%s` (pid %d)" % (" ".join(self.argv), self._popen.pid)


class Case:
    """What one case uses: its processes, its directory and its deadline. A context manager."""

    def __init__(self, seed):
        self._end = time.monotonic() + CASE_SECONDS
        self._owned = []
        self.random = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix="sp-", dir="/tmp")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for owned in reversed(self._owned):
            owned.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def seconds_left(self):
        return max(0.0, self._end - time.monotonic())

    def start(self, argv, **how):
        return self.add(Process(self, argv, **how))

    def add(self, process):
        """Something that ends with the case: it has close()."""
        self._owned.append(process)
        return process

    def until(self, condition, what):
        """Waits for something that no descriptor tells."""
        while not condition():
            if not self.seconds_left():
                raise Failed("waited in vain: " + what)
            time.sleep(0.005)

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def address(self, transport):
        """An address that is free."""
        if transport == "tcp":
            return "tcp://127.0.0.1:%d" % free_port()
        return "ipc://%s/%d" % (self.folder, random.randrange(10**6))

    def start_listener(self, argv, address, **how):
        """Starts a program that binds the address, and waits until it does. Nothing connects to find out: to some
        peers that would be a peer."""
        process = self.start(argv, **how)
        self.expect_listening(process, address)
        return process

    def expect_listening(self, process, address):
        self.until(lambda: is_listening(address) or not process.is_running(), "%s is to listen on %s" %
                   (process, address))
        if not process.is_running():
            raise Failed("%s ended instead of listening: %s" % (process, process.errors()))

    def expect_survivors(self):
        """At the end: who should still be there, is."""
        for owned in self._owned:
            if isinstance(owned, Process) and owned.stays and not owned.was_killed:
                expect(owned.is_running(), "%s has ended by itself" % owned)

    def report(self):
        """What became of the processes, and what they have said on standard error."""
        return ["%s: %s %s" % (process, process.state(), process.errors().strip()) for process in self._owned
                if isinstance(process, Process)]


def parse_msgpack(data, position, messages):
    """Appends the whole messages from `position` on; returns where the rest begins."""
    while position < len(data):
        kind = data[position]
        if kind not in (0xc4, 0xc5, 0xc6):
            raise Failed("no msgpack at byte %d: %r" % (position, bytes(data[position:position + 20])))
        begin = position + 1 + {0xc4: 1, 0xc5: 2, 0xc6: 4}[kind]
        end = begin + int.from_bytes(data[position + 1:begin], "big")
        if begin > len(data) or end > len(data):
            break
        messages.append(bytes(data[begin:end]))
        position = end
    return position


# Below the range that the system chooses from itself.
_BLOCKS, _BLOCK_SIZE = range(10000, 30000, 1000), 1000


def _claim_ports():
    """A thousand ports for this run alone. Whoever holds the name of a block, in the system's abstract names, has it;
    the name is free again when its holder has ended, however that was."""
    while True:
        for first in random.sample(_BLOCKS, len(_BLOCKS)):
            claim = socket.socket(socket.AF_UNIX)
            try:
                claim.bind("\0spool-interop-ports-%d" % first)
                return claim, itertools.cycle(random.sample(range(first, first + _BLOCK_SIZE), _BLOCK_SIZE))
            except OSError:
                claim.close()
        time.sleep(0.1)  # as many runs as blocks: one of them will end


_claim, _ports = _claim_ports()
_ports_lock = threading.Lock()


def free_port():
    """A port that nobody has, and that no other case is given for a long time."""
    while True:
        with _ports_lock:
            port = next(_ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def is_listening(address):
    """Does somebody listen there? Asks the kernel's tables and not the listener."""
    if address.startswith("ipc://"):
        path = address[len("ipc://"):]
        with open("/proc/net/unix", encoding="utf-8", errors="replace") as table:
            # Flags: 00010000 is __SO_ACCEPTCON.
            return any(line.split()[3] == "00010000" and line.rstrip().endswith(" " + path)
                       for line in table if line[0] != "N")
    port = int(address.rsplit(":", 1)[1])
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port
                   for fields in (line.split() for line in table) if fields[0] != "sl")
