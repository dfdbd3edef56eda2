'use strict';
// native.js - finds the addon and opens it.
//
// Searched in order: $TINET_ADDON_DIR alone if it is set, the build folders of
// the source tree that this is part of, build/ beside this package.

const fs = require('fs');
const path = require('path');

function folders() {
  const root = path.resolve(__dirname, '..', '..', '..');
  const own = path.resolve(__dirname, '..', 'build');
  if (process.env.TINET_ADDON_DIR) return [process.env.TINET_ADDON_DIR];
  // An installed package must not take what happens to lie above it.
  if (!fs.existsSync(path.join(root, 'meson.build'))) return [own];
  return [...['build', 'build-release'].map((name) => path.join(root, name, 'bindings', 'node')), own];
}

function load() {
  const searched = folders();
  for (const folder of searched) {
    const file = path.join(folder, 'loader.node');
    if (fs.existsSync(file)) return require(file);
  }
  const error = new Error(
    'tinet: the native addon was not found; build it with `make build` in the source tree. ' +
      `Searched: ${searched.join(', ')}`
  );
  error.code = 'ERR_TINET_LOAD';
  throw error;
}

module.exports = load();
