"""Our nanocat as a program: exit codes, texts, signals, input and output. What its unit tests cannot see.

usage: program_test.py OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]
"""

import os
import signal
import socket
import subprocess
import sys
import time

import matrix
from processes import expect

PIPE = subprocess.PIPE


def ends(case, programs, arguments, code, error="", output=b"", name=None, **how):
    """Runs nanocat to its end; `error` is how the text on standard error starts."""
    program = programs["ours"].path
    if name:
        os.symlink(program, os.path.join(case.folder, name))
        program = os.path.join(case.folder, name)
    process = case.start([program] + arguments, **how)
    process.expect_exit(code)
    expect(process.errors().startswith(error) and (error or not process.errors()),
           "%s said %r, not %r" % (process, process.errors(), error))
    if "stdout" not in how:
        expect(process.whole_output() == output, "%s printed %r" % (process, process.whole_output()))
    return process


def listen(case, programs, arguments, transport="ipc", **how):
    address = case.address(transport)
    return address, case.start_listener([programs["ours"].path] + arguments + ["--bind", address], address, **how)


# --- Exit codes and texts -----------------------------------------------------------------------------------------


def errors_of_sockets(case, programs):
    _, other = listen(case, programs, ["--pull"])
    address = other.argv[-1]
    bind = ["--pull", "--bind"]
    ends(case, programs, bind + [address], 3, "Can't bind: Address already in use (")
    ends(case, programs, bind + ["foo://x"], 3, "Can't bind: Protocol not supported (unknown scheme 'foo'")
    ends(case, programs, bind + ["x"], 3, "Can't bind: Invalid argument ('x' is no address")
    ends(case, programs, bind + ["ipc://" + "x" * 200], 3, "Can't bind: File name too long (")
    ends(case, programs, bind + ["tcp://192.0.2.1:0"], 3, "Can't bind: Cannot assign requested address (")
    ends(case, programs, ["--pull", "-L", "99999"], 3, "Can't bind: Invalid argument (")
    ends(case, programs, ["--pull", "--connect", "tcp://127.0.0.1"], 3, "Can't connect: Invalid argument (")
    ends(case, programs, ["--pull", "-l", "1", "--socket-name", "x" * 64], 3,
         "Can't set socket name: Invalid argument (")
    ends(case, programs, ["--sub", "-l", "1", "--subscribe", "x" * 5000], 3, "Can't subscribe: Invalid argument (")


def errors_of_files(case, programs):
    push = ["--push", "--connect", case.address("ipc"), "--file"]
    missing = case.folder + "/missing"
    ends(case, programs, push + [missing], 2, "Error opening file ``%s'': No such file or directory\n" % missing)
    ends(case, programs, push + [case.folder], 2, "Error reading file ``%s'': Is a directory\n" % case.folder)
    ends(case, programs, push + [missing, "--by-line"], 2, "Error opening file ``%s''" % missing)


def usage(case, programs):
    program = programs["ours"].path
    ends(case, programs, [], 1, program + ": At least one of the following required:\n    --push\n")
    ends(case, programs, ["--req", "-l", "1"], 1, program + ": Option --req requires at least one of the following")
    ends(case, programs, [], 1, case.folder + "/nn_pull: At least one of the following required:\n    --bind\n",
         name="nn_pull")
    version = case.start([program, "-V"])
    version.expect_exit(0)
    expect(version.whole_output().startswith(b"nanocat (spool) "), "the version is printed")
    helped = case.start([program, "--help"])
    helped.expect_exit(0)
    expect(b"Without a format nothing is printed." in helped.whole_output(), "help says what surprises people")


# --- Time ---------------------------------------------------------------------------------------------------------


