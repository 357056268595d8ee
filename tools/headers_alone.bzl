"""Every header compiles on its own: one source file per header that includes just that.

Newer Bazels do this by the feature `parse_headers`; the toolchain of 4.2.3 does not know it.
"""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("//tools:copts.bzl", "SPOOL_COPTS")

def headers_alone(library, include_prefix):
    """Declares `headers_alone` for the headers of the package; `manual`, as `./run test clang` builds it.

    Args:
      library: the target that the headers belong to.
      include_prefix: how they are included.
    """
    headers = native.glob(["**/*.h"], allow_empty = True)
    sources = ["headers_alone/" + header + ".cc" for header in headers]
    if headers:
        native.genrule(
            name = "headers_alone_sources",
            outs = sources,
            cmd = "for out in $(OUTS); do " +
                  "header=$${out#$(RULEDIR)/headers_alone/}; " +
                  "echo \"#include <%s/$${header%%.cc}>\" > $$out; " % include_prefix +
                  "done",
            tags = ["manual"],
        )
    cc_library(
        name = "headers_alone",
        srcs = sources,
        copts = SPOOL_COPTS,
        # Bazel 4.2.3 forgets the module maps of what `library` depends on. The library itself is checked.
        features = ["-layering_check"],
        linkstatic = True,
        tags = ["manual"],
        deps = [library],
    )
