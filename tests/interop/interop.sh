#!/usr/bin/env bash
# Runs the interoperability test: interop.sh OUR_NANOCAT [PART OF A CASE'S NAME]
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
exec python3 "$(dirname "${BASH_SOURCE[0]}")/interop_test.py" "$@"
