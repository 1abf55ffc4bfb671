#!/usr/bin/env bash
# Ask OSV (https://osv.dev) for known vulnerabilities of every pinned package; called by `make audit`.
# Ends with 1 when something was found, and with 3 when the service could not be reached: that is
# not the same as "nothing found".
set -euo pipefail
cd "$(dirname "$0")/.."

SERVICE=${EDGEDET_AUDIT_SERVICE:-https://api.osv.dev} # another one, for tests
VENV=.venv-audit

say() { printf 'audit: %s\n' "$*" >&2; }

if ! "${PYTHON:-/usr/bin/python3}" - "$SERVICE" <<'PYTHON'; then
import sys
import urllib.error
import urllib.request

try:
    urllib.request.urlopen(sys.argv[1], timeout=5).close()
except urllib.error.HTTPError:
    pass  # it answers
except OSError as exc:
    sys.exit(f"audit: {sys.argv[1]}: {exc}")
PYTHON
  say "DID NOT RUN: the advisory service cannot be reached; nothing is known of our packages"
  exit 3
fi
[ -x "$VENV/bin/pip-audit" ] || {
  "${PYTHON:-/usr/bin/python3}" -m venv "$VENV"
  "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --no-input 'pip-audit>=2.7'
}
for file in constraints/*.txt; do
  say "$file"
  "$VENV/bin/pip-audit" --vulnerability-service osv --requirement "$file" --no-deps --disable-pip
done
