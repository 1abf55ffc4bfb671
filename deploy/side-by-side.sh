#!/usr/bin/env bash
# Run the tests of training beside all others: those compute, these wait for cameras, brokers and
# processes more than half of the time. Called by `make unit` with the pytest command.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

log=$(mktemp)
trap 'kill "$training" 2>/dev/null; rm -f "$log"' EXIT

# threads that wait for each other give the core away, to what runs beside them
OMP_WAIT_POLICY=PASSIVE GOMP_SPINCOUNT=0 "$@" tests/train -p no:cacheprovider >"$log" 2>&1 &
training=$!
"$@" tests --ignore=tests/train
others=$?
wait "$training"
train=$?
cat "$log"
[ "$others" -eq 0 ] && [ "$train" -eq 0 ]
