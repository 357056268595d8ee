"""The repository @spool_hosts: which of the known main loops (and what their examples need) this machine has.

It is made again when SPOOL_HOSTS changes (`./run` sets it to a digest of the packages' versions) and when the Bazel
server starts, so that a package that was installed meanwhile is found. Nothing is fetched.
"""

load(":known.bzl", "KNOWN")

# The compiler looks there by itself.
_SYSTEM = "/usr/include"

def _pkg_config(context, package):
    """The words of `pkg-config --cflags --libs`, or None."""
    program = context.which("pkg-config")
    if program == None:
        return None
    result = context.execute([program, "--cflags", "--libs", package])
    if result.return_code != 0:
        return None
    return [word for word in result.stdout.strip().split(" ") if word]

def _words(context, host):
    """What the compiler and the linker are to be told, or None where the host is not installed."""
    known = KNOWN[host]
    package = getattr(known, "package", None)
    if package != None:
        return _pkg_config(context, package)
    for folder in [_SYSTEM, "/usr/local/include"]:
        if context.path(folder + "/" + known.header).exists:
            return [] if folder == _SYSTEM else ["-I" + folder]
    return None

def _is_searched_anyway(folder):
    return folder == _SYSTEM or folder.rpartition("/")[2].endswith("-linux-gnu")

def _describe(context, host, words):
    """(copts, the text of the host's target). Folders outside of /usr/include are linked in: Bazel wants to know them."""
    copts = []
    linked = []
    known = KNOWN[host]
    defines = list(getattr(known, "defines", []))
    linkopts = list(getattr(known, "linkopts", []))
    for word in words:
        folder = word[2:].rstrip("/")
        if word.startswith("-I"):
            if _is_searched_anyway(folder):
                continue
            elif folder.startswith(_SYSTEM + "/"):
                copts.append("-isystem" + folder)
            elif context.path(folder).exists:
                linked.append("%s/%d" % (host, len(linked)))
                context.symlink(folder, linked[-1])
        elif word.startswith("-D"):
            defines.append(word[2:])
        elif word[:2] in ["-l", "-L"] or word.startswith("-Wl,") or word == "-pthread":
            linkopts.append(word)
        else:
            copts.append(word)
    target = """
cc_library(
    name = "%s",
    hdrs = glob(%r, allow_empty = True),
    defines = %r,
    includes = %r,
    linkopts = %r,
)
""" % (host, [folder + "/**" for folder in linked], defines, linked, linkopts)
    return copts, target

def _hosts_repository(context):
    hosts = []
    build = "load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")\n\n" + \
            "package(default_visibility = [\"//visibility:public\"])\n"
    missing = []
    for host in sorted(KNOWN):
        words = _words(context, host)
        if words == None:
            missing.append(host)
            continue
        copts, target = _describe(context, host, words)
        hosts.append("    %r: struct(copts = %r, deps = [%r]),\n" % (host, copts, "@spool_hosts//:" + host))
        build += target
    context.file("BUILD", build, executable = False)
    context.file("WORKSPACE", "", executable = False)
    context.file("defs.bzl", "\"\"\"What third_party/hosts/hosts.bzl found.\"\"\"\n\n" +
                             "HOSTS = {\n" + "".join(hosts) + "}\n\n" +
                             "HAS_XVFB = %r\n" % (context.which("Xvfb") != None), executable = False)
    if missing:
        # buildifier: disable=print
        print("not installed, so what needs them is not built: " + ", ".join(missing))

hosts_repository = repository_rule(
    implementation = _hosts_repository,
    configure = True,
    environ = [
        "PATH",
        "PKG_CONFIG_PATH",
        "SPOOL_HOSTS",
    ],
    local = True,
)
