# shellcheck shell=bash
# Packages of the distribution, for the scripts beside this file, which source it and define `say`
# and `fail`.

missing_packages() {
  local name
  for name in "$@"; do
    # without a pipe: under pipefail `dpkg -s | grep -q` fails when grep stops reading early
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

install_packages() {
  local missing
  if ! command -v dpkg >/dev/null || ! command -v apt-get >/dev/null; then
    say "no apt here: expected the equivalents of these Debian packages to be installed:"
    say "  $*"
    return
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  say "installing from the distribution: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    fail "not root, and no sudo here; have these installed: apt-get install ${missing[*]}"
  fi
  if ! are_in_lists "${missing[@]}"; then
    apt_get update || say "going on with the package lists as they are"
  fi
  apt_get install -y --no-install-recommends "${missing[@]}" && return
  say "refreshing the package lists, then trying once more"
  apt_get update || true
  apt_get install -y --no-install-recommends "${missing[@]}" ||
    fail "apt-get failed; try: sudo apt-get install ${missing[*]}"
}

are_in_lists() { # `apt-cache show` is content with names that other packages mention
  local name
  for name in "$@"; do
    [ -n "$(apt-cache madison "$name" 2>/dev/null)" ] || return 1
  done
}

apt_get() { # quiet, but for the end of what it said when it fails
  local log
  log=$(mktemp)
  if as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  tail -n 5 "$log" >&2
  rm -f "$log"
  return 1
}
