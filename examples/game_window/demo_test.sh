#!/usr/bin/env bash
# Plays the demo on a display of its own: demo_test.sh ON_DISPLAY PROGRAM. Its last picture is in the test's outputs.
set -euo pipefail

outputs="${TEST_UNDECLARED_OUTPUTS_DIR:-$(mktemp -d)}"
picture="$outputs/game_window.png"
# Without a GPU, a GL that pretends to be one is three times as slow as SDL's own renderer.
export SDL_RENDER_DRIVER=software SDL_FRAMEBUFFER_ACCELERATION=0
"$1" xvfb "$2" --demo 10 --restart --screenshot "$picture"

# A picture of one colour is no picture: this one is some 100 KB.
size="$(wc -c <"$picture")"
if ((size < 30000)); then
  echo "demo_test.sh: $size bytes of picture: expected at least 30000" >&2
  exit 1
fi
