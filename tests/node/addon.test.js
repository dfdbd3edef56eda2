'use strict';
// addon.test.js - how the addon is loaded, and its life in workers.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { lib, serve } = require('./support');

const native = require(path.join(lib, 'native.js'));
const isPlain = process.env.TINET_PLAIN_LOAD === '1';

function version(text, name) {
  const found = new RegExp(`\\b${name}/([\\w.]+)`).exec(text);
  return found && found[1];
}

test("libcurl runs on the system's OpenSSL and nghttp2, not on Node's",
  { skip: isPlain && 'a sanitizer refuses RTLD_DEEPBIND, so its build loads plainly' }, () => {
    const ours = native.versions().libraries;
    const cli = execFileSync('curl', ['--version'], { encoding: 'utf8' });
    for (const name of ['libcurl', 'OpenSSL', 'nghttp2', 'zlib']) {
      assert.ok(version(ours, name), `${name} in ${ours}`);
      assert.equal(version(ours, name), version(cli, name), name);
    }
    // Node's own are others, or the comparison would say little: of one library
    // both may have the same version by chance, of all of them only a Node that
    // brings none of its own, as Debian's.
    const { node_shared_nghttp2: sharesNghttp2, node_shared_openssl: sharesOpenSSL } = process.config.variables;
    const own = [];
    if (!sharesNghttp2) own.push(['nghttp2', process.versions.nghttp2]);
    if (!sharesOpenSSL) own.push(['OpenSSL', process.versions.openssl.replace(/\+.*/, '')]);
    const differ = own.filter(([name, ofNode]) => version(ours, name) !== ofNode);
    assert.ok(own.length === 0 || differ.length > 0, `${ours} can be told from Node's`);
  });

test('tiapp.xml is parsed, and errors say where', () => {
  const app = native.parseTiapp(Buffer.from('<a><id>x.y</id><name>N</name><property name="p" type="int">3</property></a>'), 't.xml');
  assert.deepEqual([app.id, app.name, app.guid, app.properties], ['x.y', 'N', null, [{ name: 'p', type: 'int', value: '3', line: 1 }]]);
  assert.throws(() => native.parseTiapp(Buffer.from('<a>\n<b>'), 't.xml'), { code: 'TINET_ESYNTAX', message: /^t\.xml:2:/ });
});

const WORK = `
  const { workerData, parentPort } = require('worker_threads');
  const Ti = require(workerData.index);
  function get(left) {
    const client = Ti.Network.createHTTPClient({
      onload() { parentPort.postMessage(this.responseText); if (left > 1) get(left - 1); },
      onerror(e) { throw new Error(e.error); },
    });
    client.open('GET', workerData.url);
    client.send();
  }
  get(workerData.n);`;

function worker(workerData) {
  return new Worker(WORK, { eval: true, workerData: { index: path.join(lib, 'index.js'), ...workerData } });
}

test('several workers use it at once and end by themselves', async (t) => {
  const url = await serve(t, (req, res) => res.end('ok'));
  const codes = await Promise.all(
    Array.from({ length: 4 }, () => new Promise((done, fail) => {
      let n = 0;
      const w = worker({ url, n: 20 });
      w.on('message', () => n++);
      w.on('error', fail);
      w.on('exit', (code) => done([code, n]));
    }))
  );
  assert.deepEqual(codes, Array.from({ length: 4 }, () => [0, 20]));
});

test('a worker may end while its requests run', async (t) => {
  const url = await serve(t, () => {}); // never answers
  for (let round = 0; round < 3; round++) {
    const w = worker({ url, n: 1 });
    await new Promise((done) => w.once('online', done));
    await new Promise((done) => setTimeout(done, 60));
    assert.equal(await w.terminate(), 1);
  }
});

test('process.exit inside a worker with a running request', async (t) => {
  const url = await serve(t, () => {});
  const w = new Worker(`${WORK}; setTimeout(() => process.exit(7), 40);`, {
    eval: true, workerData: { index: path.join(lib, 'index.js'), url, n: 1 },
  });
  assert.equal(await new Promise((done) => w.once('exit', done)), 7);
});
