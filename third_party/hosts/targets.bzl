"""The targets of facade/hosts, examples/hosts and tests/hosts: they follow from the names of the files.

A file named after a host (`uv.h`, `uv_poller.cc`, `uv_test.cc`) is compiled with what that host needs, if it is
installed; `qt` stands for qt5 and qt6. Names that end in `_poller` or `_frame` do not need EventLoop::backend_fd; all
other tests of a host have the tag `nested` and are left out where there is none.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library")
load("@spool_hosts//:defs.bzl", "HAS_XVFB", "HOSTS")
load("//tests:spool_test.bzl", "spool_test")
load("//tools:copts.bzl", "SPOOL_COPTS", "TEST_COPTS")
load(":known.bzl", "DISPLAYS", "host_files")

# For headers that programs of all kinds compile.
_ALONE_COPTS = SPOOL_COPTS + [
    "-Wpedantic",
    "-Wsign-conversion",
    "-Wold-style-cast",
]

# asio wants to be told.
_NO_EXCEPTIONS = {"asio": [
    "-DASIO_NO_EXCEPTIONS",
    "-DASIO_NO_TYPEID",
]}

def _copts(host):
    return [] if host == None else HOSTS[host].copts

def _library(host):
    return "//facade/hosts:" + ("common" if host == None else host)

def host_libraries(headers):
    """One library per host with its headers, `common` with those of no host, and `headers_alone`.

    Args:
      headers: their names.
    """
    entries = host_files(headers, ".h")
    cc_library(
        name = "common",
        hdrs = [entry.file for entry in entries if entry.host == None],
        include_prefix = "spool/hosts",
        deps = [
            "//facade:spool",
            "//loop",
        ],
    )
    for host in HOSTS:
        cc_library(
            name = host,
            hdrs = [entry.file for entry in entries if entry.host == host],
            include_prefix = "spool/hosts",
            deps = HOSTS[host].deps + [":common"],
        )
    alone = [entry for entry in entries if entry.host == None or entry.host in HOSTS]
    for entry in alone:
        _header_alone(entry)
    cc_library(
        name = "headers_alone",
        tags = ["manual"],
        deps = [":%s_alone" % entry.name for entry in alone],
    )

def _header_alone(entry):
    source = "headers_alone/%s.cc" % entry.name
    native.genrule(
        name = entry.name + "_alone_source",
        outs = [source],
        cmd = "echo '#include <spool/hosts/%s>' > $@" % entry.file,
        tags = ["manual"],
    )
    cc_library(
        name = entry.name + "_alone",
        srcs = [source],
        copts = _ALONE_COPTS + _copts(entry.host) + _NO_EXCEPTIONS.get(entry.host, []),
        linkstatic = True,
        tags = ["manual"],
        deps = [_library(entry.host)],
    )

def _tags(entry):
    """Of a test."""
    tags = []
    if entry.host != None and not entry.name.endswith("_poller") and not entry.name.endswith("_frame"):
        tags.append("nested")
    if entry.host in DISPLAYS:
        # Their libraries and drivers leak at the end, and are not what is tested.
        tags.append("no_sanitize")
    return tags

def _run(name, program, entry):
    """A test that runs the program, where its display is; exit code 0 is success."""
    if DISPLAYS.get(entry.host) == "xvfb" and not HAS_XVFB:
        return
    native.sh_test(
        name = name,
        size = "medium" if entry.host in DISPLAYS else "small",
        srcs = ["//tests/hosts:on_display.sh"],
        args = [
            DISPLAYS.get(entry.host, "none"),
            "$(location %s)" % program,
        ],
        data = [program],
        tags = _tags(entry),
    )

def host_examples(sources):
    """One program per source, and a test that runs it: `uv` and `uv_example_test`.

    Args:
      sources: their names.
    """
    for entry in host_files(sources, ".cc"):
        if entry.host not in HOSTS:
            continue
        cc_binary(
            name = entry.name,
            srcs = [entry.file],
            copts = TEST_COPTS + _copts(entry.host),
            linkopts = ["-pthread"],
            deps = ["//:spool", _library(entry.host)],
        )
        _run(entry.name + "_example_test", ":" + entry.name, entry)

def host_tests(sources, headers):
    """One test per source.

    Args:
      sources: their names.
      headers: what all of them may include.
    """
    for entry in host_files(sources, "_test.cc"):
        if entry.host != None and entry.host not in HOSTS:
            continue
        name = entry.name + "_test"
        common = dict(
            srcs = [entry.file] + headers,
            linkopts = ["-pthread"],
            deps = ["//:spool", _library(entry.host)],
        )
        if entry.host in DISPLAYS:
            common["deps"] = common["deps"] + ["//tests:catch_main"]
            cc_binary(
                name = name + "_program",
                testonly = True,
                copts = TEST_COPTS + _copts(entry.host),
                **common
            )
            _run(name, ":%s_program" % name, entry)
        else:
            spool_test(
                name = name,
                copts = _copts(entry.host),
                tags = _tags(entry),
                **common
            )
