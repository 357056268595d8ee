#!/usr/bin/env bash
# nanocat as it is installed: nn_push and its like are that type, and bash completes what they take.
# usage: nanocat_install_test.sh INSTALL_SH NANOCAT MANUAL
set -euo pipefail

failures=0
check() {  # what is, what is expected, about what
  if [[ $1 != "$2" ]]; then
    printf 'FAILED: %s\n  is:       %q\n  expected: %q\n' "$3" "$1" "$2"
    failures=$((failures + 1))
  fi
}

prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
"$@" "$prefix"
"$@" "$prefix" # a second time, over the first
bin=$prefix/bin

# --- Names -----------------------------------------------------------------------------------------------------------

names="nn_bus nn_pair nn_pub nn_pull nn_push nn_rep nn_req nn_respondent nn_sub nn_surveyor"
check "$(cd "$bin" && echo *)" "nanocat $names" "the programs"
for link in "$bin"/nn_*; do
  name=${link##*/}
  said=$("$link" --pair1 2>&1 || true)
  check "$said" "$link: Option --pair1 conflicts with the following options:"$'\n'"    $link (executable) " "$name"
  check "$(head -c 3 "$prefix/share/man/man1/$name.1")" '.\"' "the manual of $name"
done

# --- Completion ------------------------------------------------------------------------------------------------------

completions=$prefix/share/bash-completion/completions
for link in "$bin"/*; do
  check "$(bash -c "source '$completions/${link##*/}' && complete -p ${link##*/}")" "complete -F _nanocat ${link##*/}" \
    "the completion of ${link##*/}"
done

# shellcheck disable=SC1091
source "$completions/nanocat"
compopt() { :; } # works only when the shell itself completes

completes() {  # how, words..., the last of which is being completed, as bash splits them
  local expected=$1
  shift
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  _nanocat "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
  check "${COMPREPLY[*]-}" "$expected" "completing $*"
}

cd "$prefix"
completes "--push --pull --pub" nanocat --pu
completes "--pair --pair1" nanocat --pull --pai
completes "--by-line" nn_push --by
completes "raw" nanocat --format r
completes "no raw ascii quoted msgpack hex" nanocat --format ""
completes "raw" nanocat --format = r
completes "no raw ascii quoted msgpack hex" nanocat --format =
completes "tcp://" nanocat --bind t
completes "tcp://" nanocat --dial t
completes "bin" nanocat -F b
completes "share" nanocat --connect-ipc s
completes "bash" nanocat --completion ""
completes "" nanocat --interval ""
completes "" nanocat -D ""
mkdir "a b"
completes "a b" nanocat -X a

echo "$failures failed"
((failures == 0))
