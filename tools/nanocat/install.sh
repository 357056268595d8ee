#!/usr/bin/env bash
# Installs nanocat: the program, its names for one type each, its manual page, and its completion for bash.
# usage: bazel run //tools/nanocat:install -- PREFIX
set -euo pipefail

if (($# != 3)); then # bazel gives the first two
  sed -n 's/^# usage/usage/p' "$0" >&2
  exit 1
fi
program=$(realpath "$1")
manual=$(realpath "$2")
cd "${BUILD_WORKING_DIRECTORY:-.}"
bin=$3/bin
man=$3/share/man/man1
completions=$3/share/bash-completion/completions
mkdir -p "$bin" "$man" "$completions"

install -m 755 "$program" "$bin/nanocat"
install -m 644 "$manual" "$man/nanocat.1"
"$program" --completion bash >"$completions/nanocat"
for type in push pull pub sub req rep surveyor respondent bus pair; do
  ln -sf nanocat "$bin/nn_$type"
  ln -sf nanocat.1 "$man/nn_$type.1"
  ln -sf nanocat "$completions/nn_$type"
done
