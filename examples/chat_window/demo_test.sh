#!/usr/bin/env bash
# Plays scripts in chat_window without a screen, and gives it wrong arguments: demo_test.sh PROGRAM
set -euo pipefail

program=$1
out="${TEST_UNDECLARED_OUTPUTS_DIR:-${TEST_TMPDIR:-.}}"
temporary=$(mktemp -d /tmp/spool-chat-XXXXXX)  # short: the room's socket lies in it
trap 'rm -rf "$temporary"' EXIT
export QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR="$temporary"

die() {
  echo "demo_test.sh: $*" >&2
  exit 1
}

expect() {  # exit code, text that the output contains, arguments...
  local code=$1 text=$2 status=0 said
  shift 2
  said=$("$program" "$@" 2>&1 </dev/null) || status=$?
  ((status == code)) || die "$*: exit code $status instead of $code: $said"
  grep -qF -- "$text" <<<"$said" || die "$*: said '$said', which has no '$text'"
}

expect 0 "usage: chat_window" --help
expect 2 "'--colour'" --colour
expect 2 "'--name'" --name
expect 2 "--name ' ann'" --name " ann"
expect 2 "--room 'tcp://nowhere'" --room tcp://nowhere --headless
expect 2 "--screenshot 'x.png'" --screenshot x.png
expect 2 "either a script or --demo" --demo --script x
expect 2 "a window that hosts nothing" --demo --host
expect 2 "--script 'no such file'" --script "no such file"
printf 'ann hosts\nann sings\n' >"$temporary/sings.script"
expect 2 "line 2 'ann sings'" --script "$temporary/sings.script"

"$program" --demo --screenshot "$out/chat_window.png"
[[ $(head -c 4 "$out/chat_window.png" | tail -c 3) == PNG ]] || die "the screenshot is no PNG"

# Markup is text, words of several bytes survive, and one may say the same again.
cat >"$temporary/own.script" <<'EOT'
ann hosts
zoe: <b>not bold</b> & "quoted"
ann: žluťoučký kůň
ann: žluťoučký kůň
bob comes
bob dies
bob comes
bob leaves
EOT
"$program" --name zoe --script "$temporary/own.script" --screenshot "$temporary/own.png"

# Without windows: what one pipes in, the other prints, and nothing
# is lost without a word.
room="ipc://$temporary/room"
mkfifo "$temporary/held"
"$program" --headless --host --name ann --room "$room" <"$temporary/held" >"$temporary/heard" &
ann=$!
exec 3>"$temporary/held"
seq 1 20000 | "$program" --headless --name bob --room "$room" >/dev/null
for ((i = 0; i < 300; ++i)); do
  grep -q '^\* bob left$' "$temporary/heard" && break
  sleep 0.1
done
exec 3>&-
wait "$ann"
# "N lines missed" and "N lines went by too fast" count as well.
total=$(awk '/^bob: / { ++n } /^\* [0-9]+ lines / { n += $2 } END { print n + 0 }' "$temporary/heard")
((total == 20000)) || die "of 20000 lines, ann heard of $total"
