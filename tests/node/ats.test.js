'use strict';
// ats.test.js - App Transport Security over HTTPClient, against servers of every kind it denies.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { Worker } = require('node:worker_threads');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-ats-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const at = (name) => path.join(folder, name);

function openssl(...args) {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const RSA = ['-newkey', 'rsa:2048'];

function makeRoot() {
  openssl('req', '-x509', ...EC, '-nodes', '-days', '3650', '-subj', '/CN=ATS root', '-keyout', at('root.key'), '-out', at('root.crt'));
}

// A leaf of the root; `options`: key, name, digest, days (negative: over since), isOwn.
function makeLeaf(label, { key = EC, name = 'localhost', digest = 'sha256', days = 90, isOwn = false } = {}) {
  openssl('req', ...key, '-nodes', '-subj', `/CN=${label}`, '-keyout', at(`${label}.key`), '-out', at(`${label}.csr`));
  fs.writeFileSync(at('leaf.cnf'), `subjectAltName=DNS:${name}\n`);
  const signer = isOwn ? ['-signkey', at(`${label}.key`)] : ['-CA', at('root.crt'), '-CAkey', at('root.key'), '-CAcreateserial'];
  openssl('x509', '-req', '-in', at(`${label}.csr`), ...signer, `-${digest}`, '-days', String(days), '-extfile', at('leaf.cnf'), '-out', at(`${label}.crt`));
  return { key: fs.readFileSync(at(`${label}.key`)), cert: fs.readFileSync(at(`${label}.crt`)) };
}

makeRoot();
process.env.SSL_CERT_FILE = at('root.crt'); // before the addon opens the network
const good = makeLeaf('good');
const { Ti, lib, watched, request } = require('./support');

function spki(leaf) {
  const der = new crypto.X509Certificate(leaf.cert).publicKey.export({ type: 'spki', format: 'der' });
  return crypto.createHash('sha256').update(der).digest('base64');
}

function plist(value) {
  if (value === true || value === false) return `<${value}/>`;
  if (typeof value === 'string') return `<string>${value}</string>`;
  if (Array.isArray(value)) return `<array>${value.map(plist).join('')}</array>`;
  return `<dict>${Object.entries(value).map(([key, v]) => `<key>${key}</key>${plist(v)}`).join('\n')}</dict>`;
}

let nPolicies = 0;

function policyFile(ats) {
  const file = at(`policy${nPolicies++}.plist`);
  fs.writeFileSync(file, `<?xml version="1.0"?>\n<plist version="1.0">${plist({ NSAppTransportSecurity: ats })}</plist>\n`);
  return file;
}

// localhost is on this machine and so exempt; an entry for it makes it a host like any other.
function underEntry(entry, others) {
  Ti.Network.atsPolicy = policyFile({ NSExceptionDomains: { localhost: entry }, ...others });
}

// A server that counts what it sees.
async function serve(t, server) {
  const seen = { connections: 0, requests: 0 };
  server.on('connection', () => seen.connections++);
  server.on('request', () => seen.requests++);
  server.on('tlsClientError', () => {});
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    if (server.closeAllConnections) server.closeAllConnections();
    server.close();
    Ti.Network.atsPolicy = 'off';
  });
  seen.port = server.address().port;
  seen.url = `${server instanceof https.Server ? 'https' : 'http'}://localhost:${seen.port}/`;
  return seen;
}

function secure(leaf, options) {
  return https.createServer({ ...leaf, ...options }, (req, res) => res.end('seen'));
}

async function outcome(url, properties) {
  const client = watched(properties);
  const e = await request(client, 'GET', url);
  return Object.assign(e, { text: client.responseText });
}

async function expectDenied(seen, reason, { code = -1200, properties } = {}) {
  const before = seen.requests;
  const e = await outcome(seen.url, properties);
  assert.equal(e.reason, 'TINET_EPOLICY', e.error);
  assert.match(e.error, /^localhost did not meet the ATS policy: /);
  assert.equal(e.code, code);
  assert.equal(e.ats.reason, reason);
  assert.equal(e.ats.code, code);
  assert.equal(e.ats.domain, 'NSURLErrorDomain');
  assert.equal(e.ats.url, seen.url);
  assert.equal(seen.requests, before, 'the server has seen a request');
  return e;
}

