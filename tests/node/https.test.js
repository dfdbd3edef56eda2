'use strict';
// https.test.js - ti.https, security managers, client certificates, TLS versions and
// credentials, as an app sees them.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFile, execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-pins-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
const file = (name) => path.join(folder, name);
const openssl = (...words) => execFileSync('openssl', words, { stdio: 'pipe' });

function makeCertificate(name) {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=DNS:localhost,DNS:*.localhost', '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`));
  openssl('x509', '-in', file(`${name}.pem`), '-outform', 'DER', '-out', file(`${name}.der`));
  return { key: fs.readFileSync(file(`${name}.key`)), cert: fs.readFileSync(file(`${name}.pem`)) };
}

const server = makeCertificate('server');
const other = makeCertificate('other');
makeCertificate('client');
openssl('pkcs12', '-export', '-in', file('client.pem'), '-inkey', file('client.key'), '-out', file('client.p12'), '-passout', 'pass:word');
process.env.SSL_CERT_FILE = file('server.pem'); // before the addon opens the network
const { Ti, lib, watched, request } = require('./support');
const tiHttps = require(path.join(lib, 'ti_https.js'));
const pinTo = (...entries) => tiHttps.createX509CertificatePinningSecurityManager(entries);

async function serve(t, made) {
  await new Promise((done) => made.listen(0, '127.0.0.1', done));
  t.after(() => {
    made.closeAllConnections();
    made.close();
  });
  return made.address().port;
}

const secure = (t, options = server, answer = (req, res) => res.end('in')) => serve(t, https.createServer(options, answer));

async function get(url, properties) {
  const client = watched(properties);
  const e = await request(client, 'GET', url);
  return { client, e };
}

function spki(name) {
  const key = new crypto.X509Certificate(fs.readFileSync(file(`${name}.pem`))).publicKey.export({ type: 'spki', format: 'der' });
  return 'sha256/' + crypto.createHash('sha256').update(key).digest('base64');
}

test('a right pin passes: PEM, DER, path, Blob, file', async (t) => {
  const port = await secure(t);
  const sources = [file('server.pem'), file('server.der'), Ti.Filesystem.getFile(file('server.der')), Ti.Filesystem.getFile(file('server.pem')).read()];
  for (const serverCertificate of sources) {
    const { client, e } = await get(`https://localhost:${port}/`, { securityManager: pinTo({ url: 'https://localhost', serverCertificate }) });
    assert.equal(e.success, true, e.error);
    assert.equal(client.responseText, 'in');
  }
});

test('a wrong pin is onerror with the documented text and both keys', async (t) => {
  const port = await secure(t);
  const { e } = await get(`https://localhost:${port}/`, { securityManager: pinTo({ url: 'https://localhost/x?y', serverCertificate: file('other.pem') }) });
  assert.deepEqual([e.success, e.code, e.error, e.reason], [false, -1, 'Certificate could not be verified with provided public key', 'TINET_EPIN']);
  assert.deepEqual([e.tls.reason, e.tls.expectedSpki, e.tls.seenSpki, e.tls.host], ['pin-mismatch', spki('other'), spki('server'), 'localhost']);
});

test('other failures tell their story too', async (t) => {
  const port = await secure(t, other);
  const { e } = await get(`https://localhost:${port}/`);
  assert.deepEqual([e.code, e.reason, e.tls.reason, e.tls.subject, e.tls.nsurlCode], [-1, 'TINET_ECERTIFICATE', 'self-signed', 'CN=other', -1203]);
  assert.match(e.error, /localhost.*self-signed/);
  const plain = await get('http://127.0.0.1:1/');
  assert.equal(plain.e.tls, undefined);
});

