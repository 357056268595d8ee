"""Pictures of the state machines, from the tables in the comments of the headers.

usage: state_pictures.py ROOT            says what is wrong with the tables, and which pictures are out of date
       state_pictures.py ROOT --write    draws those that are (needs `dot`, of Debian's package graphviz)

A table looks like this:

  //  state | an event                     | another one
  //  ------+------------------------------+--------------------------
  //  alone | → paired                     | –
  //  pair  | it is full: would_block;     | tell the user; → alone, if
  //        | else: → alone                | that was the last

  * Bars stand below each other. Each row is a state, and a line without one goes on with the row above it.
  * No cell is empty: where nothing happens there is a –.
  * `→ STATE` is a transition; its condition, if any, stands before it with a colon, or behind it with `, if`; other
    text is what is done. A semicolon separates clauses.
  * The first state is where it starts. Only `gone` and `closed` may have no row: nothing happens there any more.
  * Tables below each other with the same first column are one machine. A table without any → is something else.

Each header with such a table has a picture in docs/patterns/states. The picture has in it, as a comment, the text that
it was made of, so that looking whether it is up to date needs no `dot`.
"""

import os
import re
import subprocess
import sys
import textwrap

FOLDERS = ["core", "facade", "io", "loop", "protocols"]
PICTURES = "docs/patterns/states"
ENDS = ["gone", "closed"]
LABEL_COLUMNS = 26

_RULE = re.compile(r"^\s*//\s+-+(?:\+-+)+\s*$")


class Machine:
    """One table: what its states are of, their names, and [(from, event, condition, to)]."""

    def __init__(self, title, states):
        self.title = title
        self.states = states
        self.transitions = []


class Table:
    """The cells of a table: `head` and `rows` are lists of texts, the lines of each cell joined."""

    def __init__(self, lines, rule, findings, path):
        bars = [i for i, c in enumerate(lines[rule]) if c == "+"]
        top = rule
        while top > 0 and "|" in lines[top - 1] and lines[top - 1].lstrip().startswith("//"):
            top -= 1
        self.end = rule + 1
        while self.end < len(lines) and re.match(r"\s*//.*\|", lines[self.end]):
            self.end += 1
        for number in [*range(top, rule), *range(rule + 1, self.end)]:
            if any(i not in bars for i, c in enumerate(lines[number]) if c == "|"):
                findings.append("%s:%d: a bar stands out of its column" % (path, number + 1))
        cells = [self._split(line, len(bars) + 1) for line in lines[top:rule]]
        self.head = [_join(column) for column in zip(*cells)] if cells else [""] * (len(bars) + 1)
        self.rows = []
        for line in lines[rule + 1:self.end]:
            cells = self._split(line, len(bars) + 1)
            if cells[0]:
                self.rows.append(cells)
            elif self.rows:
                self.rows[-1] = [_join(both) for both in zip(self.rows[-1], cells)]

    @staticmethod
    def _split(line, count):
        cells = [cell.strip() for cell in line.strip()[2:].split("|")]
        return (cells + [""] * count)[:count]


def _join(texts):
    return " ".join(text for text in texts if text)


def machines(text, path, findings):
    """The state machines in a header."""
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines):
        if not _RULE.match(line):
            continue
        table = Table(lines, number, findings, path)
        if not any("→" in cell for row in table.rows for cell in row):
            continue
        states = [row[0] for row in table.rows]
        if found and (found[-1].title, found[-1].states) == (table.head[0], states):
            machine = found[-1]
        else:
            machine = Machine(table.head[0], states)
            found.append(machine)
        for row in table.rows:
            for event, cell in zip(table.head[1:], row[1:]):
                if not cell:
                    findings.append("%s:%d: '%s' has no answer to '%s'" % (path, number + 1, row[0], event))
                for condition, state in transitions(cell, states):
                    if state is None:
                        findings.append("%s:%d: '%s', '%s': there is no such state" % (path, number + 1, row[0], cell))
                    else:
                        machine.transitions.append((row[0], event, condition, state))
    return found


def transitions(cell, states):
    """[(condition, state)] of one cell; the state is None when there is no such one."""
    found = []
    for clause in cell.split(";"):
        before, *targets = clause.split("→")
        condition = before.rpartition(":")[0].strip()
        for target in targets:
            target = target.strip()
            names = [name for name in states + ENDS if re.match(re.escape(name) + r"(?!\w)", target)]
            state = max(names, key=len, default=None)
            behind = re.match(r",? *(if .*)", target[len(state):]) if state else None
            found.append((behind.group(1) if behind else condition, state))
    return found


