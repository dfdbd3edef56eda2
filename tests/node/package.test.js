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
