"""Compiler options, kept in one place."""

# The library: no exceptions, no RTTI, and no warning survives. Both gcc 12 and clang 14 accept all of these.
SPOOL_COPTS = [
    "-fno-exceptions",
    "-fno-rtti",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wshadow",
    "-Wswitch-enum",
    "-Wconversion",
]

# Tests: Catch2 reports by exceptions.
TEST_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]
