'use strict';
// install.js - what npm runs for this package.
//
// `install`: nothing if the addon is there, else a build of the source tree it
// stands in.  npm does not fetch the dependencies of a folder that it only
// links (`npm install <path>`), so that is done here too.
// `prepare` (before packing): the addon is copied beside the package.

const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const root = path.resolve(__dirname, '..', '..');
const own = path.join(__dirname, 'build');
const built = path.join(root, 'build', 'bindings', 'node');
const FILES = ['loader.node', 'tinet.node'];

function isIn(folder) {
  return FILES.every((name) => fs.existsSync(path.join(folder, name)));
}

function run(command, args, env = process.env) {
  const { status, error } = spawnSync(command, args, { cwd: __dirname, stdio: 'inherit', env });
  if (status === 0) return;
  console.error(`tinet: ${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
  process.exit(1);
}

function makeAddon() {
  if (isIn(own) || isIn(built) || process.env.TINET_ADDON_DIR) return;
  if (!fs.existsSync(path.join(root, 'meson.build'))) {
    console.error('tinet: this package has no addon for this machine and no source tree to build one from');
    process.exit(1);
  }
  run('make', ['-C', root, 'addon']);
}

function isResolved(name) {
  try {
    require.resolve(name, { paths: [__dirname] });
    return true;
  } catch {
    return false;
  }
}

function fetchDependencies() {
  if (isResolved('@xmldom/xmldom')) return;
  // Of the outer npm only what says where packages come from.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_config_(global|location|prefix|local_prefix|install_links)$/.test(name))
  );
  const args = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  if (process.env.npm_execpath) run(process.execPath, [process.env.npm_execpath, ...args], env);
  else run('npm', args, env);
}

function copyAddon() {
  if (!isIn(built)) return; // what is in build/ already is all there is
  fs.mkdirSync(own, { recursive: true });
  for (const name of FILES) {
    // Renamed into place: a process may have the old one mapped.
    fs.copyFileSync(path.join(built, name), path.join(own, `${name}.new`));
    fs.renameSync(path.join(own, `${name}.new`), path.join(own, name));
  }
}

makeAddon();
if (process.argv[2] === 'prepare') copyAddon();
else fetchDependencies();