def dot(header, found):
    """The picture as text for Graphviz."""
    lines = [
        'digraph "%s" {' % header,
        '  bgcolor=white; fontname="Helvetica"; fontsize=12; nodesep=0.5; ranksep=0.7;',
        '  node [shape=box, style="rounded,filled", fillcolor="#eef3fb", color="#4a6fa5", fontname="Helvetica",'
        ' fontsize=12];',
        '  edge [color="#555555", fontname="Helvetica", fontsize=10];',
    ]
    for number, machine in enumerate(found):
        indent = "  "
        if len(found) > 1:
            lines.append('  subgraph cluster_%d {' % number)
            lines.append('    label="%s"; color="#bbbbbb";' % machine.title)
            indent = "    "
        used = {state for transition in machine.transitions for state in (transition[0], transition[3])}
        states = machine.states + [end for end in ENDS if end in used and end not in machine.states]
        names = {state: '"%d %s"' % (number, state) for state in states}
        lines.append('%s"%d" [shape=point, color="#555555"];' % (indent, number))
        for state in states:
            shape = ', shape=ellipse, fillcolor=white' if state in ENDS else ''
            lines.append('%s%s [label="%s"%s];' % (indent, names[state], state, shape))
        lines.append('%s"%d" -> %s;' % (indent, number, names[states[0]]))
        labels = {}
        for origin, event, condition, target in machine.transitions:
            label = labels.setdefault((origin, target), [])
            text = event + (": " + condition if condition else "")
            if text not in label:
                label.append(text)
        for (origin, target), texts in labels.items():
            wrapped = ["\\l  ".join(textwrap.wrap("• " + text, LABEL_COLUMNS)) + "\\l" for text in texts]
            lines.append('%s%s -> %s [label="%s"];' %
                         (indent, names[origin], names[target], "".join(wrapped).replace('"', "'")))
        if len(found) > 1:
            lines.append("  }")
    return "\n".join(lines + ["}", ""])


def pictures(root, findings):
    """{path of the picture: its text for Graphviz}."""
    found = {}
    for folder in FOLDERS:
        for place, folders, names in os.walk(os.path.join(root, folder)):
            folders.sort()
            for name in sorted(names):
                if not name.endswith(".h"):
                    continue
                header = os.path.relpath(os.path.join(place, name), root)
                with open(os.path.join(root, header), encoding="utf-8") as file:
                    of_header = machines(file.read(), header, findings)
                if not of_header:
                    continue
                picture = "%s/%s.svg" % (PICTURES, name[:-2])
                if picture in found:
                    findings.append("%s: another header has the picture %s" % (header, picture))
                found[picture] = dot(header, of_header)
    return found


def comment(text):
    """What a picture says that it was made of. A comment in XML has no two dashes in a row."""
    return "<!-- Made by tools/state_pictures.py from\n%s-->\n" % text.replace("--", "- -")


def draw(text):
    try:
        svg = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, encoding="utf-8", check=True).stdout
    except FileNotFoundError:
        sys.exit("there is no `dot`: it is in Debian's package graphviz")
    svg = re.sub(r"<!-- (?:Generated by|Title:).*?-->\n?", "", svg, flags=re.DOTALL)
    return svg.replace("<svg ", comment(text) + "<svg ", 1)


def check(root):
    """What is wrong, one line each."""
    findings = []
    expected = pictures(root, findings)
    folder = os.path.join(root, PICTURES)
    committed = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in committed:
        if "%s/%s" % (PICTURES, name) not in expected:
            findings.append("%s/%s: there is no such state machine" % (PICTURES, name))
    for picture, text in expected.items():
        if not is_of(os.path.join(root, picture), text):
            findings.append("%s: out of date; run tools/state_pictures.py . --write" % picture)
    return findings


def is_of(path, text):
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        return comment(text) in file.read()


def write(root):
    findings = []
    os.makedirs(os.path.join(root, PICTURES), exist_ok=True)
    for picture, text in pictures(root, findings).items():
        path = os.path.join(root, picture)
        if not is_of(path, text):
            with open(path, "w", encoding="utf-8") as file:
                file.write(draw(text))
            print(picture)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--write"]):
        sys.exit(__doc__)
    if len(sys.argv) == 3:
        write(sys.argv[1])
    FINDINGS = check(sys.argv[1])
    print(*FINDINGS, sep="\n", end="\n" if FINDINGS else "")
    sys.exit(1 if FINDINGS else 0)
