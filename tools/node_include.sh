#!/bin/sh
# node_include.sh - prints the folder that holds node_api.h for the `node` in
# the path; says where it looked and fails if there is none.
set -eu

beside=$(node -p 'require("path").resolve(process.execPath, "../../include/node")')
for folder in "$beside" /usr/include/node /usr/include/nodejs /usr/include/nodejs/src; do
  if [ -e "$folder/node_api.h" ]; then
    echo "$folder"
    exit 0
  fi
done
cat >&2 <<EOF
node_include: the headers of Node.js (node_api.h) were not found in
  $beside, /usr/include/node or /usr/include/nodejs.
Install Debian's libnode-dev, or a Node.js that comes with its headers.
EOF
exit 1