def timeouts(case, programs):
    nobody = case.address("ipc")
    for arguments, code, error in [
        (["--pull", "--recv-timeout", "0.2"], 0, ""),
        (["--pull", "--recv-timeout", "0.2", "--expect-message"], 4, ""),
        (["--pair", "--recv-timeout", "0.2"], 0, ""),
        (["--pair1", "--recv-timeout", "0.2"], 0, ""),
        (["--bus", "-D", "x", "--recv-timeout", "0.2"], 0, ""),
        (["--rep", "--recv-timeout", "0.2"], 0, ""),
        (["--respondent", "--recv-timeout", "0.2", "--expect-message"], 4, ""),
        (["--rep", "-D", "x", "--recv-timeout", "0.2"], 3, "Can't recv: Connection timed out\n"),
        (["--respondent", "-D", "x", "--recv-timeout", "0.2"], 3, "Can't recv: Connection timed out\n"),
        (["--req", "-D", "x", "--recv-timeout", "0.2"], 0, ""),
        (["--req", "-D", "x", "--recv-timeout", "0.2", "--expect-message"], 4, ""),
        (["--req", "-D", "x", "--recv-timeout", "0.2", "--count", "3", "--by-line"], 0, ""),
        (["--surveyor", "-D", "x", "--recv-timeout", "0.2"], 0, ""),
        (["--surveyor", "-D", "x"], 0, ""),
        (["--surveyor", "-D", "x", "--expect-message"], 4, ""),
        (["--push", "-D", "x", "--send-timeout", "0.2"], 3, "Can't send: Connection timed out\n"),
        (["--push", "-D", "x", "--send-timeout", "0.2", "-i", "0.01"], 3, "Can't send: Connection timed out\n"),
        (["--pair", "-D", "x", "--send-timeout", "0.2"], 3, "Can't send: Connection timed out\n"),
        (["--pair1", "-D", "x", "--send-timeout", "0.2"], 3, "Can't send: Connection timed out\n"),
        (["--pub", "-D", "x", "--delay", "0.2"], 0, ""),
        (["--pub", "-D", "x", "--interval", "0.1", "--count", "3"], 0, ""),
    ]:
        start = time.monotonic()
        ends(case, programs, arguments + ["--connect", nobody], code, error)
        seconds = time.monotonic() - start
        expect(0.19 < seconds < 5, "%s took %.2f s" % (arguments, seconds))


def patience(case, programs):
    """A PUSH waits for its peer, as long as it takes."""
    address = case.address("ipc")
    push = case.start([programs["ours"].path, "--push", "-D", "x", "--connect", address, "-v"])
    case.until(lambda: push.errors().count("connect failed") >= 2, "%s is to try" % push)
    pull = case.start([programs["ours"].path, "--pull", "--bind", address, "--count", "1", "-A"])
    pull.expect_exit()
    push.expect_exit()
    expect(pull.whole_output() == b"x\n", "it arrived")


def linger(case, programs):
    """What a peer does not take within the linger is lost, and told."""
    address = case.address("ipc")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address[len("ipc://"):])
        listener.listen()
        push = case.start([programs["ours"].path, "--push", "--connect", address, "--linger", "0.2", "--file",
                           case.file("big", bytes(1 << 20))])
        listener.settimeout(case.seconds_left())
        with listener.accept()[0] as peer:
            peer.sendall(b"\0SP\0\0\x51\0\0")  # a PULL that does not read
            push.expect_exit(3)
    expect(push.errors() == "Can't send: Connection reset by peer (messages lost: 1)\n", push.errors())


def request_given_up(case, programs):
    """Who waits for no reply any more has lost nothing, even if his request is not wholly sent."""
    address = case.address("ipc")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address[len("ipc://"):])
        listener.listen()
        req = case.start([programs["ours"].path, "--req", "--connect", address, "--recv-timeout", "0.2", "--file",
                          case.file("big", bytes(1 << 20))])
        listener.settimeout(case.seconds_left())
        with listener.accept()[0] as peer:
            peer.sendall(b"\0SP\0\0\x31\0\0")  # a REP that does not read
            req.expect_exit()
    expect(not req.errors(), req.errors())


# --- Patterns -----------------------------------------------------------------------------------------------------


def requests(case, programs):
    """REQ ends with its reply; REP goes on, and is not put off by requesters that have gone."""
    address, rep = listen(case, programs, ["--rep", "-D", "yes", "--msgpack"])
    req = ["--req", "--connect", address, "-A", "-D"]
    ends(case, programs, req + ["one"], 0, output=b"yes\n")
    ends(case, programs, req + ["two", "--count", "3"], 0, output=b"yes\n" * 3)
    ends(case, programs, req + ["three", "--count", "2", "-i", "0.05"], 0, output=b"yes\n" * 2)
    ends(case, programs, req + ["four", "--count", "2", "-i", "0"], 0, output=b"yes\n" * 2)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.connect(address[len("ipc://"):])
        gone.sendall(b"\0SP\0\0\x30\0\0" + b"\1" + (8).to_bytes(8, "big") + b"\x80\0\0\7gone")
    expect(rep.messages(9)[-1] == b"gone", "all were printed: %r" % rep.messages(9))
    ends(case, programs, req + ["six"], 0, output=b"yes\n")
    expect(rep.messages(10) == [b"one"] + [b"two"] * 3 + [b"three"] * 2 + [b"four"] * 2 + [b"gone", b"six"],
           "each was asked once: %r" % rep.messages(10))


