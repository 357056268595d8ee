"""What the tidy tests share: the tree's files, its includes, and how a checker is run and proves that it can fail.

A checker is a function from a Tree to a list of findings, each one line: "path:line: what is wrong". Each test file has
a clean example and planted bad ones; `--self-test` runs the checker over all of them and expects to find what was
planted, and nothing in the clean one.
"""

import os
import re
import sys
import tempfile

# From the top of the library to the bottom. A file may include its own folder and those after it.
LAYERS = ["facade", "core", "protocols", "io", "loop"]

# May use the library, are used by nobody.
OUTSIDE = ["tests", "bench", "examples", "tools"]

_SKIPPED = {".git", ".cache", "__pycache__", "third_party"}


class Tree:
    """The text files below a root, by path relative to it."""

    def __init__(self, root):
        self.root = root
        self._texts = {}
        self.paths = []
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(
                f for f in folders
                if f not in _SKIPPED and not (folder == root and f.startswith("bazel-")))
            for name in sorted(files):
                self.paths.append(os.path.relpath(os.path.join(folder, name), root))

    def select(self, folders, suffixes):
        """The paths in any of the top-level folders with any of the suffixes."""
        return [
            path for path in self.paths
            if path.split(os.sep)[0] in folders and path.endswith(tuple(suffixes))
        ]

    def text(self, path):
        if path not in self._texts:
            with open(os.path.join(self.root, path), encoding="utf-8") as file:
                self._texts[path] = file.read()
        return self._texts[path]

    def lines(self, path):
        return self.text(path).splitlines()

    def exists(self, path):
        return os.path.isfile(os.path.join(self.root, path))


def layer_of(path):
    """The layer a file belongs to, or None."""
    first = path.split(os.sep)[0]
    return first if first in LAYERS else None


_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(tree, path):
    """Yields (line number, '<' or '"', what is between the brackets)."""
    for number, line in enumerate(tree.lines(path), 1):
        match = _INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def file_of(name):
    """The tree's file that an include names: "spool/io/x.h" is io/x.h, <spool/x.h> is facade/x.h. None: not ours."""
    if not name.startswith("spool/"):
        return None
    rest = name[len("spool/"):]
    return rest if rest.split("/")[0] in LAYERS else "facade/" + rest


_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/'  # Comments.
    r'|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"'  # Raw strings.
    r'|"(?:\\.|[^"\\\n])*"'  # Strings.
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # Characters, but not the separators of 1'000.
    re.DOTALL)


def code_lines(tree, path):
    """The lines with comments and the insides of literals blanked out."""

    def blank(match):
        text = match.group(0)
        if text.startswith("/"):
            return re.sub(r"[^\n]", " ", text)
        return '""' + "\n" * text.count("\n")

    # Includes keep their names.
    text = "\n".join(
        "" if _INCLUDE.match(line) else line for line in tree.text(path).splitlines())
    return _NOT_CODE.sub(blank, text).splitlines()


def check_planted(check, files):
    """What the checker finds in a tree of {path: text}, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="spool-tidy-") as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return list(check(Tree(root)))


def run(check, clean, bad):
    """Runs a checker as a program.

    Args:
      check: the checker.
      clean: {path: text} of a tree without a finding.
      bad: a list of (what it is, {path: text} laid over `clean`, how the expected finding starts).
    """
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(_self_test(check, clean, bad))
    if len(sys.argv) != 2:
        sys.exit("usage: %s ROOT | --self-test" % sys.argv[0])
    tree = Tree(sys.argv[1])
    if not tree.exists("WORKSPACE"):
        sys.exit("%s is not the root of the tree: no WORKSPACE there" % sys.argv[1])
    findings = check(tree)
    for finding in findings:
        print(finding)
    print("%d finding%s" % (len(findings), "" if len(findings) == 1 else "s"))
    sys.exit(1 if findings else 0)


def _self_test(check, clean, bad):
    failures = 0
    findings = check_planted(check, clean)
    if findings:
        failures += 1
        print("FAILED: the clean tree has findings:", *findings, sep="\n  ")
    for what, files, expected in bad:
        findings = check_planted(check, {**clean, **files})
        if any(finding.startswith(expected) for finding in findings):
            print("found: %s" % what)
        else:
            failures += 1
            print("FAILED: not found: %s: expected '%s', got:" % (what, expected), *findings, sep="\n  ")
    print("%d of %d" % (len(bad) + 1 - failures, len(bad) + 1))
    return 1 if failures else 0
