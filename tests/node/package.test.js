'use strict';
// package.test.js - npm install of the folder, from an empty project.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const binding = path.resolve(__dirname, '..', '..', 'bindings', 'node');

// Only node runs with a sanitizer's runtime, not npm.
function plain(env = {}) {
  const { LD_PRELOAD, ...rest } = process.env;
  return { ...rest, ...env };
}

test('npm install of the folder, then require, then a request', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-package-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.writeFileSync(path.join(dir, 'package.json'), '{"name": "empty", "private": true}');
  const install = spawnSync('npm', ['install', '--no-audit', '--no-fund', binding], { cwd: dir, env: plain(), encoding: 'utf8' });
  assert.equal(install.status, 0, install.stderr);
  const server = http.createServer((req, res) => res.end('fetched'));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  fs.writeFileSync(path.join(dir, 'app.js'), `
    const Ti = require('tinet');
    console.log(typeof globalThis.Ti);
    require('tinet/register');
    const client = globalThis.Ti.Network.createHTTPClient({ onload() { console.log(this.responseText, Ti === Titanium); } });
    client.open('GET', process.argv[2]);
    client.send();`);
  const child = require('node:child_process').spawn(
    process.execPath, ['app.js', `http://127.0.0.1:${server.address().port}/`], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  const status = await new Promise((done) => child.on('exit', done));
  assert.deepEqual([status, out], [0, 'undefined\nfetched true\n']);
});

// A copy of the folder as a clone has it: no modules.  The addon of this build
// stands in for the one that `make addon` would build.
function fresh(t) {
  const top = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-fresh-'));
  t.after(() => fs.rmSync(top, { recursive: true }));
  const copy = path.join(top, 'node');
  fs.cpSync(binding, copy, { recursive: true, filter: (from) => !/\/(node_modules|build)$/.test(from) });
  fs.mkdirSync(path.join(copy, 'build'));
  for (const name of ['loader.node', 'tinet.node']) {
    fs.copyFileSync(path.join(process.env.TINET_ADDON_DIR, name), path.join(copy, 'build', name));
  }
  const project = path.join(top, 'project');
  fs.mkdirSync(project);
  fs.writeFileSync(path.join(project, 'package.json'), '{"name": "empty", "private": true}');
  fs.writeFileSync(path.join(project, 'app.js'),
    "console.log(require('tinet').XML.parseString('<a>parsed</a>').documentElement.text, require('tinet').Network.apiName);");
  return { copy, project };
}

for (const [title, option] of [['linked', '--no-install-links'], ['packed', '--install-links']]) {
  test(`a folder without modules, ${title}, brings the packages it requires`, (t) => {
    const { copy, project } = fresh(t);
    const env = plain();
    delete env.TINET_ADDON_DIR;
    // What `make deps` has fetched is in npm's cache; no test asks a registry.
    const install = spawnSync('npm', ['install', '--offline', '--no-audit', '--no-fund', option, copy], { cwd: project, env, encoding: 'utf8' });
    if (/ENOTCACHED/.test(install.stderr)) {
      t.skip("npm's cache does not have the packages");
      return;
    }
    assert.equal(install.status, 0, install.stderr);
    const app = spawnSync(process.execPath, ['app.js'], { cwd: project, env, encoding: 'utf8' });
    assert.equal(app.stdout, 'parsed Ti.Network\n', app.stderr);
  });
}