def request_without_end(case, programs):
    """The replier dies with the request, and the next one gets it."""
    address, first = listen(case, programs, ["--rep", "--msgpack"])  # never answers
    req = case.start([programs["ours"].path, "--req", "--connect", address, "-A", "-D", "x"])
    first.messages(1)
    first.kill()
    second = case.start([programs["ours"].path, "--rep", "-D", "yes", "-C1", "--bind", address])
    req.expect_exit()
    second.expect_exit()
    expect(req.whole_output() == b"yes\n", "the reply came")


def questions_by_line(case, programs):
    """Each line is asked when the one before is answered; the answers are typed, too."""
    address, rep = listen(case, programs, ["--rep", "--by-line", "-F", "-", "--msgpack"], stdin=PIPE)
    req = case.start([programs["ours"].path, "--req", "--by-line", "-F", "-", "--msgpack", "--connect", address],
                     stdin=PIPE)
    req.write(b"first\nsecond\nthird\n")
    rep.messages(1)
    rep.write(b"1\n")
    rep.messages(2)
    rep.write(b"2\n3\n")
    expect(req.messages(3) == [b"1", b"2", b"3"], "an answer to each: %r" % req.messages(3))
    expect(rep.messages(3) == [b"first", b"second", b"third"], "in order: %r" % rep.messages(3))
    expect(req.is_running(), "there may be more lines")
    req.close_input()
    req.expect_exit()
    rep.close_input()
    ends(case, programs, ["--req", "-D", "x", "--connect", address, "--recv-timeout", "0.2"], 0)
    rep.expect_exit()


def answers_not_taken(case, programs):
    """Who does not read his answers does not stop the others."""
    address, rep = listen(case, programs, ["--rep", "--msgpack", "-F", case.file("big", bytes(1 << 20))])
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.connect(address[len("ipc://"):])
        request = b"\1" + (5).to_bytes(8, "big") + b"\x80\0\0\7x"
        stuck.sendall(b"\0SP\0\0\x30\0\0" + request * 3)
        rep.messages(1)
        ends(case, programs, ["--req", "-D", "x", "--connect", address, "-C1", "-Z0", "--raw"], 0,
             output=bytes(1 << 20))
        expect(rep.messages(2) == [b"x"] * 2, "his next ones are left alone: %r" % rep.messages(2))
    expect(rep.is_running() and not rep.errors(), "it goes on")


def surveys(case, programs):
    """All who are there answer, until the survey is over, or there are enough answers."""
    address = case.address("ipc")
    answers = [b"one", b"two", b"three"]
    for answer in answers:
        case.start([programs["ours"].path, "--respondent", "--connect", address, "-D", answer.decode()])
    silent = case.start([programs["ours"].path, "--respondent", "--connect", address, "--msgpack"])
    survey = ["--surveyor", "--bind", address, "--delay", "0.5", "-D", "who?", "--msgpack"]
    first = case.start([programs["ours"].path] + survey)
    first.expect_exit()
    expect(sorted(first.messages(3)) == sorted(answers), "they answered %r" % first.messages(3))
    second = case.start([programs["ours"].path] + survey + ["--count", "2", "--delay", "1"])
    second.expect_exit()
    expect(len(second.messages(2)) == 2, "two were enough")
    expect(silent.messages(2) == [b"who?"] * 2, "one was silent")


def bus(case, programs):
    """Everybody has what the others say, and nothing of what he says himself."""
    address, one = listen(case, programs, ["--bus", "--msgpack", "-D", "one", "-i", "0.05"])
    others = {}
    for name in (b"two", b"three"):
        others[name] = case.start([programs["ours"].path, "--bus", "--connect", address, "--msgpack", "-i", "0.05",
                                   "-D", name.decode()])
    case.until(lambda: set(one.messages(0)) == {b"two", b"three"}, "one is to hear two and three")
    for other in others.values():
        case.until(lambda: other.messages(0), "%s is to hear one" % other)
        expect(set(other.messages(0)) == {b"one"}, "nothing is forwarded: %r" % other.messages(0))
    ends(case, programs, ["--bus", "--connect", address, "--by-line", "-F", case.file("lines", b"a\nb\n"), "--delay",
                          "0.2", "--recv-timeout", "0.01"], 0)
    case.until(lambda: {b"a", b"b"} <= set(one.messages(0)), "lines go out, and are sent before the end")