async function expectSeen(seen, properties) {
  const e = await outcome(seen.url, properties);
  assert.equal(e.text, 'seen', e.error);
}

function warnings(t) {
  const list = [];
  const { warn } = Ti.API;
  Ti.API.warn = (text) => list.push(text);
  t.after(() => { Ti.API.warn = warn; });
  return list;
}

test('it is off until it is turned on', async (t) => {
  assert.equal(Ti.Network.atsPolicy, 'off');
  await expectSeen(await serve(t, http.createServer((req, res) => res.end('seen'))));
});

test('cleartext is denied before any connection, with what would allow it', async (t) => {
  const seen = await serve(t, http.createServer((req, res) => res.end('seen')));
  underEntry({});
  const e = await expectDenied(seen, 'cleartext', { code: -1022 });
  assert.equal(seen.connections, 0);
  assert.equal(e.ats.key, 'NSExceptionAllowsInsecureHTTPLoads');
  assert.equal(e.ats.entry, 'localhost');
  assert.equal(e.ats.hop, 0);
  assert.match(e.ats.description, /^The resource could not be loaded because the App Transport Security policy requires/);
  assert.match(e.error, /NSExceptionAllowsInsecureHTTPLoads/);
  underEntry({ NSExceptionAllowsInsecureHTTPLoads: true });
  await expectSeen(seen);
});

test('a local host is exempt, as on iOS', async (t) => {
  const seen = await serve(t, http.createServer((req, res) => res.end('seen')));
  Ti.Network.atsPolicy = 'enforce';
  await expectSeen(seen);
  const e = await outcome('http://www.example.com/');
  assert.deepEqual([e.reason, e.code, e.ats.reason], ['TINET_EPOLICY', -1022, 'cleartext']);
});

test('send_sync and a synchronous open are denied alike', async (t) => {
  const seen = await serve(t, http.createServer((req, res) => res.end('seen')));
  underEntry({});
  const client = watched();
  let payload;
  client.onerror = (e) => { payload = e; };
  client.open('GET', seen.url, false);
  client.send();
  await new Promise((done) => setImmediate(done));
  assert.equal(payload.ats.reason, 'cleartext');
  assert.equal(seen.connections, 0);
});

test('each hop of a redirect is judged; the target is named', async (t) => {
  const plain = await serve(t, http.createServer((req, res) => res.end('seen')));
  const first = await serve(t, https.createServer(good, (req, res) => res.writeHead(302, { Location: plain.url }).end()));
  underEntry({});
  const e = await outcome(first.url);
  assert.deepEqual([e.reason, e.ats.reason, e.ats.url, e.ats.hop], ['TINET_EPOLICY', 'cleartext', plain.url, 1]);
  assert.deepEqual([first.requests, plain.connections], [1, 0]);
});

test('a redirect from an allowed host to one that fails TLS', async (t) => {
  const weak = await serve(t, secure(makeLeaf('weakhop', { key: ['-newkey', 'rsa:1024'] }), { ciphers: 'DEFAULT@SECLEVEL=0' }));
  const first = await serve(t, http.createServer((req, res) => res.writeHead(302, { Location: weak.url }).end()));
  underEntry({});
  const e = await outcome(first.url.replace('localhost', '127.0.0.1'));
  assert.deepEqual([e.reason, e.ats.reason, e.ats.url, e.ats.hop], ['TINET_EPOLICY', 'cert-key-size', weak.url, 1]);
  assert.equal(weak.requests, 0);
});

test('a server that meets it is served, TLS 1.2 and 1.3', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const seen = await serve(t, secure(good, { maxVersion }));
    underEntry({});
    await expectSeen(seen);
  }
});

