#!/bin/sh
# install_modules.sh FOLDER - run by `meson install`: copies the packages that
# bindings/node requires into FOLDER (below the prefix).
set -eu

from=$MESON_SOURCE_ROOT/bindings/node/node_modules
to=$MESON_INSTALL_DESTDIR_PREFIX/$1/node_modules

if [ ! -d "$from/@xmldom/xmldom" ]; then
  echo "install_modules: $from has no @xmldom/xmldom: run \`make deps\` first" >&2
  exit 1
fi
mkdir -p "$to/@xmldom"
rm -rf "$to/@xmldom/xmldom"
cp -R "$from/@xmldom/xmldom" "$to/@xmldom/xmldom"
