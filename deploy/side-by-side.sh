#!/usr/bin/env bash
# Run the tests in three parts side by side: those of training compute, most others wait for cameras,
# brokers and processes more than half of the time. Called by `make unit` with the pytest command.
set -uom pipefail # -m: a background job without it ignores SIGINT, and so does all that it starts
cd "$(dirname "$0")/.." || exit

WAITING=(tests/health tests/publish tests/sample tests/sim tests/source)

folder=$(mktemp -d)
trap 'kill -- "-$training" "-$waiting" 2>/dev/null; rm -rf "$folder"' EXIT

# threads that wait for each other give the core away, to what runs beside them
OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 "$@" -p no:cacheprovider tests/train \
  >"$folder/training" 2>&1 &
training=$!
"$@" -p no:cacheprovider "${WAITING[@]}" >"$folder/waiting" 2>&1 &
waiting=$!
"$@" tests --ignore=tests/train "${WAITING[@]/#/--ignore=}"
codes=$?
for part in waiting training; do
  wait "${!part}" || codes=1
  cat "$folder/$part"
done
exit "$codes"
