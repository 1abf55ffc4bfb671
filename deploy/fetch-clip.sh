#!/usr/bin/env bash
# Fetch the demo's street scene, vtest.avi (PETS09-S2L1, 768×576, 795 frames), out of the
# distribution's package opencv-doc, once, and keep it in the user's cache. Needs no root.
#
# Prints the clip's path and exits 0; when it can't be had, says why and exits 1.
set -euo pipefail

CLIP="${XDG_CACHE_HOME:-$HOME/.cache}/edgedet/vtest.avi"
DIGEST=45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf
PACKAGE=opencv-doc
INSTALLED=/usr/share/doc/opencv-doc/examples/data/vtest.avi

say() { printf 'clip: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}
is_the_clip() {
  [ -f "$1" ] && printf '%s  %s\n' "$DIGEST" "$1" | sha256sum --check --quiet - >/dev/null 2>&1
}

keep() { # in one step, so that an interrupted run leaves no half of it
  mkdir -p "$(dirname "$CLIP")"
  cp "$1" "$CLIP.$$" && mv "$CLIP.$$" "$CLIP"
}

download() { # the package, into the folder where we are
  local options=()
  if [ -z "$(apt-cache madison "$PACKAGE" 2>/dev/null)" ]; then
    say "this machine has no package lists; fetching them for this download only"
    mkdir -p lists/partial cache/archives/partial
    options=(-o "Dir::State::lists=$PWD/lists" -o "Dir::Cache=$PWD/cache" -o APT::Sandbox::User=)
    apt-get "${options[@]}" -qq update >&2 || return 1
  fi
  say "downloading the package $PACKAGE (about 100 MB), of which one file of 8 MB is kept"
  apt-get "${options[@]}" -o APT::Sandbox::User="$(id -un)" -qq download "$PACKAGE" >&2
}

main() {
  if is_the_clip "$CLIP"; then
    printf '%s\n' "$CLIP"
    return
  fi
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  if is_the_clip "$INSTALLED"; then
    keep "$INSTALLED"
  else
    if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
      fail "no apt here; put the clip at $CLIP by hand (sha256 $DIGEST)"
    fi
    cd "$folder"
    download || fail "the package $PACKAGE could not be downloaded; is the package archive reachable?"
    dpkg-deb --fsys-tarfile "$PACKAGE"_*.deb | tar -xO --wildcards '*/vtest.avi' >vtest.avi ||
      fail "no vtest.avi in $(echo "$PACKAGE"_*.deb)"
    is_the_clip vtest.avi || fail "the vtest.avi of $PACKAGE is not the expected one (sha256 $DIGEST)"
    keep vtest.avi
  fi
  say "kept as $CLIP"
  printf '%s\n' "$CLIP"
}

main
