#!/usr/bin/env bash
# Install edgedet as a systemd service on this machine, or take it away again.
#
#   sudo deploy/install.sh                      install, or bring an installation up to this version
#   sudo deploy/install.sh --config FILE        the same, with FILE as the configuration
#   sudo deploy/install.sh rollback             back to the version before
#   sudo deploy/install.sh uninstall            stop and remove; configuration and state stay
#   sudo deploy/install.sh uninstall --purge    remove those too, and the user
#
# Options: --config FILE   copied to /etc/edgedet/edgedet.yaml; the old one is kept beside it
#          --extras LIST   Python extras, for instance openvino,s3 (default: what fits this machine)
#          --wheels DIR    install from the wheels in DIR, without a network
#          --no-packages   leave the distribution's packages alone (apt-get is not called)
#          --no-start      install the unit, but neither enable nor start it
#
# It may be run any number of times: what is in place is left in place. Every version lies in a
# folder of its own, /opt/edgedet/releases/…, and /opt/edgedet/current points to the one in use, so
# that an interrupted installation leaves the old one whole. The last two are kept.
set -euo pipefail

SOURCE=$(cd "$(dirname "$0")/.." && pwd)
PREFIX=/opt/edgedet
ETC=/etc/edgedet
STATE=/var/lib/edgedet
CACHE=/var/cache/edgedet
UNIT=/etc/systemd/system/edgedet.service
SERVICE_USER=edgedet
PYTHON=${PYTHON:-/usr/bin/python3}
PACKAGES=(
  python3-venv python3-gi python3-gst-1.0
  gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav
)

CONFIG='' EXTRAS='' WHEELS='' WITH_PACKAGES=yes WITH_START=yes PURGE=no

