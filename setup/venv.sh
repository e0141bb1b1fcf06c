#!/bin/sh
# Makes the virtual environment; on Debian and Ubuntu the module for it may be a package of its own.
set -eu
python=$1 venv=$2
[ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && exit 0
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
  if ! command -v apt-get >/dev/null; then
    echo "$python cannot make virtual environments; install its venv module" >&2
    exit 1
  fi
  root=''; [ "$(id -u)" = 0 ] || root='sudo'
  echo "installing $package"
  $root apt-get update -qq || true
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
fi
"$python" -m venv --clear "$venv"
