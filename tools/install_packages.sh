#!/bin/sh
# install_packages.sh GROUP... - installs the Debian packages of these groups of
# tools/packages.txt that are missing.
#
# Asks dpkg first, so that a machine that has everything needs neither network
# nor root.  Services that come with a package are neither started nor enabled:
# the tests start their own, on ports of their own.
set -eu

here=$(dirname "$0")
groups=" $* "

wanted=$(awk -v groups="$groups" '
  /^\[/ { group = substr($1, 2, length($1) - 2); next }
  /^#/ || NF == 0 { next }
  index(groups, " " group " ") { print $1 }
' "$here/packages.txt")

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "install_packages: not a Debian system; needed are:" $wanted >&2
  exit 0
fi

missing=
for package in $wanted; do
  is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "install_packages: missing, and neither root nor sudo:$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

# Services that come with the peers of the tests, and are not there yet.
units=${UNITS:-/lib/systemd/system}
new_services=
for service in nginx squid tinyproxy avahi-daemon dbus krb5-kdc krb5-admin-server; do
  [ -e "$units/$service.service" ] || new_services="$new_services $service.service"
done

# invoke-rc.d and deb-systemd-invoke ask this file; 101 means "do not".
policy=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
scratch=$(mktemp -d)
clean_up() {
  if [ -e "$scratch/made-policy" ]; then
    $as_root rm -f "$policy"
  fi
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$scratch/policy"
  : >"$scratch/made-policy"
  $as_root install -m 755 "$scratch/policy" "$policy"
fi

echo "install_packages: installing$missing"
$as_root apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
  apt-get install -q -y --no-install-recommends $missing

# Nor shall they start at the next boot.  What the machine had stays as it was.
# A system without systemctl (a container) boots nothing.
for service in $new_services; do
  if [ -e "$units/$service" ] && command -v systemctl >/dev/null 2>&1; then
    $as_root systemctl disable --quiet "$service"
  fi
done
