"""How tests are declared."""

load("@rules_cc//cc:defs.bzl", "cc_test")
load("//tools:copts.bzl", "TEST_COPTS")

def spool_test(name, srcs, deps = [], copts = [], size = "small", **kwargs):
    """A Catch2 test program: `srcs` hold TEST_CASEs, the main is compiled once for all tests."""
    cc_test(
        name = name,
        size = size,
        srcs = srcs,
        copts = TEST_COPTS + copts,
        deps = deps + ["//tests:catch_main"],
        **kwargs
    )

def spool_tests(deps, exclude = [], **kwargs):
    """One test program per *_test.cc of the package, named after its file; all see the headers of the package.

    Two kinds of tests are told by their names: *_exclusive_test.cc measures time or opens many sockets and so never
    runs beside another one; *_slow_test.cc may take minutes. A test that needs more than that is listed in `exclude`
    and declared with spool_test().

    Args:
      deps: what every test of the package may include.
      exclude: files that are declared one by one instead.
      **kwargs: passed to every test.
    """
    headers = native.glob(["*.h"], allow_empty = True)
    for source in native.glob(["*_test.cc"], allow_empty = True, exclude = exclude):
        tags = []
        if source.endswith("_exclusive_test.cc"):
            tags = ["exclusive"]
        spool_test(
            name = source[:-len(".cc")],
            size = "large" if source.endswith("_slow_test.cc") else "small",
            srcs = [source] + headers,
            tags = tags,
            deps = deps,
            **kwargs
        )
