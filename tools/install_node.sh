#!/bin/sh
# install_node.sh - makes sure there is Node.js 18 or newer, npm, and the
# headers that the addon is compiled against.
#
# A Node that is there is used, wherever it came from; only if there is none, or
# one that is too old, Debian's is installed.
set -eu

here=$(dirname "$0")

node_major() {
  node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0
}

if [ "$(node_major)" -lt 18 ] || ! command -v npm >/dev/null 2>&1; then
  "$here/install_packages.sh" node
fi
if [ "$(node_major)" -lt 18 ]; then
  echo "install_node: Node.js 18 or newer is needed, found $(node_major)" >&2
  exit 1
fi

# Debian's headers fit Debian's Node only.
is_debians_node() {
  [ "$(command -v node)" = /usr/bin/node ] &&
    dpkg-query -W -f '${db:Status-Status} ${Version}' nodejs 2>/dev/null |
    grep '^installed ' | grep -qv nodesource
}

if ! "$here/node_include.sh" >/dev/null 2>&1 && is_debians_node; then
  "$here/install_packages.sh" node-headers
fi
"$here/node_include.sh" >/dev/null
