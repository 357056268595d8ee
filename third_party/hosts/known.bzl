"""The main loops that have an adapter in facade/hosts, and how each is found."""

# Host: where it comes from. `package` is asked of pkg-config; without one, `header` is looked for. `defines` and
# `linkopts` are added. `family`: whose files it compiles, if not its own (qt.h, qt.cc, qt_test.cc).
KNOWN = {
    "asio": struct(
        header = "asio.hpp",
        defines = ["ASIO_STANDALONE"],
        linkopts = ["-pthread"],
    ),
    "ev": struct(
        header = "ev.h",
        linkopts = ["-lev"],
    ),
    "event": struct(package = "libevent"),
    "glfw": struct(package = "glfw3"),
    "glib": struct(package = "glib-2.0"),
    "io_uring": struct(package = "liburing"),
    "png": struct(package = "libpng"),  # no main loop: examples/game_window takes pictures with it
    "qt5": struct(
        package = "Qt5Widgets",
        family = "qt",
    ),
    "qt6": struct(
        package = "Qt6Widgets",
        family = "qt",
    ),
    "sd_event": struct(package = "libsystemd"),
    "sdl": struct(package = "sdl2"),
    "uv": struct(package = "libuv"),
}

# Those that open windows, and where: on a display that the test brings along, or nowhere at all.
DISPLAYS = {
    "glfw": "xvfb",
    "qt5": "offscreen",
    "qt6": "offscreen",
    "sdl": "xvfb",
}

def _family(host):
    return getattr(KNOWN[host], "family", host)

def host_files(files, suffix):
    """Which hosts want these files, by their names: `glib.h`, `glib_poller.h`, `qt_test.cc`.

    Args:
      files: their names.
      suffix: what all of them end in: ".h", "_test.cc".

    Returns:
      One struct(name, file, host) for each file and host of its family: ("qt5_window", "qt_window.cc", "qt5"). A file
      that belongs to no host has `host` None and its own name.
    """
    found = []
    for file in files:
        stem = file[:-len(suffix)]
        families = {
            len(_family(host)): _family(host)
            for host in KNOWN
            if (stem + "_").startswith(_family(host) + "_")
        }
        if not families:
            found.append(struct(name = stem, file = file, host = None))
            continue
        family = families[max(families.keys())]
        for host in sorted(KNOWN):
            if _family(host) == family:
                found.append(struct(name = host + stem[len(family):], file = file, host = host))
    return found