test('hosts: case, ports, wildcards, exact before wildcard, anchored', async (t) => {
  const port = await secure(t);
  const right = file('server.pem');
  const wrong = file('other.pem');
  const passes = async (url, ...entries) => (await get(url, { securityManager: pinTo(...entries) })).e.success;
  const url = `https://LOCALHOST:${port}/`;
  assert.equal(await passes(url, { url: 'https://LocalHost:1/', serverCertificate: wrong }), false);
  assert.equal(await passes(url, { url: 'https://*.localhost', serverCertificate: wrong }), false, 'no label is any number');
  assert.equal(await passes(url, { url: 'https://*.localhost', serverCertificate: wrong }, { url: 'https://localhost', serverCertificate: right }), true);
  assert.equal(await passes(url, { url: 'https://*.host', serverCertificate: wrong }), true, 'another host');
  assert.equal(await passes(url, { url: 'https://localhost.evil.example', serverCertificate: wrong }), true);
});

test('the place in the chain', async (t) => {
  const port = await secure(t);
  const entry = { url: 'https://localhost', serverCertificate: file('server.pem') };
  assert.equal((await get(`https://localhost:${port}/`, { securityManager: pinTo({ ...entry, trustChainIndex: 0 }) })).e.success, true);
  const beyond = await get(`https://localhost:${port}/`, { securityManager: pinTo({ ...entry, trustChainIndex: 5 }) });
  assert.equal(beyond.e.reason, 'TINET_EPIN');
});

test('validatesSecureCertificate does not reach a pinned host, and a pin does not replace the chain', async (t) => {
  const port = await secure(t, other);
  const securityManager = pinTo({ url: 'https://localhost', serverCertificate: file('other.pem') });
  const { e } = await get(`https://localhost:${port}/`, { securityManager, validatesSecureCertificate: false });
  assert.equal(e.reason, 'TINET_ECERTIFICATE');
  const unlisted = pinTo({ url: 'https://example.org', serverCertificate: file('other.pem') });
  assert.equal((await get(`https://localhost:${port}/`, { securityManager: unlisted, validatesSecureCertificate: false })).e.success, true);
});

test('plain http to a listed host is not pinned; a redirect into one is', async (t) => {
  const port = await secure(t);
  const securityManager = pinTo({ url: 'https://localhost', serverCertificate: file('other.pem') });
  const plain = await serve(t, http.createServer((req, res) => {
    if (req.url === '/plain') res.end('plain');
    else res.writeHead(302, { Location: `https://localhost:${port}/` }).end();
  }));
  assert.equal((await get(`http://localhost:${plain}/plain`, { securityManager })).e.success, true);
  assert.equal((await get(`http://localhost:${plain}/`, { securityManager })).e.reason, 'TINET_EPIN');
});

test('a client certificate goes to the host of its entry', async (t) => {
  const seen = [];
  const options = { ...server, requestCert: true, rejectUnauthorized: true, ca: fs.readFileSync(file('client.pem')) };
  const port = await secure(t, options, (req, res) => {
    seen.push(req.socket.getPeerCertificate().subject.CN);
    res.end('in');
  });
  const entry = { url: 'https://localhost', serverCertificate: file('server.pem') };
  const mine = { ...entry, clientCertificate: file('client.p12'), clientPassword: 'word' };
  assert.equal((await get(`https://localhost:${port}/`, { securityManager: pinTo(mine) })).e.success, true);
  assert.deepEqual(seen, ['client']);
  const { e } = await get(`https://localhost:${port}/`, { securityManager: pinTo(entry) });
  assert.equal(e.success, false);
  assert.equal(e.code, -1);
});

