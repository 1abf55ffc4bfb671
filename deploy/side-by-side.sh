#!/usr/bin/env bash
# Run the tests in four parts side by side: two of training, which compute, and two that wait for
# cameras, brokers and processes more than half of the time. Called by `make unit` with the pytest
# command.
set -uom pipefail # -m: a background job without it ignores SIGINT, and so does all that it starts
cd "$(dirname "$0")/.." || exit

TRAINING=(tests/train/commands tests/train/engine tests/train/report)
WAITING=(tests/health tests/publish tests/sample tests/sim tests/source)

folder=$(mktemp -d)
jobs=()
trap 'for job in "${jobs[@]}"; do kill -- "-$job" 2>/dev/null; done; rm -rf "$folder"' EXIT

beside() { # name, command: in the background, what it says in a file
  "${@:2}" -p no:cacheprovider >"$folder/$1" 2>&1 &
  jobs+=($!)
}

# one thread each: two that wait for each other would fight for the cores with what runs beside them
beside training env OMP_NUM_THREADS=1 "$@" "${TRAINING[@]}"
beside networks env OMP_NUM_THREADS=1 "$@" tests/train "${TRAINING[@]/#/--ignore=}"
beside waiting "$@" "${WAITING[@]}"
"$@" tests --ignore=tests/train "${WAITING[@]/#/--ignore=}"
code=$?
for job in "${jobs[@]}"; do
  wait "$job" || code=1
done
cat "$folder"/*
exit "$code"
