"""The same command line, given to our nanocat and to nanomsg's: same exit code, same output, same words.

usage: compatibility_test.py OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]

Two things may differ on standard error. Ours goes on in brackets where it knows more: "Can't bind: Invalid argument
(...)". And its lists of options, which are indented, have members that nanomsg's has not.
"""

import os
import sys

import matrix
from processes import expect

GOLDEN = b"a\tb\n\"c\\d\x01\xff"

# Command lines by what is compared. In them, ADDR is an address that nobody has, FOLDER the folder of the case. Times
# are whole seconds, because nanomsg's cuts fractions off.
LINES = {
    "types": [
        "", "-l 1", "--pull", "--pull --sub -l 1", "--pull --pull", "--push -l 1", "--pub -l 1", "--req -l 1",
        "--surveyor -l 1", "--pull -l 1 -D x", "--respondent --rep -l 1"
    ],
    "needs": [
        "--push -D x -l 1 --recv-timeout 1", "--pub -D x -l 1 -A", "--pull -l 1 --send-timeout 3",
        "--sub -l 1 --interval 3", "--rep -l 1 --subscribe x", "--push -D x -l 1 --raw --subscribe x", "-A -i 1",
        "--pull -l 1 --data x --interval 2"
    ],
    "arguments": [
        "--recv-timeout", "--recv-timeout x", "--recv-timeout=1x", "-i 1x", "-i1x", "--delay=", "--format xyz",
        "--format=xyz", "--form xyz", "-l", "--verbose=3", "-Dx -Fy", "-D x -D y", "--data=x --da=y", "x",
        "--pull -l 1 x"
    ],
    "abbreviations": [
        "--pu", "--s", "--re", "--bind-=1", "--b", "--verb=1", "--surv --resp", "--zork", "--zork=x", "-z", "-vz",
        "-vqz"
    ],
    "addresses": [
        "--pull --bind foo://x", "--pull --bind x", "--pull --bind tcp://127.0.0.1", "--pull -L 70000",
        "--pull --connect tcp://127.0.0.1", "--pull -l 99999", "--pull --connect tcp://*:1",
        "--pull --bind ipc://" + "x" * 200, "--pair --connect foo://x", "--bus -l x"
    ],
    "files": ["--push --connect ADDR -F FOLDER/missing", "--rep --connect ADDR --file=FOLDER/missing"],
    "timeouts": [
        "--%s --connect ADDR %s-timeout 1%s" % (kind, side, data)
        for side, kinds in (("--recv", "pull sub rep respondent bus pair rep+ respondent+ bus+ req+"),
                            ("--send", "push+ pair+"))
        for kind, data in ((name.rstrip("+"), " -D x" if "+" in name else "") for name in kinds.split())
    ] + ["--pub -D x --connect ADDR", "--pub -D x --connect ADDR -d 0.3"],
}


class Run:
    """One of the programs, started by a name that is the same for both."""

    def __init__(self, case, programs, who, line, name):
        self._folder = os.path.join(case.folder, who)
        link = os.path.join(self._folder, name)
        if not os.path.exists(link):
            os.makedirs(self._folder, exist_ok=True)
            os.symlink(programs[who].path, link)
        self._process = case.start([link] + line)

    def result(self):
        """(exit code, output, lines on standard error)."""
        code = self._process.exit_code()
        said = self._process.errors().replace(self._folder + "/", "")
        return code, self._process.whole_output(), said.splitlines()


def says_the_same(ours, theirs):
    rest = list(theirs)
    for line in ours:
        if rest and (line == rest[0] or line.startswith(rest[0] + " (")):
            rest.pop(0)
        elif not line.startswith("    "):
            return False
    return not rest


def compare(case, programs, lines, name="nanocat"):
    """All lines side by side; returns the outputs."""
    runs = [(line, Run(case, programs, "ours", line, name), Run(case, programs, "nanomsg", line, name))
            for line in lines]
    outputs = []
    for line, ours, theirs in runs:
        our_code, our_output, our_errors = ours.result()
        code, output, errors = theirs.result()
        what = "`%s %s`: ours " % (name, " ".join(line))
        expect(our_code == code, what + "ends with %d, nanomsg's with %d" % (our_code, code))
        expect(our_output == output, what + "prints %r, nanomsg's %r" % (our_output, output))
        expect(says_the_same(our_errors, errors), what + "says %r, nanomsg's %r" % (our_errors, errors))
        outputs.append(output)
    return outputs


def lines(case, programs, group):
    compare(case, programs, [
        line.replace("ADDR", case.address("ipc")).replace("FOLDER", case.folder).split() for line in LINES[group]
    ])


def program_names(case, programs):
    """nn_push and its like: the type, and what is said about it."""
    for kind in "push pull pub sub req rep surveyor respondent bus pair".split():
        compare(case, programs, [[], ["--pair"], "-l 1 -D x --subscribe y".split(), "-l 1 -i x".split()], "nn_" + kind)


def empty_arguments(case, programs):
    compare(case, programs, [["--pull", ""], ["--pull", "--bind", ""], ["--pull", "--recv-timeout", "", "-l", "1"],
                             ["--push", "--connect", case.address("ipc"), "--send-timeout", "1", "-D", ""]])


def used_address(case, programs):
    for transport in ("ipc", "tcp"):
        address = case.address(transport)
        case.start_listener([programs["nanomsg"].path, "--pull", "--bind", address], address)
        compare(case, programs, [["--pull", "--bind", address]])


def formats(case, programs):
    """A reply in every format. REQ ends by itself."""
    address = case.address("ipc")
    rep = [programs["nanomsg"].path, "--rep", "-F", case.file("golden", GOLDEN), "--bind", address]
    case.start_listener(rep, address)
    req = ["--req", "--connect", address, "-D", "x"]
    printed = compare(case, programs, [req + options for options in (
        ["--raw"], ["-A"], ["--quoted"], ["--hex"], ["--msgpack"], ["--raw", "-Q"], ["--format=ascii", "-vq"])])
    expect(all(printed), "there was a reply: %r" % printed)
    compare(case, programs, [req, req + ["--format", "no"]])


CASES = [matrix.Job("nanomsg's and ours", group, lines, group=group) for group in LINES] + [
    matrix.Job("nanomsg's and ours", case.__name__.replace("_", " "), case)
    for case in (program_names, empty_arguments, used_address, formats)
]

if __name__ == "__main__":
    sys.exit(matrix.run(CASES, __doc__))
