#!/usr/bin/env bash
# Runs TEST_test.py: interop.sh TEST OUR_NANOCAT OUR_PEER [PART OF A CASE'S NAME]
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "${BASH_SOURCE[0]}")/$1_test.py" "${@:2}"