test('mistakes are thrown by the factory, with iOS texts', (t) => {
  const right = { url: 'https://localhost', serverCertificate: file('server.pem') };
  const make = (...args) => () => tiHttps.createX509CertificatePinningSecurityManager(...args);
  const cases = [
    [make(), TypeError, /array of objects with the keys url and serverCertificate/],
    [make([right], 1), TypeError, /array of objects/],
    [make(right), TypeError, /array of objects/],
    [make([]), Error, /^pinnedUrlSet must have at least one PinnedURL object\.$/],
    [make(['x']), TypeError, /^Expected an object containing only the two keys/],
    [make([{ serverCertificate: 'x' }]), TypeError, /^Missing url property for X509CertificatePinningSecurityManager$/],
    [make([{ url: 'https://a' }]), TypeError, /^Missing serverCertificate property for/],
    [make([{ ...right, url: 'no url' }]), Error, /^Malformed URL string no url$/],
    [make([{ ...right, url: 'http://localhost' }]), Error, /^Scheme must be https for URL http:\/\/localhost$/],
    [make([{ ...right, serverCertificate: '/nowhere.pem' }]), Error, /^Failed to read certificate data from URL \/nowhere\.pem$/],
    [make([{ ...right, serverCertificate: file('server.key') }]), Error, /not an X\.509 certificate/],
    [make([{ ...right, trustChainIndex: -1 }]), RangeError, /^Cannot use negative trust-chain certificate-index -1$/],
    [make([{ ...right, url: 'https://b\u00fccher.example' }, { url: 'https://XN--BCHER-KVA.example.', serverCertificate: file('other.pem') }]),
      Error, /^A host name can only be pinned to one public key: xn--bcher-kva\.example$/],
    [make([{ ...right, url: 'https://a b/' }]), Error, /^Malformed URL string https:\/\/a b\/$/],
    [make([right, { ...right, serverCertificate: file('other.pem') }]), Error, /^A host name can only be pinned to one public key: localhost$/],
    [make([{ ...right, clientCertificate: 5 }]), TypeError, /^Malformed clientCertificate property/],
    [make([{ ...right, clientCertificate: file('client.p12') }]), Error, /^Could not find X509 client-certificate password$/],
    [make([{ ...right, clientCertificate: file('client.p12'), clientPassword: 'no' }]), Error, /password of the PKCS#12 file is wrong/],
  ];
  for (const [fn, Kind, message] of cases) {
    assert.throws(fn, (error) => error instanceof Kind && message.test(error.message), String(message));
  }
  assert.throws(make([{ ...right, serverCertificate: '/nowhere.pem' }]), { code: 'ENOENT', errno: -2 });
  make([right, { ...right, url: 'https://LOCALHOST./' }])(); // the same pin twice
  const said = [];
  const { warn } = Ti.API;
  Ti.API.warn = (text) => said.push(text);
  t.after(() => { Ti.API.warn = warn; });
  make([{ ...right, extra: 1 }])();
  assert.match(said[0], /'extra'/);
});

test('a manager is given at creation, and is one', () => {
  const manager = pinTo({ url: 'https://localhost', serverCertificate: file('server.pem') });
  const client = Ti.Network.createHTTPClient({ securityManager: manager });
  assert.equal(client.securityManager, manager);
  assert.throws(() => { client.securityManager = null; }, /created/);
  assert.throws(() => { Ti.Network.createHTTPClient().securityManager = manager; }, Error);
  for (const wrong of [{}, 'x', { willHandleURL() {} }]) {
    assert.throws(() => Ti.Network.createHTTPClient({ securityManager: wrong }),
      (e) => e instanceof TypeError && /Invalid argument passed to securityManager property/.test(e.message) &&
        /Does not conform to SecurityManagerProtocol/.test(e.message));
  }
  assert.equal(Ti.Network.createHTTPClient({ securityManager: null }).securityManager, null);
  assert.throws(() => { manager.own = 1; }, TypeError);
});

test('an app gets the module by both names', () => {
  const project = file('project');
  fs.mkdirSync(path.join(project, 'Resources', 'certs'), { recursive: true });
  fs.copyFileSync(file('server.der'), path.join(project, 'Resources', 'certs', 'server.der'));
  fs.writeFileSync(path.join(project, 'tiapp.xml'), '<ti:app xmlns:ti="http://ti.appcelerator.org"><id>a.b</id><name>A</name><version>1</version></ti:app>');
  fs.writeFileSync(path.join(project, 'Resources', 'app.js'), `
    const one = require('ti.https');
    console.log(one === require('appcelerator.https'), one.apiName,
      one.createX509CertificatePinningSecurityManager([{ url: 'https://a.example', serverCertificate: 'certs/server.der' }]) !== null);`);
  const out = execFileSync(process.execPath, [path.join(lib, 'run.js'), project], { encoding: 'utf8' });
  assert.match(out, /true appcelerator\.https true/);
});

test('tlsVersion is exactly that version', async (t) => {
  const port = await secure(t, server, (req, res) => res.end(req.socket.getProtocol()));
  const said = [];
  const { warn } = Ti.API;
  Ti.API.warn = (text) => said.push(text);
  t.after(() => { Ti.API.warn = warn; });
  for (const [version, name] of [[undefined, 'TLSv1.3'], [Ti.Network.TLS_VERSION_1_2, 'TLSv1.2'], [Ti.Network.TLS_VERSION_1_3, 'TLSv1.3'], [77, 'TLSv1.3']]) {
    const { client } = await get(`https://localhost:${port}/`, { tlsVersion: version });
    assert.equal(client.responseText, name);
  }
  assert.match(said[0], /tlsVersion: 77 is not known/);
  const { e } = await get(`https://localhost:${port}/`, { tlsVersion: Ti.Network.TLS_VERSION_1_0 });
  assert.deepEqual([e.success, e.reason, e.tls.reason], [false, 'TINET_ETLS', 'version']);
});

test('what a warning calls may abort the request that it is about', async (t) => {
  const port = await secure(t, other);
  const url = `https://localhost:${port}/`;
  const script = `
    const { Ti } = require(${JSON.stringify(path.join(__dirname, 'support.js'))});
    const client = Ti.Network.createHTTPClient({ validatesSecureCertificate: false, onload: () => console.log('load'), onerror: () => console.log('error') });
    Ti.API.warn = (text) => {
      console.log(text);
      client.abort();
      client.open('GET', ${JSON.stringify(url)});
      client.send();
    };
    client.open('GET', ${JSON.stringify(url)});
    client.send();
    console.log('sent');
    const sync = Ti.Network.createHTTPClient({ validatesSecureCertificate: false });
    sync.open('GET', ${JSON.stringify(`https://127.0.0.1:1/`)}, false);
    sync.send();`;
  const out = await new Promise((done, fail) => execFile(process.execPath, ['-e', script], (error, stdout) => (error ? fail(error) : done(stdout))));
  assert.deepEqual(out.split('\n').slice(0, 2), ['sent', 'localhost: the server\'s certificate is not checked (validatesSecureCertificate is false)']);
  assert.match(out, /\n127\.0\.0\.1: the server's certificate is not checked/);
  assert.match(out, /\nload\n/);
});

test('credentials answer a challenge, are remembered, and a wrong one is a 401', async (t) => {
  const seen = [];
  const port = await serve(t, http.createServer((req, res) => {
    seen.push(req.headers.authorization || null);
    if (req.headers.authorization === 'Basic ' + Buffer.from('me:secret').toString('base64')) return res.end('in');
    res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="r"' }).end('who');
    return undefined;
  }));
  const url = `http://127.0.0.1:${port}/`;
  const first = await get(url, { username: 'me', password: 'secret' });
  assert.equal(first.client.responseText, 'in');
  assert.deepEqual(first.client.story.filter((s) => typeof s === 'number'), [1, 2, 3, 4]);
  await get(url, { username: 'me', password: 'secret' });
  assert.equal(seen.length, 3);
  const wrong = await get(url, { username: 'me', password: 'guess' });
  assert.deepEqual([wrong.e.code, wrong.client.status, wrong.client.responseText], [401, 401, 'who']);
  const none = await get(url);
  assert.equal(none.e.code, 401);
  const corporate = await get(url, { username: 'me', password: 'secret', domain: 'CORP' });
  assert.equal(corporate.e.code, 401);
  assert.equal(seen.at(-1), 'Basic ' + Buffer.from('CORP\\me:secret').toString('base64'));
  // the same client, credentials taken away
  const client = first.client;
  client.username = null;
  const again = await request(client, 'GET', url);
  assert.equal(again.code, 401);
});
