"""What a user's program gets to see: the facade's headers, a short list of value headers, and no system header.

The adapters for other main loops (facade/hosts) show their host's headers, so nothing of the library includes them.
"""

import tree as t

# The value headers of the lower folders that the facade may show. Adding one makes it public: think twice.
PUBLIC_BELOW_FACADE = {
    "core/event_loop_config.h",
    "core/events.h",
    "core/options.h",
    "core/peer_info.h",
    "core/stats.h",
    "core/waiter.h",
    "io/ip_address.h",
    "io/message.h",
    "io/peer_credentials.h",
    "io/resolver.h",
    "loop/assert.h",
    "loop/budget.h",
    "loop/clock.h",
    "loop/error.h",
    "loop/explanation.h",
    "loop/fatal.h",
    "loop/function.h",
    "loop/handle.h",
    "loop/intrusive_list.h",
    "loop/memory.h",
    "loop/poller.h",
    "loop/result.h",
    "loop/time.h",
    "loop/timer_queue.h",
    "protocols/socket_type.h",
}

UMBRELLA = "facade/spool.h"

# Where a private header of the facade goes.
PRIVATE = "facade/internal/"

# Each is included by those who want it, and shows what its host's headers show.
ADAPTERS = "facade/hosts/"

# What adapters may show besides: the table of a foreign loop's descriptors is that of the poll(2) back-end.
PUBLIC_TO_ADAPTERS = {
    "loop/fd_table.h",
    "loop/poller_poll.h",
}

# Beside the C++ library, whose headers have no ".h", only these of C.
C_HEADERS = {
    "assert.h", "errno.h", "inttypes.h", "limits.h", "stdbool.h", "stddef.h", "stdint.h", "string.h",
}


def check(tree):
    findings = []
    headers = [p for p in tree.select(["facade"], [".h"]) if not p.startswith(PRIVATE)]
    roots = [p for p in headers if not p.startswith(ADAPTERS)]
    if roots and UMBRELLA not in roots:
        findings.append("%s:1: the umbrella header is missing" % UMBRELLA)
    # Breadth first, so that the way that is printed is a shortest one.
    came_from = {root: None for root in roots}
    queue = list(roots)
    for path in queue:
        for number, _, name in t.includes(tree, path):
            target = t.file_of(name)
            where = "%s:%d: " % (path, number)
            if target is None:
                if name.endswith(".h") and name not in C_HEADERS:
                    findings.append(where + "<%s> of the system is visible in the public headers (%s)" %
                                    (name, _way(came_from, path)))
            elif not _is_public(target):
                findings.append(where + "%s is private but visible in the public headers (%s)" %
                                (target, _way(came_from, path)))
            elif target not in came_from and tree.exists(target):
                came_from[target] = path
                queue.append(target)
    return findings + _adapters(tree)


def _adapters(tree):
    """They see public headers, and are seen by one another only."""
    findings = []
    for path in tree.select(t.LAYERS, [".h", ".cc"]):
        is_adapter = path.startswith(ADAPTERS)
        for number, _, name in t.includes(tree, path):
            target = t.file_of(name)
            if target is None:
                continue
            if not is_adapter and target.startswith(ADAPTERS):
                findings.append("%s:%d: %s: the library depends on no host" % (path, number, target))
            elif is_adapter and not _is_public(target) and target not in PUBLIC_TO_ADAPTERS:
                findings.append("%s:%d: %s is private but visible in an adapter" % (path, number, target))
    return findings


def _is_public(path):
    if path.startswith("facade/"):
        return not path.startswith(PRIVATE)
    return path in PUBLIC_BELOW_FACADE


def _way(came_from, path):
    way = [path]
    while came_from[way[0]] is not None:
        way.insert(0, came_from[way[0]])
    return " -> ".join(way)


CLEAN = {
    "facade/spool.h": "#include <spool/event_loop.h>\n",
    "facade/event_loop.h": '#include <memory>\n#include <stdint.h>\n#include "spool/loop/time.h"\n',
    "facade/event_loop.cc": '#include <unistd.h>\n#include "spool/core/socket.h"\n',
    "facade/internal/glue.h": '#include "spool/core/socket.h"\n',
    "loop/time.h": "#include <cstdint>\n",
    "core/socket.h": "#include <sys/socket.h>\n",
    "facade/hosts/uv.h": '#include <uv.h>\n#include "spool/event_loop.h"\n#include "spool/hosts/common.h"\n',
    "facade/hosts/common.h": '#include <poll.h>\n#include "spool/loop/poller_poll.h"\n',
}

BAD = [
    ("a private header, directly", {"facade/spool.h": '#include "spool/core/socket.h"\n'},
     "facade/spool.h:1: core/socket.h is private"),
    ("a private header, through a value header", {"loop/time.h": '#include "spool/loop/reactor.h"\n'},
     "loop/time.h:1: loop/reactor.h is private"),
    ("a private header of the facade", {"facade/event_loop.h": "\n#include <spool/internal/glue.h>\n"},
     "facade/event_loop.h:2: facade/internal/glue.h is private"),
    ("a system header, through a value header", {"loop/time.h": "#include <sys/time.h>\n"},
     "loop/time.h:1: <sys/time.h>"),
    ("another system header", {"facade/event_loop.h": "#include <poll.h>\n"}, "facade/event_loop.h:1: <poll.h>"),
    ("a public header outside of the umbrella", {"facade/task.h": "#include <unistd.h>\n"},
     "facade/task.h:1: <unistd.h>"),
    ("a private header in an adapter", {"facade/hosts/uv.h": '#include "spool/loop/reactor.h"\n'},
     "facade/hosts/uv.h:1: loop/reactor.h is private"),
    ("an adapter in a public header", {"facade/event_loop.h": '#include "spool/hosts/uv.h"\n'},
     "facade/event_loop.h:1: facade/hosts/uv.h: the library depends on no host"),
    ("an adapter in a source", {"facade/event_loop.cc": "#include <spool/hosts/uv.h>\n"},
     "facade/event_loop.cc:1: facade/hosts/uv.h: the library depends on no host"),
    ("a header of the poller outside of the adapters", {"facade/task.h": '#include "spool/loop/poller_poll.h"\n'},
     "facade/task.h:1: loop/poller_poll.h is private"),
]

if __name__ == "__main__":
    t.run(check, CLEAN, BAD)
