#!/usr/bin/env bash
# Runs a program where its windows can open, and returns what it returns: on_display.sh DISPLAY PROGRAM [ARGUMENTS]
#
#   xvfb       on an X server of its own, without a screen
#   offscreen  on nothing; Qt can do that
#   none       has no windows
set -euo pipefail

display=$1
shift
case "$display" in
  xvfb)
    folder="$(mktemp -d)"
    mkfifo "$folder/number"
    # The server chooses a free number and says it when it is ready: two tests at a time do not meet.
    # It stays as it is when its last client goes: a server that starts anew then refuses the next one for a moment.
    Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp -noreset 3>"$folder/number" 2>"$folder/log" &
    server=$!
    trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -rf "$folder"' EXIT
    if ! read -r -t 60 number <"$folder/number"; then
      cat "$folder/log" >&2
      echo "on_display.sh: the X server does not start" >&2
      exit 1
    fi
    unset WAYLAND_DISPLAY
    DISPLAY=":$number" "$@"
    ;;
  offscreen) QT_QPA_PLATFORM=offscreen exec "$@" ;;
  none) exec "$@" ;;
  *)
    echo "on_display.sh: no display is called '$display'" >&2
    exit 2
    ;;
esac
