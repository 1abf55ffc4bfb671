#!/usr/bin/env bash
# Install what edgedet needs on Debian 12, Ubuntu 22.04 or later: `deploy/setup.sh runtime` for the
# demo, `deploy/setup.sh dev` for training, tests and linters too. Called by make.
#
# Each step leaves a stamp in .venv/.stamps with a digest of what it depends on, written last: a
# step that is up to date is skipped, one that was interrupted is run again.
#
# Environment: PYTHON  the distribution's Python (default /usr/bin/python3)
#              TORCH   cpu (default) or cuda: which build of torch
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON="${PYTHON:-/usr/bin/python3}"
TORCH="${TORCH:-cpu}"
TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu
VENV=.venv
STAMPS=$VENV/.stamps
CONSTRAINTS=constraints/constraints.txt

RUNTIME_PACKAGES=(
  python3-venv python3-gi python3-gst-1.0
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gir1.2-gst-rtsp-server-1.0
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
  gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
  glib-networking mosquitto-clients
)
# the broker is for the tests, which start their own on a free port of 127.0.0.1
DEV_PACKAGES=("${RUNTIME_PACKAGES[@]}" mosquitto openssl)

# the page is tested in a browser; elsewhere the package of that name is a snap, or not there
grep -qs '^ID=debian' /etc/os-release && DEV_PACKAGES+=(chromium)

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# --- stamps ---

digest() { # of a step: its name, the Python, and what is piped in
  { printf '%s\n' "$1" "$(uname -m)" "$("$PYTHON" -V)"; cat; } | sha256sum | cut -d' ' -f1
}
is_done() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
mark_done() {
  mkdir -p "$STAMPS"
  printf '%s\n' "$2" >"$STAMPS/$1.part"
  mv "$STAMPS/$1.part" "$STAMPS/$1"
}
project_inputs() { # without the sections of tools that come after [project]
  sed '/^\[tool\./,$d' pyproject.toml
  cat "$CONSTRAINTS"
}

# --- packages of the distribution ---

# shellcheck source=deploy/apt.sh
. deploy/apt.sh

check_gstreamer() { # the typelibs and elements that are used, wherever they came from
  "$PYTHON" - <<'PYTHON' || fail "docs/development.md lists the packages"
import sys

try:
    import gi

    for name in ("Gst", "GstApp", "GstVideo", "GstRtspServer"):
        gi.require_version(name, "1.0")
    from gi.repository import Gst
except (ImportError, ValueError) as exc:
    sys.exit(f"setup: {sys.executable} has no GStreamer bindings: {exc}")
Gst.init(None)
wanted = ("rtspsrc", "rtph264depay", "h264parse", "avdec_h264", "x264enc", "decodebin", "appsink")
missing = [name for name in wanted if Gst.ElementFactory.find(name) is None]
if missing:
    sys.exit(f"setup: GStreamer elements missing: {', '.join(missing)}")
PYTHON
}

# --- the virtual environment ---

pip_install() { # quiet but for errors
  "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --no-input "$@" </dev/null
}

is_our_venv() { # made from this Python, and sees the distribution's packages
  grep -qs '^include-system-site-packages = true' "$VENV/pyvenv.cfg" &&
    [ "$("$VENV/bin/python" -c 'import sys; print(sys.base_prefix, *sys.version_info[:2])' 2>/dev/null)" = \
      "$("$PYTHON" -c 'import sys; print(sys.base_prefix, *sys.version_info[:2])')" ] &&
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1
}

make_venv() {
  local key
  if ! is_our_venv; then
    say "making $VENV with $("$PYTHON" -V) of the distribution, whose packages it sees (gi)"
    "$PYTHON" -m venv --clear --system-site-packages "$VENV" ||
      fail "$PYTHON -m venv failed; is python3-venv installed?"
  fi
  key=$(digest venv <"$CONSTRAINTS")
  is_done venv "$key" && return
  pip_install -c "$CONSTRAINTS" --upgrade pip setuptools
  mark_done venv "$key"
}

# --- Python packages ---

extras_key() { project_inputs | digest "$1 $TORCH"; }

install_extras() { # step, extras
  local step=$1 extras=$2 key start=$SECONDS
  key=$(extras_key "$step")
  is_done "$step" "$key" && return
  say "installing the Python packages for: $extras (first time: some minutes)"
  pip_install --no-build-isolation -c "$CONSTRAINTS" -e ".[$extras]" ||
    fail "pip failed on the extras $extras; run make again to go on where it stopped"
  mark_done "$step" "$key"
  say "done in $((SECONDS - start)) s"
}

answers() { # does this index answer within a few seconds?
  "$VENV/bin/python" - "$1" <<'PYTHON'
import sys
import urllib.request

try:
    urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=4).close()
except OSError:
    sys.exit(1)
PYTHON
}

install_torch() {
  local key start=$SECONDS pin options=()
  pin=$(sed -n 's/^\(torch==[0-9.]*\).*/\1/p' "$CONSTRAINTS" | head -n 1)
  key=$(digest "torch $TORCH $pin" </dev/null)
  is_done torch "$key" && return
  case $TORCH in
    cuda) say "installing $pin with CUDA" ;;
    cpu)
      if answers "$TORCH_CPU_INDEX"; then
        options=(--index-url "$TORCH_CPU_INDEX")
        say "installing $pin, CPU build"
      else
        say "installing $pin from the configured index (PyTorch's own did not answer)"
      fi
      ;;
    *) fail "TORCH=$TORCH: expected cpu or cuda" ;;
  esac
  # the other build has the same version, so that pip would keep it
  [ ! -e "$STAMPS/torch" ] || options+=(--force-reinstall)
  # alone, so that nothing else can come from that index; its dependencies follow with the extras
  pip_install --no-deps "${options[@]}" "$pin" || fail "pip could not install $pin"
  mark_done torch "$key"
  say "done in $((SECONDS - start)) s"
}

runtime_extras() { # OpenVINO is the fast backend on x86; elsewhere ONNX Runtime does
  if [ "$(uname -m)" = x86_64 ]; then printf 'openvino,embedded,signed'; else printf 'embedded,signed'; fi
}

main() {
  command -v "$PYTHON" >/dev/null || fail "no $PYTHON; install python3 or set PYTHON"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$("$PYTHON" -V) is too old: expected Python 3.10 or later"
  case ${1:-} in
    runtime) install_packages "${RUNTIME_PACKAGES[@]}" ;;
    dev) install_packages "${DEV_PACKAGES[@]}" ;;
    *) fail "usage: deploy/setup.sh runtime | dev" ;;
  esac
  check_gstreamer
  make_venv
  if [ "$1" = dev ]; then
    install_torch
    install_extras dev "$(runtime_extras),s3,train,test,lint"
  elif ! is_done dev "$(extras_key dev)"; then # which includes the runtime
    install_extras runtime "$(runtime_extras)"
  fi
}

main "$@"
