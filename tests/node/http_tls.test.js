'use strict';
// http_tls.test.js - certificates and HTTP/2, as an app sees them.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http2 = require('node:http2');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-tls-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

function makeCertificate(name) {
  const file = (kind) => path.join(folder, `${name}.${kind}`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', file('key'), '-out', file('crt')], { stdio: 'pipe' });
  return { key: fs.readFileSync(file('key')), cert: fs.readFileSync(file('crt')) };
}

const trusted = makeCertificate('localhost');
const stranger = makeCertificate('stranger');
process.env.SSL_CERT_FILE = path.join(folder, 'localhost.crt'); // before the addon opens the network
const { Ti, watched, request } = require('./support');

async function serve(t, server) {
  const sessions = new Set();
  server.on('session', (session) => sessions.add(session));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    for (const session of sessions) session.destroy();
    if (server.closeAllConnections) server.closeAllConnections();
    server.close();
  });
  return server.address().port;
}

// Lines of Ti.API.warn during the test.
function warnings(t) {
  const list = [];
  const { warn } = Ti.API;
  Ti.API.warn = (text) => list.push(text);
  t.after(() => { Ti.API.warn = warn; });
  return list;
}

test('a trusted certificate for the right name is accepted', async (t) => {
  const port = await serve(t, https.createServer(trusted, (req, res) => res.end('private')));
  const client = watched();
  const e = await request(client, 'GET', `https://localhost:${port}/`);
  assert.equal(e.error, undefined);
  assert.equal(client.responseText, 'private');
});

test('a wrong name and a stranger are refused', async (t) => {
  const port = await serve(t, https.createServer(trusted, (req, res) => res.end()));
  const strange = await serve(t, https.createServer(stranger, (req, res) => res.end()));
  for (const url of [`https://127.0.0.1:${port}/`, `https://localhost:${strange}/`]) {
    const client = watched();
    const e = await request(client, 'GET', url);
    assert.deepEqual([e.type, e.success, e.code, e.reason], ['error', false, -1, 'TINET_ECERTIFICATE']);
    assert.ok(e.error.length > 0);
    assert.equal(client.status, 0);
    assert.deepEqual(client.story, [1, 4, 'error']);
  }
});

test('validatesSecureCertificate false accepts both, with one warning a host', async (t) => {
  const lines = warnings(t);
  const port = await serve(t, https.createServer(stranger, (req, res) => res.end('seen')));
  for (let i = 0; i < 2; i++) {
    const client = watched({ validatesSecureCertificate: false });
    assert.equal(client.validatesSecureCertificate, false);
    await request(client, 'GET', `https://localhost:${port}/`);
    assert.equal(client.responseText, 'seen');
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0], /localhost/);
  // Its connection is not for those who validate.
  const e = await request(watched(), 'GET', `https://localhost:${port}/`);
  assert.equal(e.reason, 'TINET_ECERTIFICATE');
});

test('a redirect to another host does not inherit it', async (t) => {
  warnings(t);
  const target = await serve(t, https.createServer(stranger, (req, res) => res.end()));
  const first = await serve(t, https.createServer(stranger, (req, res) => {
    res.writeHead(302, { Location: `https://127.0.0.1:${target}/` }).end();
  }));
  const e = await request(watched({ validatesSecureCertificate: false }), 'GET', `https://localhost:${first}/`);
  assert.equal(e.reason, 'TINET_ECERTIFICATE');
});

test('HTTP/2: the standard phrase, many at once on one connection', async (t) => {
  const server = http2.createSecureServer(trusted);
  let nSessions = 0;
  server.on('session', () => nSessions++);
  server.on('stream', (stream, headers) => {
    let length = 0;
    stream.on('data', (part) => { length += part.length; });
    stream.on('end', () => {
      stream.respond({ ':status': headers[':path'] === '/404' ? 404 : 200, 'x-method': headers[':method'] });
      stream.end(`${headers[':path']} ${length}`);
    });
  });
  const port = await serve(t, server);
  const url = `https://localhost:${port}`;
  const first = watched();
  await request(first, 'GET', `${url}/first`);
  assert.deepEqual([first.status, first.statusText, first.responseText], [200, 'OK', '/first 0']);
  const texts = await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    const client = watched();
    await request(client, 'POST', `${url}/${i}`, 'x'.repeat(1000 * i));
    return client.responseText;
  }));
  assert.deepEqual(texts, Array.from({ length: 40 }, (_, i) => `/${i} ${1000 * i}`));
  assert.equal(nSessions, 1);
  const missing = await request(watched(), 'GET', `${url}/404`);
  assert.equal(missing.error, '404 : Not Found');
});
