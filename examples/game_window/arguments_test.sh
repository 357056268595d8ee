#!/usr/bin/env bash
# What game_window says to wrong arguments, and to --help: arguments_test.sh PROGRAM
set -uo pipefail

program=$1
failed=0

# expect CODE WORDS ARGUMENTS...: it ends with the code, and says the words.
expect() {
  local code=$1 words=$2 said
  shift 2
  said="$("$program" "$@" 2>&1)"
  local got=$?
  if ((got != code)) || [[ $said != *"$words"* ]]; then
    echo "game_window $*: expected $code and '$words', got $got and '$said'" >&2
    failed=1
  fi
}

expect 0 'usage: game_window' --help
expect 2 "--fps '5': expected a whole number from 30 to 240" --fps 5
expect 2 "--bots 'many': expected a whole number from 1 to 79" --bots many
expect 2 "--demo '1x': expected" --demo 1x
expect 2 "unknown argument '--cheat'" --cheat
expect 2 "no value behind '--bots'" --bots
expect 2 "no value behind '--screenshot': expected the name of a file" --demo 3 --screenshot
expect 2 "no demo for '--restart': expected --demo SECONDS" --restart
expect 2 "no demo for '--screenshot'" --screenshot x.png
exit "$failed"
