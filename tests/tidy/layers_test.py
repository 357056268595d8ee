"""Includes go down: facade -> core -> protocols -> io -> loop. No cycles; tools and examples see the facade only.

gcc compiles an include that the build rules forbid (only clang's layering_check rejects it), so this looks at the text.
"""

import posixpath

import tree as t


def check(tree):
    return _directions(tree) + _scheme(tree) + _cycles(tree) + _facade_only(tree)


def _directions(tree):
    findings = []
    for path in tree.select(t.LAYERS, [".h", ".cc"]):
        mine = t.LAYERS.index(t.layer_of(path))
        for number, _, name in t.includes(tree, path):
            target = t.file_of(name)
            if target is None:
                continue
            theirs = t.LAYERS.index(t.layer_of(target))
            if theirs < mine:
                findings.append("%s:%d: %s/ may not include %s/: includes go down only" %
                                (path, number, t.layer_of(path), t.layer_of(target)))
            if not tree.exists(target):
                findings.append("%s:%d: there is no %s" % (path, number, target))
    return findings


def _scheme(tree):
    """In the library, a quoted include names a file of ours, from the top, and nothing else includes our files."""
    findings = []
    for path in tree.select(t.LAYERS, [".h", ".cc"]):
        for number, bracket, name in t.includes(tree, path):
            first = name.split("/")[0]
            if first in t.OUTSIDE:
                findings.append("%s:%d: the library may not include %s/" % (path, number, first))
            elif bracket == '"' and t.file_of(name) is None:
                findings.append('%s:%d: write "spool/<folder>/<file>.h" instead of "%s"' % (path, number, name))
            elif bracket == "<" and first in t.LAYERS:
                findings.append("%s:%d: write <spool/...> instead of <%s>" % (path, number, name))
            elif name.endswith(".cc"):
                findings.append("%s:%d: a source file is not included" % (path, number))
    return findings


def _cycles(tree):
    """Depth first over the headers; a cycle is reported once, where it closes."""
    graph = {}
    for path in tree.select(t.LAYERS, [".h"]):
        targets = ((number, t.file_of(name)) for number, _, name in t.includes(tree, path))
        graph[path] = [(number, target) for number, target in targets if target]
    findings = []
    done = set()

    def visit(path, trail):
        if path in done:
            return
        for number, target in graph.get(path, []):
            if target in trail + [path]:
                chain = (trail + [path])[(trail + [path]).index(target):] + [target]
                findings.append("%s:%d: include cycle: %s" % (path, number, " -> ".join(chain)))
            else:
                visit(target, trail + [path])
        done.add(path)

    for path in graph:
        visit(path, [])
    return findings


def _facade_only(tree):
    findings = []
    for path in tree.select(["examples", "tools"], [".h", ".cc"]):
        top = path.split("/")[0]
        for number, bracket, name in t.includes(tree, path):
            target = t.file_of(name)
            if target is not None:
                if t.layer_of(target) != "facade":
                    findings.append("%s:%d: %s/ may include <spool/...> of the facade only, not %s" %
                                    (path, number, top, name))
                elif bracket == '"':
                    findings.append("%s:%d: write <%s>, as a user does" % (path, number, name))
            elif name.split("/")[0] in t.LAYERS + ["tests", "bench"]:
                findings.append("%s:%d: %s/ may not include %s" % (path, number, top, name))
            elif bracket == '"':
                beside = posixpath.join(posixpath.dirname(path), name)
                if not (name.startswith(top + "/") and tree.exists(name)) and not tree.exists(beside):
                    findings.append("%s:%d: there is no %s" % (path, number, name))
    return findings


CLEAN = {
    "loop/time.h": "// Time.\n#include <cstdint>\n",
    "loop/time.cc": '#include "spool/loop/time.h"\n',
    "io/pipe.h": '#include "spool/loop/time.h"\n',
    "core/socket.h": '#include "spool/io/pipe.h"\n',
    "facade/spool.h": "#include <spool/event_loop.h>\n",
    "facade/event_loop.h": '#include "spool/core/socket.h"\n',
    "examples/arena/main.cc": '#include <spool/spool.h>\n#include "examples/arena/arena.h"\n#include "arena.h"\n',
    "examples/arena/arena.h": "#include <vector>\n",
    "tests/io/pipe_test.cc": '#include "spool/io/pipe.h"\n#include "tests/support/x.h"\n',
}

BAD = [
    ("an include that goes up", {"loop/time.h": '#include "spool/io/pipe.h"\n'},
     "loop/time.h:1: loop/ may not include io/"),
    ("a source that goes up", {"io/pipe.cc": '\n#include "spool/core/socket.h"\n'},
     "io/pipe.cc:2: io/ may not include core/"),
    ("going up to the facade", {"core/socket.h": "#include <spool/spool.h>\n"},
     "core/socket.h:1: core/ may not include facade/"),
    ("a cycle", {"loop/a.h": '#include "spool/loop/b.h"\n', "loop/b.h": '#include "spool/loop/a.h"\n'},
     "loop/b.h:1: include cycle: loop/a.h -> loop/b.h -> loop/a.h"),
    ("a header that includes itself", {"loop/a.h": '#include "spool/loop/a.h"\n'}, "loop/a.h:1: include cycle"),
    ("a missing header", {"loop/time.cc": '#include "spool/loop/tme.h"\n'}, "loop/time.cc:1: there is no"),
    ("the library including a test", {"io/pipe.cc": '#include "tests/support/x.h"\n'},
     "io/pipe.cc:1: the library may not include tests/"),
    ("an include by a relative path", {"io/pipe.cc": '#include "pipe.h"\n'}, "io/pipe.cc:1: write"),
    ("an include without the prefix", {"io/pipe.cc": "#include <loop/time.h>\n"}, "io/pipe.cc:1: write"),
    ("an included source", {"io/pipe.cc": '#include "spool/loop/time.cc"\n'}, "io/pipe.cc:1: a source"),
    ("an example below the facade", {"examples/arena/main.cc": "#include <spool/io/pipe.h>\n"},
     "examples/arena/main.cc:1: examples/ may include"),
    ("a tool with a back door", {"tools/cat/main.cc": '#include "io/pipe.h"\n'}, "tools/cat/main.cc:1: tools/ may not"),
    ("a tool with a test's helper", {"tools/cat/main.cc": '#include "tests/support/x.h"\n'},
     "tools/cat/main.cc:1: tools/ may not"),
]

if __name__ == "__main__":
    t.run(check, CLEAN, BAD)