def pair_version_1(case, programs):
    address, left = listen(case, programs, ["--pair1", "-D", "left", "-A", "--count", "1"])
    ends(case, programs, ["--pair1", "-D", "right", "--connect", address, "-A", "--count", "1"], 0, output=b"left\n")
    left.expect_exit()
    expect(left.whole_output() == b"right\n", "both ways")


def names(case, programs):
    """nn_rep and its like are --rep."""
    address = case.address("ipc")
    links = {}
    for name in ("nn_rep", "nn_req"):
        links[name] = os.path.join(case.folder, name)
        os.symlink(programs["ours"].path, links[name])
    case.start_listener([links["nn_rep"], "-D", "yes", "--bind", address], address)
    req = case.start([links["nn_req"], "-D", "x", "--connect", address, "-A"])
    req.expect_exit()
    expect(req.whole_output() == b"yes\n", "the reply came")


def too_far(case, programs):
    """--ttl: what came over more hops is dropped, and told."""
    address, rep = listen(case, programs, ["--rep", "--ttl", "2", "--msgpack", "-v"])
    with socket.socket(socket.AF_UNIX) as device:
        device.connect(address[len("ipc://"):])
        hops = b"\0\0\0\1" * 2 + b"\x80\0\0\7"
        far, near = hops + b"far!", hops[4:] + b"near"
        device.sendall(b"\0SP\0\0\x30\0\0" + b"".join(b"\1" + len(m).to_bytes(8, "big") + m for m in (far, near)))
        expect(rep.messages(1) == [b"near"], "only what is near: %r" % rep.messages(1))
        case.until(lambda: "too_many_hops" in rep.errors(), "it is told")


def devices(case, programs):
    """Between two addresses, both ways where the pattern has two; a device has nothing to say itself."""
    for kind, front, back, waits in (("rep", "req", "rep", True), ("push", "pull", "push", False),
                                     ("pair1", "pair1", "pair1", True), ("sub", "pub", "sub", False)):
        one, other = case.address("ipc"), case.address("ipc")
        device = case.start_listener([programs["ours"].path, "--" + kind, "--bind", one, "--forward-bind", other], one)
        there = case.start([programs["ours"].path, "--" + back, "--connect", other, "--count", "1"] +
                           (["-D", "back"] if waits or back == "push" else []) +
                           ([] if back == "push" else ["--msgpack"]))
        here = case.start([programs["ours"].path, "--" + front, "--connect", one, "--count", "1", "--delay", "0.3"] +
                          ([] if front == "pull" else ["-D", "forth"]) + ([] if front == "pub" else ["--msgpack"]))
        here.expect_exit()
        there.expect_exit()
        if front != "pub":
            expect(here.messages(1) == [b"back"], "it came back: %r" % here.messages(1))
        if back != "push":
            expect(there.messages(1) == [b"forth"], "it went forth: %r" % there.messages(1))
        device.signal(signal.SIGINT)
        device.expect_exit(-signal.SIGINT)
        expect(not device.errors() and not device.whole_output(), "it says nothing")
        for address in (one, other):
            expect(not os.path.exists(address[len("ipc://"):]), "its files are gone")


# --- Input and output ---------------------------------------------------------------------------------------------


def standard_input(case, programs):
    address, pull = listen(case, programs, ["--pull", "--msgpack", "--count", "2"])
    push = case.start([programs["ours"].path, "--push", "--connect", address, "--file", "-"], stdin=PIPE)
    push.write(b"one\n")
    push.write(b"message\0")
    push.close_input()
    push.expect_exit()
    ends(case, programs, ["--push", "--connect", address, "--file", "-"], 0)  # of /dev/null
    expect(pull.messages(2) == [b"one\nmessage\0", b""], "both arrived: %r" % pull.messages(2))


