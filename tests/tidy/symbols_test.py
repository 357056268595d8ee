"""What the built library asks of the system: no threads, no exceptions, no printing, no library but the usual four.

    symbols_test.py ARCHIVE.a... PROGRAM     the archives of the library and a program that links it
    symbols_test.py --self-test

The archives are also linked into one program as a whole, without naming any library, so that nothing is missing.
"""

import os
import re
import subprocess
import sys
import tempfile

BANNED = {
    r"(pthread_create|thrd_create|_ZNSt6thread15_M_start_thread.*)": "starts a thread",
    r"(__cxa_throw|__cxa_rethrow|__cxa_allocate_exception)": "throws",
    r"(__cxa_begin_catch|__gxx_personality_v0)": "catches: compiled without -fno-exceptions",
    r"(__dynamic_cast|_ZTVN10__cxxabiv1.*)": "uses RTTI: compiled without -fno-rtti",
    r"(printf|puts|putchar|vprintf|__printf_chk|_ZSt4c(out|err|log))": "prints",
}

ALLOWED_LIBRARIES = re.compile(r"^(libc|libm|libstdc\+\+|libgcc_s|ld-linux[\w-]*)\.so")

MAIN = "int main() { return 0; }\n"


def output_of(*command):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError("%s failed:\n%s" % (" ".join(command), result.stderr))
    return result.stdout


def undefined_symbols(archive):
    """The names that the archive's objects want from elsewhere, without versions."""
    lines = output_of("nm", "--undefined-only", "--format=posix", archive).splitlines()
    return {line.split()[0].split("@")[0] for line in lines if re.match(r"\S+ [Uwv]\b", line)}


def check_symbols(archive):
    findings = []
    for name in sorted(undefined_symbols(archive)):
        for pattern, what in BANNED.items():
            if re.fullmatch(pattern, name):
                findings.append("%s: %s: %s" % (os.path.basename(archive), name, what))
    return findings


def check_program(program):
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", program))
    return ["%s: needs %s" % (os.path.basename(program), library)
            for library in needed if not ALLOWED_LIBRARIES.match(library)]


def link_whole(archives, folder):
    """A program of everything in the archives."""
    source = os.path.join(folder, "main.cc")
    with open(source, "w", encoding="utf-8") as file:
        file.write(MAIN)
    program = os.path.join(folder, "everything")
    output_of("c++", source, "-Wl,--whole-archive", *archives, "-Wl,--no-whole-archive", "-o", program)
    return program


def check(archives, programs):
    findings = []
    for archive in archives:
        findings += check_symbols(archive)
    with tempfile.TemporaryDirectory() as folder:
        try:
            whole = link_whole(archives, folder)
        except RuntimeError as error:
            return findings + ["the archives alone do not link: %s" % error]
        for program in [whole] + programs:
            findings += check_program(program)
    return findings


# --- Self-test --------------------------------------------------------------------------------------------------------

CLEAN = "#include <vector>\nint f() { std::vector<int> v; v.push_back(1); return v[0]; }\n"

BAD = [
    ("a thrown exception", "int g() { throw 1; }\n", [], "libg.a: __cxa_throw: throws"),
    ("a caught exception", "void h(); int g() { try { h(); } catch (int) {} return 0; }\n", [],
     "libg.a: __cxa_begin_catch: catches"),
    ("a thread", "#include <thread>\nint g() { std::thread([] {}).join(); return 0; }\n", [],
     "libg.a: _ZNSt6thread15_M_start_thread"),
    ("printing", "#include <iostream>\nint g() { std::cout << 1; return 0; }\n", [], "libg.a: _ZSt4cout: prints"),
    ("RTTI", "struct S { virtual ~S(); }; S::~S() {}\n", [], "libg.a: _ZTVN10__cxxabiv1"),
    ("a missing function", "int missing(); int g() { return missing(); }\n", [], "the archives alone do not link"),
]


def build(folder, source, options):
    path = os.path.join(folder, "g.cc")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    output_of("c++", "-std=c++20", "-O1", *options, "-c", path, "-o", os.path.join(folder, "g.o"))
    archive = os.path.join(folder, "libg.a")
    if os.path.exists(archive):
        os.remove(archive)
    output_of("ar", "rc", archive, os.path.join(folder, "g.o"))
    return archive


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        findings = check([build(folder, CLEAN, ["-fno-exceptions", "-fno-rtti"])], [])
        if findings:
            failures.append("the clean archive has findings: %s" % findings)
        for what, source, options, expected in BAD:
            findings = check([build(folder, source, options)], [])
            if not any(finding.startswith(expected) for finding in findings):
                failures.append("not found: %s: expected '%s', got %s" % (what, expected, findings))
        # A program that needs one more library.
        other = os.path.join(folder, "libother.so")
        main = os.path.join(folder, "main.cc")
        with open(main, "w", encoding="utf-8") as file:
            file.write(MAIN)
        output_of("c++", "-shared", "-fPIC", "-Wl,-soname,libother.so", main, "-o", other)
        program = os.path.join(folder, "program")
        output_of("c++", main, "-Wl,--no-as-needed", other, "-o", program)
        if check_program(program) != ["program: needs libother.so"]:
            failures.append("not found: a needed library: got %s" % check_program(program))
    for failure in failures:
        print("FAILED:", failure)
    print("%d of %d" % (len(BAD) + 2 - len(failures), len(BAD) + 2))
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    archives = [path for path in sys.argv[1:] if path.endswith(".a")]
    programs = [path for path in sys.argv[1:] if not path.endswith(".a")]
    if not archives or not programs:
        print("usage: %s ARCHIVE.a... PROGRAM... | --self-test" % sys.argv[0])
        return 2
    findings = check(archives, programs)
    for finding in findings:
        print(finding)
    print("%d archives, %d programs, %d findings" % (len(archives), len(programs), len(findings)))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
