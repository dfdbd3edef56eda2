#!/bin/sh
# install_npm.sh - `npm ci` in each folder with a lock file whose modules are
# missing or older than the lock file.  Downloads nothing otherwise.
set -eu

cd "$(dirname "$0")/.."
for folder in bindings/node tests/node tests/diff/cookies tests/bonjour/peers; do
  [ -e "$folder/package-lock.json" ] || continue
  stamp=$folder/node_modules/.package-lock.json
  if [ -e "$stamp" ] && [ ! "$folder/package-lock.json" -nt "$stamp" ]; then
    continue
  fi
  # Without scripts: Meson compiles the addon, npm only fetches.
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund)
  if [ -e "$stamp" ]; then
    touch "$stamp"
  fi
done