say() { printf 'install: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}
show_help() { sed -n '2,/^set -/{/^#/s/^# \{0,1\}//p}' "$0"; }
usage() {
  say "$*; see --help"
  exit 2
}

# shellcheck source=deploy/apt.sh
. "$SOURCE/deploy/apt.sh"

has_systemd() { [ -d /run/systemd/system ]; }
systemctl_if() { # where systemd runs; in an image under construction it does not
  if has_systemd; then systemctl "$@"; fi
}
python_tag() { "$PYTHON" -c 'import sys; print("py%d%d" % sys.version_info[:2])'; }
is_jetson() { [ -e /etc/nv_tegra_release ] || [ -e /proc/device-tree/compatible ] &&
  grep -qsa tegra /etc/nv_tegra_release /proc/device-tree/compatible; }

# --- what there is to install ---

constraints() { # JetPack 6 needs numpy below 2; see constraints/
  if [ "$(python_tag)" = py310 ] && is_jetson; then
    echo "$SOURCE/constraints/jp62.txt"
  else
    echo "$SOURCE/constraints/constraints.txt"
  fi
}

extras() {
  if [ -n "$EXTRAS" ]; then
    echo "$EXTRAS"
  elif is_jetson; then
    echo jetson,signed
  elif [ "$(uname -m)" = x86_64 ]; then
    echo openvino,signed
  else
    echo engine,signed
  fi
}

release_id() { # of what would be installed: version, Python, digest of all that goes in
  local version digest
  version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$SOURCE/pyproject.toml" | head -n 1)
  digest=$(
    cd "$SOURCE"
    {
      find edgedet models/person -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum
      sha256sum pyproject.toml "$(constraints)"
      extras
    } | sha256sum | cut -c1-12
  )
  echo "$version-$(python_tag)-$digest"
}

# --- steps ---

check_machine() {
  [ "$(id -u)" -eq 0 ] || fail "must run as root; try: sudo $0"
  command -v "$PYTHON" >/dev/null || fail "no $PYTHON; install python3, or set PYTHON"
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$("$PYTHON" -V) is too old: expected Python 3.10 or later"
  [ -f "$SOURCE/models/person/manifest.json" ] ||
    fail "$SOURCE is no whole checkout: models/person/manifest.json is missing"
  [ -z "$CONFIG" ] || [ -f "$CONFIG" ] || fail "there is no file $CONFIG"
  [ -z "$WHEELS" ] || [ -d "$WHEELS" ] || fail "there is no folder $WHEELS"
}

make_user() { # cameras belong to the group video, GPUs to render or video
  local group
  id "$SERVICE_USER" >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir "$STATE" --no-create-home \
      --shell /usr/sbin/nologin "$SERVICE_USER"
  for group in video render; do
    if getent group "$group" >/dev/null; then usermod -aG "$group" "$SERVICE_USER"; fi
  done
}

make_folders() {
  install -d -m 755 "$PREFIX" "$PREFIX/releases"
  install -d -m 750 -o root -g "$SERVICE_USER" "$ETC"
  install -d -m 700 -o root -g root "$ETC/credentials"
  install -d -m 750 -o "$SERVICE_USER" -g "$SERVICE_USER" "$STATE" "$CACHE"
}

install_release() { # sets RELEASE; complete only when the link points there
  local extra options=()
  RELEASE=$PREFIX/releases/$(release_id)
  if [ -f "$RELEASE/.complete" ]; then
    say "$(basename "$RELEASE") is in place"
    return
  fi
  say "installing $(basename "$RELEASE") with the extras $(extras)"
  rm -rf "$RELEASE"
  "$PYTHON" -m venv --system-site-packages "$RELEASE" ||
    fail "$PYTHON -m venv failed; is python3-venv installed?"
  [ -z "$WHEELS" ] || options=(--no-index --find-links "$WHEELS")
  extra=$(extras)
  # a copy, because a build leaves files beside the source, which may belong to somebody else
  BUILD=$(mktemp -d)
  cp -r "$SOURCE/pyproject.toml" "$SOURCE/README.md" "$SOURCE/LICENSE" "$SOURCE/edgedet" "$BUILD"
  "$RELEASE/bin/python" -m pip install -qq --disable-pip-version-check --no-input \
    "${options[@]}" -c "$(constraints)" "${BUILD}[$extra]" </dev/null ||
    fail "pip failed; nothing was changed. Without a network: --wheels DIR"
  rm -rf "$BUILD"
  mkdir -p "$RELEASE/models" "$RELEASE/share/doc/edgedet"
  cp -r "$SOURCE/models/person" "$RELEASE/models/"
  rm -f "$RELEASE/models/person/weights.pt" # for training only
  cp -r "$SOURCE/README.md" "$SOURCE/LICENSE" "$SOURCE/docs" "$SOURCE/configs" \
    "$RELEASE/share/doc/edgedet/"
  "$RELEASE/bin/edgedet" --help >/dev/null || fail "the installed program does not start"
  touch "$RELEASE/.complete"
}

switch_to() { # a release, in one step
  local now
  now=$(readlink "$PREFIX/current" || true)
  [ "$now" != "$1" ] || return 0
  if [ -n "$now" ]; then ln -sfn "$now" "$PREFIX/previous"; fi
  ln -sfn "$1" "$PREFIX/current.new"
  mv -T "$PREFIX/current.new" "$PREFIX/current"
}

drop_old_releases() {
  local folder
  for folder in "$PREFIX"/releases/*; do
    case $folder in
      "$(readlink "$PREFIX/current" || true)" | "$(readlink "$PREFIX/previous" || true)") ;;
      *) rm -rf "$folder" ;;
    esac
  done
}

install_config() {
  local target=$ETC/edgedet.yaml
  if [ -n "$CONFIG" ] && ! cmp -s "$CONFIG" "$target"; then
    [ ! -e "$target" ] || cp -p "$target" "$target.$(date -u +%Y%m%dT%H%M%SZ)"
    install -m 640 -o root -g "$SERVICE_USER" "$CONFIG" "$target"
  elif [ ! -e "$target" ]; then
    # the model that came with it, and the page for whoever sits at this machine
    sed -e 's#^\( *bundle: \)\.\./models/person#\1/opt/edgedet/current/models/person#' \
      -e 's#^\( *listen: \)"off" #\1"127.0.0.1:8080" #' \
      "$SOURCE/configs/edgedet.yaml" >"$target.part"
    chown "root:$SERVICE_USER" "$target.part"
    chmod 640 "$target.part"
    mv "$target.part" "$target"
  fi
}

is_credential() { # what credential:NAME may name, and systemd takes
  [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}$ ]] ||
    { say "left out: $ETC/credentials/$1: expected a name of letters, digits, _, - and ."; false; }
}

install_unit() {
  local file drop_in=$UNIT.d/credentials.conf
  install -m 644 "$SOURCE/deploy/edgedet.service" "$UNIT"
  install -d -m 755 "$UNIT.d"
  {
    echo "# written by deploy/install.sh: one line for each file in $ETC/credentials"
    echo "[Service]"
    for file in "$ETC"/credentials/*; do
      if [ -f "$file" ] && is_credential "$(basename "$file")"; then
        echo "LoadCredential=$(basename "$file"):$file"
      fi
    done
  } >"$drop_in"
  systemctl_if daemon-reload
}

start_service() {
  [ "$WITH_START" = yes ] || return 0
  if ! has_systemd; then
    say "systemd does not run here: the unit is installed, not started"
    return
  fi
  systemctl enable --quiet edgedet
  if "$PREFIX/current/bin/edgedet" check "$ETC/edgedet.yaml" >/dev/null; then
    systemctl restart edgedet || say "it did not start: journalctl -u edgedet tells why"
  else
    say "not started: the configuration has problems, see: edgedet check $ETC/edgedet.yaml"
  fi
}

last_words() {
  ln -sfn "$PREFIX/current/bin/edgedet" /usr/local/bin/edgedet
  say "configuration  $ETC/edgedet.yaml"
  say "passwords      $ETC/credentials/NAME, in the configuration credential:NAME; then run this again"
  say "log            journalctl -u edgedet"
  "$PREFIX/current/bin/edgedet" doctor "$ETC/edgedet.yaml" ||
    say "the doctor has found something, see above; the installation itself is complete"
}

take_turns() { # two at once would mix their releases
  exec 9>/run/edgedet-install.lock
  flock --nonblock 9 || fail "another install.sh is at work here; try again when it is done"
}

do_install() {
  check_machine
  take_turns
  if [ "$WITH_PACKAGES" = yes ]; then install_packages "${PACKAGES[@]}" 9>&-; fi
  make_user
  make_folders
  install_release
  install_config
  switch_to "$RELEASE"
  install_unit
  start_service
  drop_old_releases
  last_words
}

do_rollback() {
  local previous
  [ "$(id -u)" -eq 0 ] || fail "must run as root; try: sudo $0 rollback"
  take_turns
  previous=$(readlink "$PREFIX/previous" || true)
  if [ -z "$previous" ] || [ ! -d "$previous" ]; then fail "there is no version before this one"; fi
  switch_to "$previous"
  systemctl_if restart edgedet
  say "$(basename "$previous") is in use again"
}

do_uninstall() {
  [ "$(id -u)" -eq 0 ] || fail "must run as root; try: sudo $0 uninstall"
  take_turns
  if has_systemd && [ -e "$UNIT" ]; then systemctl disable --quiet --now edgedet || true; fi
  rm -rf "$UNIT" "$UNIT.d" "$PREFIX" "$CACHE"
  [ "$(readlink /usr/local/bin/edgedet || true)" != "$PREFIX/current/bin/edgedet" ] ||
    rm -f /usr/local/bin/edgedet
  systemctl_if daemon-reload
  if [ "$PURGE" = no ]; then
    say "removed; $ETC and $STATE stay, --purge removes them too"
    return
  fi
  rm -rf "$ETC" "$STATE"
  if id "$SERVICE_USER" >/dev/null 2>&1; then userdel "$SERVICE_USER"; fi
  say "removed, with configuration, state and user; packages of the distribution stay"
}

BUILD=''
trap '[ -z "$BUILD" ] || rm -rf "$BUILD"' EXIT

ACTION=install
case ${1:-} in
  install | uninstall | rollback)
    ACTION=$1
    shift
    ;;
esac
while [ $# -gt 0 ]; do
  case $1 in
    --config | --extras | --wheels)
      [ $# -ge 2 ] || usage "$1: a value is missing"
      case $1 in
        --config) CONFIG=$2 ;;
        --extras) EXTRAS=$2 ;;
        --wheels) WHEELS=$2 ;;
      esac
      shift
      ;;
    --no-packages) WITH_PACKAGES=no ;;
    --no-start) WITH_START=no ;;
    --purge) PURGE=yes ;;
    -h | --help)
      show_help
      exit 0
      ;;
    *) usage "there is no option $1" ;;
  esac
  shift
done
"do_$ACTION"
