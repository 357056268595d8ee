"""Runs each example and compares what it prints. Usage: programs_test.py FOLDER [--no-backend-fd]

FOLDER holds the programs; --no-backend-fd says that this build has the poll(2) back-end.
"""

import fcntl
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

FOLDER = ""
HAS_BACKEND_FD = True
LIMIT = 50  # Seconds for anything: generous, for machines that are busy.

# What the arena's screen.cc writes.
ENTER_PICTURE = b"\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE_PICTURE = b"\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
BEGIN_FRAME = b"\x1b[?2026h"


def run(program, *arguments):
    return subprocess.run([os.path.join(FOLDER, program), *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=LIMIT, check=False)


class Hello(unittest.TestCase):

    def prints(self, program, expected):
        done = run(program)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, expected, ""))

    def test_push_pull(self):
        self.prints("hello_push_pull", "received: hello\n")

    def test_pub_sub(self):
        self.prints("hello_pub_sub", "weather.north: rain\nweather.south: sun\n1 line was not asked for\n")

    def test_system_resolver(self):
        self.prints("system_resolver", "received: hello\n")

    def test_req_rep(self):
        self.prints("hello_req_rep", "asked: what time is it?\nanswered: noon\n")

    def test_many_requests(self):
        self.prints("many_requests", "90 right answers, 10 deadlines passed\n")

    def test_survey(self):
        self.prints("survey", "server 0\nserver 2\nthe survey is over\n")

    def test_chat_room(self):
        self.prints("chat_room", "ann: hello\nann: hello\n2 others in the room, 0 refused\n")

    def test_broker(self):
        self.prints("broker", "ping, pong, 2 messages passed the broker\n")
        self.assertEqual(run("broker", "one").returncode, 2)
        done = run("broker", "tcp://127.0.0.1:0", "nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("'nowhere' is no address", done.stderr)

    def test_game_tick(self):
        self.prints("game_tick", "40 ticks, 800 states sent and received\n")

    def test_engine_tick(self):
        for fps, budget in [("60", 833), ("144", 347)]:
            done = run("engine_tick", fps, "2")
            self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
            lines = done.stdout.splitlines()
            self.assertEqual(lines[0].split(" frames,")[0], str(2 * int(fps)))
            self.assertEqual(lines[-1], "all promises kept")
            self.assertEqual([line[:4] for line in lines[1:9:4]], ["red:", "blue"])
            for line in lines[4], lines[8]:
                self.assertRegex(line, r"its budget +%d us$" % budget)
        self.assertEqual(run("engine_tick", "0").returncode, 2)

    def test_embed_in_epoll(self):
        if HAS_BACKEND_FD:
            self.prints("embed_in_epoll", "received: first result\nreceived: second result\n")
        else:
            done = run("embed_in_epoll")
            self.assertEqual((done.returncode, done.stdout), (1, "backend_fd: not_supported\n"))


class Chat(unittest.TestCase):
    """Two of them talk; what each prints goes to a file."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="chat", dir="/tmp")
        self.programs = []

    def tearDown(self):
        for program in self.programs:
            program.stdin.close()
            program.kill()
            program.wait()
        self.folder.cleanup()

    def start(self, mode, address):
        path = os.path.join(self.folder.name, mode)
        with open(path, "w", encoding="utf-8") as output:
            program = subprocess.Popen([os.path.join(FOLDER, "pair_chat"), mode, address], stdin=subprocess.PIPE,
                                       stdout=output)
        self.programs.append(program)
        return program, path

    def wait_for(self, path, text):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            with open(path, encoding="utf-8") as file:
                if text in file.read():
                    return
            time.sleep(0.02)
        self.fail("%s never said '%s'" % (os.path.basename(path), text))

    def say(self, program, line):
        program.stdin.write(line.encode() + b"\n")
        program.stdin.flush()

    def test_chat(self):
        address = "ipc://" + os.path.join(self.folder.name, "socket")
        listener, heard_by_listener = self.start("listen", address)
        self.wait_for(heard_by_listener, "listening")
        self.say(listener, "too early")
        self.wait_for(heard_by_listener, "* nobody is there")
        connector, heard_by_connector = self.start("connect", address)
        self.wait_for(heard_by_listener, "peer joined")
        self.wait_for(heard_by_connector, "peer joined")
        self.say(listener, "hello")
        self.wait_for(heard_by_connector, "> hello\n")
        self.say(connector, "hello yourself")
        self.wait_for(heard_by_listener, "> hello yourself\n")
        connector.stdin.close()
        self.assertEqual(connector.wait(LIMIT), 0)
        self.wait_for(heard_by_listener, "peer left")

    def test_wrong_arguments(self):
        self.assertEqual(run("pair_chat").returncode, 2)
        done = run("pair_chat", "listen", "carrier-pigeon://home")
        self.assertEqual(done.returncode, 1)
        self.assertIn("unknown scheme 'carrier-pigeon'", done.stdout)


class Arena(unittest.TestCase):

    def arena(self, *arguments):
        return run(os.path.join("arena", "arena"), *arguments)

    def test_match(self):
        done = self.arena("--seconds", "3", "--clients=3")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\x1b", done.stdout)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[-1], "arena: all promises kept")
        self.assertEqual([line[:6] for line in lines[1:4]], ["  1 s:", "  2 s:", "  3 s:"])
        for name in ["server", "red tcp", "blue ipc", "green tcp", "spectator"]:
            row = [line for line in lines if line.startswith(name + " ")]
            self.assertEqual(len(row), 1, name)
            self.assertRegex(row[0], r" 0   1$", "allocations and threads")
        for promise in [
                "5 of 5 processes reported", "5 of 5 processes saw all of the 180 snapshots, in order",
                "0 messages lost or dropped", "0 allocations after the first second",
                "5 of 5 processes have one thread",
                "4 of 4 children ended well"
        ]:
            self.assertIn("  kept    " + promise, lines)
        sent, received = re.search(r"kept    (\d+) inputs sent, (\d+) received", done.stdout).groups()
        self.assertEqual(sent, received)
        self.assertTrue(all(len(line) <= 80 for line in lines))

    def in_terminal(self, rows, columns, *arguments, until=None, then=None):
        """Runs it in a terminal; (exit code, what it wrote). `then` is sent as a signal once `until` was written."""
        master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        with subprocess.Popen([os.path.join(FOLDER, "arena", "arena"), *arguments], stdin=slave, stdout=slave,
                              stderr=slave, env={"LANG": "C.UTF-8"}) as program:
            os.close(slave)
            written = b""
            try:
                while True:
                    written += os.read(master, 65536)
                    if then is not None and until in written:
                        program.send_signal(then)
                        then = None
            except OSError:  # The end of the terminal's other side.
                pass
            program.wait(LIMIT)
        os.close(master)
        return program.returncode, written

    def check_restored(self, written):
        screen, _, rest = written.partition(LEAVE_PICTURE)
        self.assertTrue(screen.startswith(ENTER_PICTURE))
        self.assertNotIn(b"\x1b", rest)
        return screen, rest

    def test_picture(self):
        code, written = self.in_terminal(24, 80, "--seconds", "2", "--clients", "2")
        self.assertEqual(code, 0, written)
        screen, rest = self.check_restored(written)
        self.assertGreater(screen.count(BEGIN_FRAME), 20)
        self.assertIn("spool arena".encode(), screen)
        self.assertIn("▀".encode(), screen)
        # Nothing is put outside of 80 x 24.
        places = [(int(row), int(column)) for row, column in re.findall(rb"\x1b\[(\d+);(\d+)H", screen)]
        self.assertEqual((max(row for row, _ in places), min(places)), (24, (1, 1)))
        self.assertLessEqual(max(column for _, column in places), 80)
        self.assertIn(b"arena: all promises kept", rest)

    def test_interrupted(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            code, written = self.in_terminal(24, 80, until=BEGIN_FRAME, then=number)
            self.assertEqual(code, 128 + number)
            _, rest = self.check_restored(written)
            self.assertEqual(rest.strip(), b"arena: interrupted")

    def test_small_terminal(self):
        code, written = self.in_terminal(23, 80, "--seconds", "2", "--clients", "1")
        self.assertEqual(code, 0, written)
        self.assertNotIn(b"\x1b", written)

    def test_help(self):
        done = self.arena("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("--seconds N", done.stdout)

    def test_wrong_arguments(self):
        for arguments, expected in [
            (["--seconds", "1"], "--seconds '1': expected a whole number from 2 to 600"),
            (["--clients=many"], "--clients 'many': expected a whole number from 1 to 8"),
            (["--fps", "60x"], "--fps '60x': expected a whole number from 10 to 240"),
            (["--fps"], "no value behind '--fps': expected a number"),
            (["fast"], "unknown argument 'fast': expected --seconds, --clients, --fps, --plain or --help"),
        ]:
            done = self.arena(*arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, "", "arena: " + expected + "\n"))


if __name__ == "__main__":
    FOLDER = sys.argv[1]
    HAS_BACKEND_FD = "--no-backend-fd" not in sys.argv
    unittest.main(argv=[sys.argv[0], "-v"])
