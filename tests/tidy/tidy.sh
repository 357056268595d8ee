#!/usr/bin/env bash
# Runs one tidy test under Bazel: tidy.sh NAME tree | self-test | FILES...
#
# The tests that look at sources look at the real tree, which is where the WORKSPACE of the runfiles points to, so that
# no file of a new folder can be forgotten.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
test="$here/$1_test.py"
shift
# No __pycache__ in the tree.
export PYTHONDONTWRITEBYTECODE=1
case "$1" in
  tree) exec python3 "$test" "$(dirname "$(realpath "$here/../../WORKSPACE")")" ;;
  self-test) exec python3 "$test" --self-test ;;
  *) exec python3 "$test" "$@" ;;
esac