def by_line(case, programs):
    """Lines go out as they come, and others come in meanwhile."""
    ours = programs["ours"].path
    address = case.address("ipc")
    options = ["--pair", "--by-line", "--file", "-", "--msgpack"]
    left = case.start_listener([ours] + options + ["--bind", address], address, stdin=PIPE)
    right = case.start([ours] + options + ["--connect", address, "--recv-timeout", "0.2"], stdin=PIPE)
    left.write(b"1\n2")
    expect(right.messages(1) == [b"1"], "the first line, and no half of the second")
    right.write(b"\n")
    expect(left.messages(1) == [b""], "an empty line is a message")
    left.write(b" 2\nthree")
    expect(right.messages(2) == [b"1", b"2 2"], "the second line when it is whole")
    left.close_input()
    expect(right.messages(3) == [b"1", b"2 2", b"three"], "the last line needs no newline")
    right.close_input()
    right.expect_exit()


def lines_of_a_file(case, programs):
    lines = [b"line %d" % number for number in range(20000)]
    path = case.file("lines", b"\n".join(lines) + b"\n")
    for kind, answer in (("push", "pull"), ("pub", "sub")):
        address, receiver = listen(case, programs, ["--" + answer, "--msgpack"])
        ends(case, programs, ["--" + kind, "--connect", address, "--by-line", "--file", path, "--delay", "0.5"], 0)
        expect(receiver.messages(len(lines)) == lines, "all lines arrived in order")


def closed_output(case, programs):
    """Who pipes into `head` is ended by SIGPIPE, like other programs; the address is given back before."""
    address, pull = listen(case, programs, ["--pull", "--ascii"], read=False)
    push = case.start([programs["ours"].path, "--push", "--connect", address, "-D", "x", "-i", "0.01"])
    pull.close_output()
    pull.expect_exit(-signal.SIGPIPE)
    expect(not os.path.exists(address[len("ipc://"):]), "the file is gone")
    expect(push.is_running(), "the sender goes on")


def failing_output(case, programs):
    address, _ = listen(case, programs, ["--push", "-D", "x", "-i", "0.01"])
    with open("/dev/full", "wb") as full:
        ends(case, programs, ["--pull", "--connect", address, "-A"], 2,
             "Error writing standard output: No space left on device\n", stdout=full)
    shell = 'exec "$0" --pull --connect %s -A >&-' % address
    process = case.start(["/bin/sh", "-c", shell, programs["ours"].path])
    process.expect_exit(2)
    expect(process.errors() == "Error writing standard output: Bad file descriptor\n", process.errors())


def formats(case, programs):
    golden = b"a\tb\n\"c\\d\x01\xff"
    address, _ = listen(case, programs, ["--push", "-i", "0.01", "-F", case.file("golden", golden)])
    for options, output in [
        (["--raw"], golden),
        (["-A"], b"a.b.\"c\\d..\n"),
        (["-Q"], b'"a\\x09b\\n\\"c\\\\d\\x01\\xff"\n'),
        (["--hex"], b'"\\x61\\x09\\x62\\x0a\\x22\\x63\\x5c\\x64\\x01\\xff"\n'),
        (["--format", "msgpack"], b"\xc4\x0a" + golden),
        (["--format=no"], b""),
        ([], b""),
    ]:
        ends(case, programs, ["--pull", "--connect", address, "--count", "1"] + options, 0, output=output)


# --- Signals ------------------------------------------------------------------------------------------------------


def signals(case, programs):
    """Ends the way the signal says, and gives its addresses back."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        for options in (["--pull"], ["--push", "-D", "x"], ["--pair", "--by-line", "-F", "-"], ["--rep", "-D", "x"],
                        ["--surveyor", "-D", "x", "-i", "1"]):
            address, process = listen(case, programs, options, stdin=PIPE)
            process.signal(number)
            process.expect_exit(-number)
            expect(not os.path.exists(address[len("ipc://"):]), "%s left its file behind" % process)


CASES = [
    errors_of_sockets, errors_of_files, usage, timeouts, patience, linger, request_given_up, requests,
    request_without_end, questions_by_line, answers_not_taken, surveys, bus, pair_version_1, names, too_far,
    devices, standard_input, by_line, lines_of_a_file, closed_output, failing_output, formats, signals
]

if __name__ == "__main__":
    sys.exit(matrix.run([matrix.Job("nanocat", case.__name__.replace("_", " "), case) for case in CASES], __doc__))
