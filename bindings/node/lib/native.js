'use strict';
// native.js - finds the addon and opens it.
//
// Searched in order: $TINET_ADDON_DIR, build/ beside this package (an installed
// one), the build folders of a source tree.

const fs = require('fs');
const path = require('path');

function folders() {
  const root = path.resolve(__dirname, '..', '..', '..');
  const own = path.resolve(__dirname, '..', 'build');
  const built = ['build', 'build-release'].map((name) => path.join(root, name, 'bindings', 'node'));
  return process.env.TINET_ADDON_DIR ? [process.env.TINET_ADDON_DIR] : [own, ...built];
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
