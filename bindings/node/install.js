'use strict';
// install.js - what `npm install` of this package runs: nothing if the addon is
// there, else a build of the source tree it stands in.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.resolve(__dirname, '..', '..');
const folders = [path.join(__dirname, 'build'), path.join(root, 'build', 'bindings', 'node')];

function isThere() {
  return folders.some((folder) => fs.existsSync(path.join(folder, 'tinet.node')));
}

if (!isThere() && !process.env.TINET_ADDON_DIR) {
  if (!fs.existsSync(path.join(root, 'meson.build'))) {
    console.error('tinet: this package has no addon for this machine and no source tree to build one from');
    process.exit(1);
  }
  const { status } = spawnSync('make', ['-C', root, 'addon'], { stdio: 'inherit' });
  process.exit(status === 0 && isThere() ? 0 : 1);
}
