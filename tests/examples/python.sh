#!/usr/bin/env bash
# Runs one Python test under Bazel: python.sh NAME ARGUMENTS... WORKSPACE as an argument stands for the real tree.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
test="$here/$1.py"
shift
arguments=()
for argument in "$@"; do
  [[ $argument == WORKSPACE ]] && argument="$(dirname "$(realpath "$here/../../WORKSPACE")")"
  arguments+=("$argument")
done
# No __pycache__ in the tree.
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$test" "${arguments[@]}"
