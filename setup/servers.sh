#!/bin/sh
# Installs the servers that the tests talk to, where root or sudo allows it. None is left running: the
# tests start their own on loopback. What cannot be installed is named; its tests then skip.
set -eu
missing=''
for package in "$@"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null; then
  echo "not a Debian system: install by hand, or their tests skip:$missing" >&2
  exit 0
fi
root=''
if [ "$(id -u)" != 0 ]; then
  root='sudo -n'
  if ! sudo -n true 2>/dev/null; then
    echo "neither root nor sudo: install by hand, or their tests skip:$missing" >&2
    exit 0
  fi
fi
echo "installing for the tests:$missing"
# A policy that answers 101 keeps the packages' own services from starting.
policy=/usr/sbin/policy-rc.d
made=''
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null && $root chmod +x "$policy" && made=yes
fi
$root apt-get update -qq || true
# shellcheck disable=SC2086
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null \
  || echo "could not install all of:$missing; their tests skip" >&2
[ -z "$made" ] || $root rm -f "$policy"
