#!/bin/sh
# demo.sh - runs the newsroom against a server on this machine.
#
# Makes a certificate, starts server.py, gives the app the server's addresses,
# runs it with `tinet run` and stops the server.  Leaves nothing behind.  The
# exit status is 0 only if every step of the app happened.
#
#   TINET   the command; default: the one in build/

set -eu

here=$(cd "$(dirname "$0")" && pwd)
tinet=${TINET:-$here/../../build/cli/tinet}
[ -x "$tinet" ] || { echo "demo: $tinet is not built: run make" >&2; exit 1; }

work=$(mktemp -d)
server=
clean_up() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# An authority that exists for this run only, and a certificate signed by it.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=Newsroom demo CA' \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
  -keyout "$work/ca.key" -out "$work/ca.pem" 2>"$work/openssl.log" &&
openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' \
  -keyout "$work/server.key" -out "$work/server.csr" 2>>"$work/openssl.log" &&
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' \
  >"$work/server.ext" &&
openssl x509 -req -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
  -set_serial 1 -days 2 -extfile "$work/server.ext" -out "$work/server.pem" \
  2>>"$work/openssl.log" ||
  { cat "$work/openssl.log" >&2; exit 1; }

# The app is copied, because its configuration is written into it.
cp -R "$here/tiapp.xml" "$here/Resources" "$work"
python3 "$here/server.py" "$work/server.pem" "$work/server.key" \
  >"$work/addresses.json" &
server=$!
while ! [ -s "$work/addresses.json" ]; do
  kill -0 "$server" 2>/dev/null || { echo "demo: the server ended" >&2; exit 1; }
  sleep 0.1
done
cp "$work/addresses.json" "$work/Resources/config.json"

# No proxy between the app and this machine; its files go where the rest is.
run_app() {
  status=0
  env -u http_proxy -u https_proxy -u HTTPS_PROXY -u all_proxy -u ALL_PROXY \
    SSL_CERT_FILE="$work/ca.pem" TMPDIR="$work" \
    XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" \
    "$tinet" run "$work" || status=$?
  [ "$status" = 0 ] || {
    echo "demo: the app failed with status $status" >&2
    exit "$status"
  }
}

# A day, and the next morning: the sign-in has survived in the cookie store.
run_app
run_app
