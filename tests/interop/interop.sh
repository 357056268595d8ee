#!/usr/bin/env bash
# Runs a test of nanocat: interop.sh TEST OUR_NANOCAT [PART OF A CASE'S NAME]; TEST is interop or program.
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "${BASH_SOURCE[0]}")/$1_test.py" "${@:2}"