test('TLS below the minimum', async (t) => {
  const seen = await serve(t, secure(makeLeaf('old', { key: RSA }), { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  underEntry({});
  const e = await expectDenied(seen, 'tls-version');
  assert.equal(e.ats.key, 'NSExceptionMinimumTLSVersion');
  assert.equal(e.ats.sslStatus, -9881);
  underEntry({ NSExceptionMinimumTLSVersion: 'TLSv1.1' });
  await expectSeen(seen);
  underEntry({ NSExceptionMinimumTLSVersion: 'TLSv1.0' });
  await expectSeen(seen);
});

test('an entry can raise the minimum', async (t) => {
  const seen = await serve(t, secure(good, { maxVersion: 'TLSv1.2' }));
  underEntry({ NSExceptionMinimumTLSVersion: 'TLSv1.3' });
  await expectDenied(seen, 'tls-version');
});

test('tlsVersion cannot go below the minimum, and is held to it before connecting', async (t) => {
  const seen = await serve(t, secure(makeLeaf('old2', { key: RSA }), { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' }));
  warnings(t);
  underEntry({});
  const properties = { tlsVersion: Ti.Network.TLS_VERSION_1_0 };
  await expectDenied(seen, 'tls-version', { properties });
  assert.equal(seen.connections, 0);
  underEntry({ NSExceptionMinimumTLSVersion: 'TLSv1.0' });
  await expectSeen(seen, properties);
});

test('a suite without forward secrecy', async (t) => {
  const seen = await serve(t, secure(makeLeaf('static', { key: RSA }), { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }));
  underEntry({});
  await expectDenied(seen, 'tls-handshake');
  underEntry({ NSExceptionRequiresForwardSecrecy: false });
  await expectSeen(seen);
});

test('a suite that is not on the list', async (t) => {
  const seen = await serve(t, secure(makeLeaf('dhe', { key: RSA }), { maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES128-GCM-SHA256', dhparam: 'auto' }));
  underEntry({ NSExceptionRequiresForwardSecrecy: false });
  await expectDenied(seen, 'tls-handshake');
  underEntry({ NSExceptionAllowsInsecureHTTPLoads: true, NSExceptionRequiresForwardSecrecy: false });
  await expectSeen(seen);
});

const BAD = [
  ['cert-key-size', { key: ['-newkey', 'rsa:1024'] }],
  ['cert-key-size', { key: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp224r1'] }],
  ['cert-hash-leaf', { digest: 'sha1' }],
  ['cert-expired', { days: -1 }],
  ['cert-hostname', { name: 'other.example.com' }],
  ['cert-untrusted', { isOwn: true }],
  ['cert-lifetime', { days: 900 }],
];

BAD.forEach(([reason, how], i) => {
  // What no exception excuses: a curve that is not offered at all.
  const isUnreachable = reason === 'cert-key-size' && how.key[1] === 'ec';
  test(`a certificate with ${reason} (${i})`, async (t) => {
    const lines = warnings(t);
    const leaf = makeLeaf(`bad${i}`, how);
    const seen = await serve(t, secure(leaf, { maxVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=0' }));
    underEntry({});
    if (isUnreachable) {
      await expectDenied(seen, 'tls-handshake');
      return;
    }
    const e = await expectDenied(seen, reason);
    assert.equal(e.ats.depth, 0);
    assert.ok(e.ats.text.length > 10);
    // The application cannot overrule it ...
    await expectDenied(seen, reason, { properties: { validatesSecureCertificate: false } });
    assert.equal(lines.filter((line) => /validatesSecureCertificate is ignored/.test(line)).length <= 1, true);
    // ... unless the entry takes the checks away; then it still has to.
    underEntry({ NSExceptionAllowsInsecureHTTPLoads: true });
    assert.notEqual((await outcome(seen.url)).text, 'seen');
    await expectSeen(seen, { validatesSecureCertificate: false });
  });
});

test('the warning that the application is not obeyed comes once a host', async (t) => {
  // The network may have given it already in a test above.
  const lines = warnings(t);
  const seen = await serve(t, secure(good));
  underEntry({});
  await expectSeen(seen, { validatesSecureCertificate: false });
  await expectSeen(seen, { validatesSecureCertificate: false });
  assert.ok(lines.length <= 1);
});

test('an RSA key below 1024 bits is never excused', async (t) => {
  const seen = await serve(t, secure(makeLeaf('tiny', { key: ['-newkey', 'rsa:768'] }), { maxVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=0' }));
  warnings(t);
  underEntry({ NSExceptionAllowsInsecureHTTPLoads: true });
  await expectDenied(seen, 'cert-key-size', { code: -1202, properties: { validatesSecureCertificate: false } });
});

test('pins hold with ATS on and off', async (t) => {
  const seen = await serve(t, secure(good));
  const pins = (value) => ({ NSPinnedDomains: { localhost: { NSPinnedLeafIdentities: [{ 'SPKI-SHA256-BASE64': value }] } } });
  const wrong = crypto.createHash('sha256').update('another').digest('base64');
  underEntry({}, pins(wrong));
  await expectDenied(seen, 'pin-leaf');
  underEntry({}, pins(spki(good)));
  await expectSeen(seen);
  Ti.Network.atsPolicy = policyFile({ NSAllowsArbitraryLoads: true, ...pins(wrong) });
  await expectDenied(seen, 'pin-leaf');
  await expectDenied(seen, 'pin-leaf', { properties: { validatesSecureCertificate: false } });
  Ti.Network.atsPolicy = policyFile({ NSAllowsArbitraryLoads: true, ...pins(spki(good)) });
  await expectSeen(seen);
});

test('a pooled connection or a session made without it does not serve a request under it', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const leaf = makeLeaf(`pool${maxVersion}`, { days: 900 });
    const seen = await serve(t, secure(leaf, { maxVersion, keepAliveTimeout: 60000 }));
    const properties = { enableKeepAlive: true };
    Ti.Network.atsPolicy = 'off';
    await expectSeen(seen, properties);
    await expectSeen(seen, properties);
    assert.equal(seen.connections, 1, 'the connection was kept');
    underEntry({});
    await expectDenied(seen, 'cert-lifetime', { properties });
    await expectDenied(seen, 'cert-lifetime', { properties });
    Ti.Network.atsPolicy = 'off';
    await expectSeen(seen, properties);
    // Nor one that was made under a milder policy.
    underEntry({ NSExceptionAllowsInsecureHTTPLoads: true });
    warnings(t);
    await expectSeen(seen, { ...properties, validatesSecureCertificate: false });
    underEntry({});
    await expectDenied(seen, 'cert-lifetime', { properties });
  }
});

test('under one policy connections are kept and sessions resumed', async (t) => {
  const seen = await serve(t, secure(good, { maxVersion: 'TLSv1.2' }));
  underEntry({});
  for (let i = 0; i < 3; i++) await expectSeen(seen, { enableKeepAlive: true });
  assert.equal(seen.connections, 1);
});

test('what the cache got without it is not for a request under it', async (t) => {
  let n = 0;
  const seen = await serve(t, https.createServer(good, (req, res) => {
    n++;
    res.writeHead(200, { 'Cache-Control': 'max-age=1000' }).end('seen');
  }));
  for (let i = 0; i < 2; i++) await expectSeen(seen, { cache: true });
  assert.equal(n, 1);
  underEntry({});
  for (let i = 0; i < 2; i++) await expectSeen(seen, { cache: true });
  assert.equal(n, 2);
});

// A server that speaks TLS and counts what comes through it, whatever it is.
async function serveRaw(t, leaf, options, answer) {
  const server = tls.createServer({ ...leaf, ...options });
  const raw = await serve(t, server);
  Object.assign(raw, { url: `https://localhost:${raw.port}/`, bytes: 0, resumed: 0 });
  server.on('secureConnection', (socket) => {
    raw.resumed += socket.isSessionReused();
    socket.on('error', () => {});
    socket.on('data', (data) => {
      raw.bytes += data.length;
      socket.end(answer);
    });
  });
  return raw;
}

test('not one byte of HTTP goes to a server that is denied', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nseen';
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    for (const [reason, how] of [['cert-hostname', { name: 'other.example.com' }], ['cert-lifetime', { days: 900 }],
      ['cert-expired', { days: -1 }], ['cert-untrusted', { isOwn: true }]]) {
      const raw = await serveRaw(t, makeLeaf('raw', how), { maxVersion, ALPNProtocols: ['h2', 'http/1.1'] }, answer);
      underEntry({});
      const e = await outcome(raw.url);
      assert.deepEqual([e.reason, e.ats.reason], ['TINET_EPOLICY', reason], e.error);
      assert.equal(raw.connections, 1);
      await new Promise((done) => setTimeout(done, 20)); // what is under way would arrive
      assert.equal(raw.bytes, 0, `${reason} ${maxVersion}`);
    }
  }
});

// The suites of the ClientHello that a request sends, as IANA's numbers; rfc: 8446 4.1.2
async function offeredSuites(t) {
  let hello;
  const seen = await serve(t, net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => { hello = data; socket.destroy(); });
  }));
  await outcome(`https://localhost:${seen.port}/`);
  const session = 5 + 4 + 2 + 32; // of the record, the message, its version and random
  const at = session + 1 + hello[session];
  const suites = [];
  for (let i = 0; i < hello.readUInt16BE(at); i += 2) suites.push(hello.readUInt16BE(at + 2 + i));
  return suites.filter((code) => code !== 0x00ff).sort((a, b) => a - b); // renegotiation, which is no suite
}

test('no suite is offered that would be denied', async (t) => {
  const tls13 = [0x1301, 0x1302, 0x1303];
  const ats = [0xc009, 0xc00a, 0xc013, 0xc014, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9];
  const rsa = [0x002f, 0x0035, 0x009c, 0x009d];
  underEntry({});
  assert.deepEqual(await offeredSuites(t), [...tls13, ...ats]);
  underEntry({ NSExceptionRequiresForwardSecrecy: false });
  assert.deepEqual(await offeredSuites(t), [...rsa, ...tls13, ...ats]);
  underEntry({ NSExceptionMinimumTLSVersion: 'TLSv1.0', NSExceptionRequiresForwardSecrecy: false });
  assert.deepEqual(await offeredSuites(t), [...rsa, ...tls13, ...ats]);
  underEntry({}, { NSRequiresNIAPTLSPackageVersion: 'FCP_v2.1' });
  assert.deepEqual(await offeredSuites(t), [...tls13, 0xc02b, 0xc02c, 0xc02f, 0xc030]);
  underEntry({ NSExceptionMinimumTLSVersion: 'TLSv1.3' });
  assert.deepEqual((await offeredSuites(t)).filter((code) => tls13.includes(code)), tls13);
});

test('a session that was judged is resumed', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nseen';
  const raw = await serveRaw(t, good, { minVersion: 'TLSv1.3' }, answer);
  underEntry({});
  for (let i = 0; i < 2; i++) await expectSeen(raw);
  assert.deepEqual([raw.connections, raw.resumed], [2, 1]);
  // ... but not by another policy, which judges for itself.
  underEntry({}, { NSPinnedDomains: { localhost: { NSPinnedLeafIdentities: [] } } });
  const { bytes } = raw;
  const e = await outcome(raw.url);
  assert.equal(e.ats.reason, 'pin-leaf');
  assert.deepEqual([raw.resumed, raw.bytes], [1, bytes]);
});

test('HTTP/2: judged once a connection, and again under another policy', async (t) => {
  const leaf = makeLeaf('h2', { days: 900 });
  const server = http2.createSecureServer({ ...leaf });
  let streams = 0;
  let sessions = 0;
  server.on('session', (session) => { sessions++; t.after(() => session.destroy()); });
  server.on('stream', (stream) => { streams++; stream.respond(); stream.end('seen'); });
  server.closeAllConnections = () => {};
  const seen = await serve(t, server);
  seen.url = `https://localhost:${seen.port}/`;
  Ti.Network.atsPolicy = 'off';
  for (let i = 0; i < 2; i++) await expectSeen(seen, { enableKeepAlive: true });
  assert.deepEqual([sessions, streams], [1, 2], 'HTTP/2 on one connection');
  underEntry({});
  const e = await outcome(seen.url, { enableKeepAlive: true });
  assert.deepEqual([e.reason, e.ats.reason, streams], ['TINET_EPOLICY', 'cert-lifetime', 2]);
  // Many at once on one connection under a policy that allows it.
  const fine = http2.createSecureServer({ ...good });
  let n = 0;
  fine.on('session', (session) => t.after(() => session.destroy()));
  fine.on('stream', (stream) => { n++; stream.respond(); stream.end('seen'); });
  fine.closeAllConnections = () => {};
  const other = await serve(t, fine);
  other.url = `https://localhost:${other.port}/`;
  underEntry({});
  await Promise.all(Array.from({ length: 8 }, () => expectSeen(other, { enableKeepAlive: true })));
  assert.equal(n, 8);
});

test('a redirect on a pooled connection is judged like the first', async (t) => {
  const plain = await serve(t, http.createServer((req, res) => res.end('seen')));
  const first = await serve(t, https.createServer(good, (req, res) => {
    if (req.url === '/go') res.writeHead(307, { Location: plain.url }).end();
    else res.end('seen');
  }));
  underEntry({});
  const properties = { enableKeepAlive: true };
  await expectSeen(first, properties);
  const e = await outcome(`${first.url}go`, properties);
  assert.deepEqual([e.ats.reason, e.ats.url, e.code], ['cleartext', plain.url, -1022]);
  assert.deepEqual([first.connections, plain.connections], [1, 0]);
});

test('the NIAP package: suites, Extended Master Secret', async (t) => {
  const leaf = makeLeaf('niap', { key: RSA });
  const gcm = await serve(t, secure(leaf, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }));
  const cbc = await serve(t, secure(leaf, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA' }));
  // SSL_OP_NO_EXTENDED_MASTER_SECRET, which Node does not name.
  const plain = await serve(t, secure(leaf, { maxVersion: 'TLSv1.2', secureOptions: 1 }));
  underEntry({}, { NSRequiresNIAPTLSPackageVersion: 'FCP_v2.1' });
  await expectSeen(gcm);
  await expectDenied(cbc, 'tls-handshake');
  await expectDenied(plain, 'niap-ems');
  underEntry({});
  await expectSeen(cbc);
  await expectSeen(plain);
});

test('a worker is under the policy of the process', async (t) => {
  const seen = await serve(t, http.createServer((req, res) => res.end('seen')));
  underEntry({});
  const source = `
    const { workerData, parentPort } = require('worker_threads');
    const Ti = require(workerData.index);
    const client = Ti.Network.createHTTPClient({
      onload() { parentPort.postMessage('load'); },
      onerror(e) { parentPort.postMessage(e.ats && e.ats.reason); },
    });
    client.open('GET', workerData.url);
    client.send();`;
  const worker = new Worker(source, { eval: true, workerData: { index: path.join(lib, 'index.js'), url: seen.url } });
  const reason = await new Promise((done, fail) => worker.once('message', done).once('error', fail));
  await worker.terminate();
  assert.equal(reason, 'cleartext');
  assert.equal(seen.connections, 0);
});

test('a policy that cannot be read changes nothing and says why', async (t) => {
  const seen = await serve(t, http.createServer((req, res) => res.end('seen')));
  underEntry({});
  const before = Ti.Network.atsPolicy;
  fs.writeFileSync(at('broken.plist'), '<plist version="1.0"><dict>\n<key>NSAppTransportSecurity</dict></plist>');
  assert.throws(() => { Ti.Network.atsPolicy = at('broken.plist'); }, (e) => e.code === 'TINET_ESYNTAX' && /broken\.plist:2:/.test(e.message));
  assert.throws(() => { Ti.Network.atsPolicy = at('none.plist'); }, { code: 'TINET_EFILE' });
  assert.equal(Ti.Network.atsPolicy, before);
  await expectDenied(seen, 'cleartext', { code: -1022 });
});

test('a mistake in a policy is told once', async (t) => {
  const lines = warnings(t);
  t.after(() => { Ti.Network.atsPolicy = 'off'; });
  underEntry({ NSExceptionAllowInsecureHTTPLoads: true });
  assert.equal(lines.length, 1);
  assert.match(lines[0], /policy\d+\.plist:\d+:\d+: unknown key 'NSExceptionAllowInsecureHTTPLoads'.*tinet ats check/);
});

test('sockets are not covered', async (t) => {
  const seen = await serve(t, http.createServer((req, res) => res.end('seen')));
  underEntry({});
  const connected = await new Promise((done, fail) => {
    const socket = Ti.Network.Socket.createTCP({
      host: 'localhost',
      port: seen.port,
      connected: () => { socket.close(); done(true); },
      error: (e) => fail(new Error(e.error)),
    });
    socket.connect();
  });
  assert.equal(connected, true);
});
