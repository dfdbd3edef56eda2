'use strict';
// socket_tcp.test.js - Titanium.Network.Socket.TCP: states, exceptions, order.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const { Ti, home } = require('./support');

const { Socket } = Ti.Network;
const { INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR } = Socket;

const buffer = (value) => Ti.createBuffer(typeof value === 'number' ? { length: value } : { value });
const later = () => new Promise((done) => setImmediate(done));

// A listening Socket.TCP and one connected to it.
async function pair(t, options = {}) {
  const server = Socket.createTCP({ host: '127.0.0.1', ...options.server });
  const inbound = new Promise((done) => { server.accepted = (e) => done(e.inbound); });
  server.listen();
  server.accept(options.accept);
  const client = Socket.createTCP({ host: '127.0.0.1', port: server.port, ...options.client });
  await new Promise((done, fail) => {
    client.connected = done;
    client.error = (e) => fail(new Error(e.error));
    client.connect();
  });
  const accepted = await inbound;
  t.after(() => [client, accepted, server].forEach((s) => { if ([CONNECTED, LISTENING].includes(s.state)) s.close(); }));
  return { server, client, accepted };
}

const readOnce = (socket, target, ...range) => new Promise((done) => socket.read(target, ...range, done));
const writeOnce = (socket, source, ...range) => new Promise((done) => socket.write(source, ...range, done));

function peer(t, handler) {
  return new Promise((done) => {
    const server = net.createServer(handler).listen(0, '127.0.0.1', () => done(server.address().port));
    t.after(() => server.close());
  });
}

async function connected(t, port, more) {
  const client = Socket.createTCP({ host: '127.0.0.1', port, ...more });
  await new Promise((done, fail) => {
    client.connected = done;
    client.error = (e) => fail(new Error(e.error));
    client.connect();
  });
  client.error = undefined;
  t.after(() => { if (client.state === CONNECTED) client.close(); });
  return client;
}

test('the module and its constants', () => {
  assert.deepEqual([INITIALIZED, CONNECTED, LISTENING, CLOSED, ERROR], [1, 2, 4, 8, 16]);
  assert.equal(Ti.Network.SOCKET_LISTENING, LISTENING);
  assert.equal(Socket.apiName, 'Ti.Network.Socket');
  const socket = Socket.createTCP({ host: 'h', port: 5, own: 1 });
  assert.ok(socket instanceof Socket.TCP);
  assert.deepEqual([socket.apiName, socket.host, socket.getPort(), socket.own, socket.state], ['Ti.Network.Socket.TCP', 'h', 5, 1, INITIALIZED]);
  for (const wrong of ['x', 5, true]) assert.throws(() => Socket.createTCP(wrong), TypeError);
  assert.equal(Socket.createTCP(null).state, INITIALIZED);
});

test('text goes both ways, with the payloads of both forms', async (t) => {
  const { client, accepted } = await pair(t);
  assert.equal(accepted.state, CONNECTED);
  assert.equal(accepted.host, '127.0.0.1');
  assert.equal(client.write(buffer('hello')), 5);
  const target = buffer(20);
  const e = await readOnce(accepted, target);
  assert.deepEqual([e.type, e.source, e.buffer, e.bytesProcessed, e.success, e.code, e.error, e.errorState, e.errorDescription],
    ['read', accepted, target, 5, true, 0, undefined, 0, '']);
  assert.equal(target.toString().slice(0, 5), 'hello');
  const w = await writeOnce(accepted, buffer('xxanswer'), 2, 6);
  assert.deepEqual([w.type, w.bytesProcessed, w.success], ['write', 6, true]);
  const back = buffer('......');
  assert.equal(client.read(back, 1, 3), 3);
  assert.equal(back.toString(), '.ans..');
  assert.equal(client.read(back), 3);
});

test('asynchronous operations return 0, call back later and in order', async (t) => {
  const { client, accepted } = await pair(t);
  const story = [];
  const target = buffer(3);
  assert.equal(accepted.read(target, (e) => story.push(`r${e.bytesProcessed}`)), 0);
  assert.equal(accepted.read(buffer(3), (e) => story.push(`s${e.bytesProcessed}`)), 0);
  client.write(buffer('abcdef'), () => story.push('w'));
  story.push('after');
  while (story.length < 4) await later();
  assert.equal(story[0], 'after');
  assert.deepEqual(story.filter((s) => /[rs]/.test(s) && s !== 'after'), ['r3', 's3']);
});

test('data before the end is delivered before -1, and -1 again after it', async (t) => {
  const port = await peer(t, (socket) => socket.end('last words'));
  const client = await connected(t, port);
  let text = '';
  for (;;) {
    const target = buffer(4);
    const e = await readOnce(client, target);
    if (e.bytesProcessed === -1) {
      assert.equal(e.success, true);
      break;
    }
    text += target.toString().slice(0, e.bytesProcessed);
  }
  assert.equal(text, 'last words');
  assert.equal(client.state, CONNECTED);
  assert.equal(client.isReadable(), true);
  assert.equal(client.read(buffer(1)), -1);
  assert.equal((await readOnce(client, buffer(1))).bytesProcessed, -1);
});

test('half-close: shutdown sends the end, reading goes on', async (t) => {
  const { client, accepted } = await pair(t);
  client.shutdown();
  assert.equal((await readOnce(accepted, buffer(1))).bytesProcessed, -1);
  accepted.write(buffer('still'));
  const target = buffer(5);
  assert.equal((await readOnce(client, target)).bytesProcessed, 5);
});

test('arguments of read and write', async (t) => {
  const { client } = await pair(t);
  const b = buffer(4);
  for (const method of ['read', 'write']) {
    assert.throws(() => client[method](), { name: 'TypeError', message: 'Invalid number of arguments' });
    assert.throws(() => client[method](b, 1), { name: 'TypeError', message: 'Invalid number of arguments' });
    assert.throws(() => client[method]('text'), { name: 'TypeError', message: 'Invalid buffer argument' });
    assert.throws(() => client[method](b, '0', 1), { name: 'TypeError', message: 'Invalid offset argument' });
    assert.throws(() => client[method](b, 0, null), { name: 'TypeError', message: 'Invalid length argument' });
    assert.throws(() => client[method](b, 5, 1), RangeError);
    assert.throws(() => client[method](b, -1, 1), RangeError);
    assert.throws(() => client[method](b, 0, -1), RangeError);
    assert.equal(client[method](buffer(0)), 0);
    assert.equal(client[method](b, 4, 9), 0);
    const e = await new Promise((done) => client[method](b, 9, 1, done));
    assert.deepEqual([e.success, e.code, e.bytesProcessed], [false, -1, -1]);
  }
  assert.equal(client.write(b, 2, 100), 2, 'cut');
});

test('what throws in which state', async (t) => {
  const idle = Socket.createTCP({ host: '127.0.0.1', port: 1 });
  assert.throws(() => idle.accept({}), { message: 'Socket is not listening, unable to call accept' });
  assert.throws(() => idle.close(), { message: 'Attempt to close in invalid state: 1' });
  assert.throws(() => idle.read(buffer(1)), { name: 'StreamException', message: 'Stream is not readable' });
  assert.throws(() => idle.write(buffer(1), () => {}), { name: 'StreamException', message: 'Stream is not writable' });
  for (const bad of [{}, { host: '' , port: 5 }, { host: 'h' }, { host: 'h', port: 0 }, { host: 'h', port: 65536 }, { host: 'h', port: 'x' }]) {
    assert.throws(() => Socket.createTCP(bad).connect(), { message: 'Unable to call connect, socket must have a valid host and port' });
  }
  const { client, server } = await pair(t);
  assert.throws(() => client.connect(), { message: 'Attempt to connect with bad state: 2' });
  assert.throws(() => client.listen(), { message: 'Attempt to listen with bad state: 2' });
  assert.throws(() => server.connect(), { message: 'Attempt to connect with bad state: 4' });
  assert.throws(() => server.listen(), { message: 'Attempt to listen with bad state: 4' });
  assert.throws(() => server.read(buffer(1)), { name: 'StreamException' });
  assert.throws(() => server.accept('x'), TypeError);
  client.close();
  assert.equal(client.state, CLOSED);
  client.close(); // twice is fine
  assert.throws(() => client.read(buffer(1)), { name: 'StreamException' });
});

test('properties keep their value while in use, with a warning', async (t) => {
  const said = [];
  const { warn } = Ti.API;
  Ti.API.warn = (text) => said.push(text);
  t.after(() => { Ti.API.warn = warn; });
  const { client, server } = await pair(t);
  client.host = 'other';
  server.port = 9;
  assert.equal(client.host, '127.0.0.1');
  assert.deepEqual(said, ['Unable to set property host on socket in CONNECTED state', 'Unable to set property port on socket in LISTENING state']);
  client.error = null; // always possible
  client.close();
  client.host = 'free again';
  assert.equal(client.host, 'free again');
});

test('a refused connection is the error callback with errno', async () => {
  const socket = Socket.createTCP({ host: '127.0.0.1', port: 1 });
  const e = await new Promise((done) => {
    socket.error = done;
    socket.connect();
    assert.equal(socket.state, INITIALIZED);
    assert.throws(() => socket.connect(), { message: 'Attempt to connect with bad state: 1' });
  });
  assert.deepEqual([e.type, e.socket, e.success, e.code, e.errorCode, socket.state], ['error', socket, false, 111, 111, ERROR]);
  assert.match(e.error, /refused/i);
  assert.throws(() => socket.close(), { message: 'Attempt to close in invalid state: 16' });
  // it can be used again
  const again = await new Promise((done) => { socket.error = done; socket.connect(); });
  assert.equal(again.code, 111);
});

test('an unknown host says so', async () => {
  const socket = Socket.createTCP({ host: 'no-such-host.invalid', port: 80 });
  const e = await new Promise((done) => { socket.error = done; socket.connect(); });
  assert.equal(e.code, -1);
  assert.match(e.error, /Unable to connect, unknown host no-such-host\.invalid/);
});

test('closing while connecting is closed, not an error', async () => {
  const socket = Socket.createTCP({ host: '127.0.0.1', port: 1 });
  const story = [];
  for (const name of ['connected', 'error', 'closed']) socket[name] = (e) => story.push(e.type);
  socket.connect();
  socket.close();
  await later();
  await later();
  assert.deepEqual([story, socket.state], [['closed'], CLOSED]);
});

test('close ends each pending operation once, with ECANCELED, then closed', async (t) => {
  const { client } = await pair(t);
  const story = [];
  client.closed = (e) => story.push(e.type);
  client.error = () => story.push('error');
  client.read(buffer(1), (e) => story.push(`${e.success}${e.code}${e.bytesProcessed}`));
  client.read(buffer(1), (e) => story.push(`${e.success}${e.code}${e.bytesProcessed}`));
  client.close();
  assert.deepEqual(story, []);
  while (story.length < 3) await later();
  assert.deepEqual(story, ['false125-1', 'false125-1', 'closed']);
});

test('a reset: the operation, then the error callback', async (t) => {
  const port = await peer(t, (socket) => setTimeout(() => socket.resetAndDestroy(), 20));
  const client = await connected(t, port);
  const story = [];
  client.error = (e) => story.push(`error ${e.code} ${client.state}`);
  client.read(buffer(1), (e) => story.push(`read ${e.code} ${e.bytesProcessed}`));
  while (story.length < 2) await later();
  assert.deepEqual(story, ['read 104 -1', `error 104 ${ERROR}`]);
});

test('accept is one connection a call; the others wait', async (t) => {
  const server = Socket.createTCP({});
  const inbound = [];
  server.accepted = (e) => inbound.push(e.inbound);
  server.listen();
  assert.equal(server.host, '127.0.0.1');
  assert.ok(server.port > 0);
  t.after(() => server.close());
  server.accept({ timeout: 5, error() {} });
  const clients = [0, 1, 2].map(() => net.connect(server.port, '127.0.0.1'));
  t.after(() => clients.forEach((c) => c.destroy()));
  await Promise.all(clients.map((c) => new Promise((done) => c.once('connect', done))));
  await later();
  while (inbound.length < 1) await later();
  assert.equal(inbound.length, 1);
  assert.equal(inbound[0].timeout, 5);
  server.accept();
  while (inbound.length < 2) await later();
  await later();
  assert.equal(inbound.length, 2);
  inbound.forEach((s) => s.close());
});

test('accept called inside accepted arms the next one', async (t) => {
  const server = Socket.createTCP({ listenQueueSize: 10 });
  let n = 0;
  server.accepted = (e) => {
    n++;
    e.inbound.close();
    server.accept({});
  };
  server.listen();
  t.after(() => server.close());
  server.accept({});
  const clients = Array.from({ length: 20 }, () => net.connect(server.port, '127.0.0.1').on('error', () => {}));
  t.after(() => clients.forEach((c) => c.destroy()));
  while (n < 20) await later();
  assert.equal(n, 20);
});

test('a port in use is thrown with its errno', async (t) => {
  const server = Socket.createTCP({});
  server.listen();
  t.after(() => server.close());
  const second = Socket.createTCP({ port: server.port });
  assert.throws(() => second.listen(), { name: 'TiSocketError', code: 98 });
  assert.equal(second.state, ERROR);
  assert.throws(() => Socket.createTCP({ port: 70000 }).listen(), RangeError);
});

test('IPv6, dual stack and plain IPv4 text of mapped peers', async (t) => {
  const server = Socket.createTCP({ host: 'INADDR_ANY' });
  const hosts = [];
  server.accepted = (e) => {
    hosts.push(e.inbound.host);
    e.inbound.close();
    server.accept({});
  };
  server.listen();
  server.accept({});
  t.after(() => server.close());
  for (const host of ['127.0.0.1', '::1', '[::1]', 'localhost']) {
    const client = Socket.createTCP({ host, port: server.port });
    await new Promise((done, fail) => { client.connected = done; client.error = (e) => fail(new Error(`${host}: ${e.error}`)); client.connect(); });
    client.close();
  }
  while (hosts.length < 4) await later();
  assert.deepEqual(hosts.slice(0, 3), ['127.0.0.1', '::1', '::1']);
});

test('a megabyte to a slow reader arrives whole; drain is called', async (t) => {
  const { client, accepted } = await pair(t);
  const data = Ti.createBuffer({ length: 8 * 1024 * 1024 });
  for (let i = 0; i < data.length; i += 4096) data._bytes[i] = i >> 12;
  let drained = 0;
  client.drain = () => drained++;
  const written = writeOnce(client, data);
  assert.ok(client.writableLength > 0);
  let got = 0;
  while (got < data.length) {
    const part = buffer(65536);
    const e = await readOnce(accepted, part);
    assert.ok(Buffer.compare(part._bytes.subarray(0, e.bytesProcessed), data._bytes.subarray(got, got + e.bytesProcessed)) === 0);
    got += e.bytesProcessed;
  }
  assert.equal((await written).bytesProcessed, data.length);
  assert.equal(drained, 1);
  assert.equal(client.writableLength, 0);
});

test('a writer far ahead of its reader is told to wait', async (t) => {
  const { client } = await pair(t);
  const part = buffer(4 * 1024 * 1024);
  const outcomes = [];
  for (let i = 0; i < 12; i++) client.write(part, (e) => outcomes.push(e.code));
  assert.ok(client.writableLength <= 20 * 1024 * 1024, String(client.writableLength));
  while (!outcomes.includes(105)) await later();
  client.close();
});

test('the buffer may be changed after write', async (t) => {
  const { client, accepted } = await pair(t);
  const b = buffer('first');
  client.write(b, () => {});
  b.fill(0x78);
  const target = buffer(5);
  await readOnce(accepted, target);
  assert.equal(target.toString(), 'first');
});

test('a Unix-domain path', async (t) => {
  const name = path.join(home, 'sock');
  const server = Socket.createTCP({ path: name });
  const inbound = new Promise((done) => { server.accepted = (e) => done(e.inbound); });
  server.listen();
  server.accept();
  const client = Socket.createTCP({ path: name });
  await new Promise((done, fail) => { client.connected = done; client.error = (e) => fail(new Error(e.error)); client.connect(); });
  client.write(buffer('unix'));
  const target = buffer(4);
  await readOnce(await inbound, target);
  assert.equal(target.toString(), 'unix');
  client.close();
  (await inbound).close();
  server.close();
  assert.equal(fs.existsSync(name), false);
});

test('TLS on both sides, verified by default', async (t) => {
  const file = (kind) => path.join(home, `tls.${kind}`);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key'), '-out', file('crt')], { stdio: 'pipe' });
  const cert = fs.readFileSync(file('crt'), 'utf8');
  const key = fs.readFileSync(file('key'), 'utf8');
  const { client, accepted } = await pair(t, {
    server: { tls: { cert, key, alpn: 'chat' } },
    client: { host: 'localhost', tls: { ca: file('crt'), alpn: ['talk', 'chat'] } },
  });
  client.write(buffer('secret'));
  const target = buffer(6);
  await readOnce(accepted, target);
  assert.equal(target.toString(), 'secret');
  assert.equal(client.info.alpn, 'chat');
  assert.match(client.info.tlsVersion, /TLSv1\.[23]/);
  // Node's own client understands it, and an unknown authority is refused
  const server = Socket.createTCP({ tls: { cert, key } });
  server.accepted = (e) => e.inbound.write(buffer('hi'), () => {});
  server.listen();
  server.accept();
  t.after(() => server.close());
  const text = await new Promise((done, fail) => {
    const client = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: cert }).on('error', fail);
    client.once('data', (d) => {
      client.destroy();
      done(String(d));
    });
  });
  assert.equal(text, 'hi');
  server.accept();
  const stranger = Socket.createTCP({ host: 'localhost', port: server.port, secure: true });
  const e = await new Promise((done) => { stranger.error = done; stranger.connect(); });
  assert.equal(e.reason, 'TINET_ECERTIFICATE');
  assert.equal(stranger.state, ERROR);
  // the same story as a request's
  const client2 = Ti.Network.createHTTPClient();
  server.accept();
  const told = await new Promise((done) => {
    client2.onerror = done;
    client2.open('GET', `https://localhost:${server.port}/`);
    client2.send();
  });
  assert.deepEqual([e.tls.reason, e.tls.subject, e.tls.depth, e.error], [told.tls.reason, told.tls.subject, told.tls.depth, told.error]);
});

test('keepAlive and noDelay, before and after the connection stands', async (t) => {
  const { client, accepted } = await pair(t, { client: { keepAlive: true, noDelay: false } });
  const hex = (port) => port.toString(16).toUpperCase().padStart(4, '0');
  // The kernel's timer of a connection: 02 is that of keep-alive.
  const timer = (socket) => fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .find((w) => w[1] === `0100007F:${hex(socket.info.localPort)}` && w[2] === `0100007F:${hex(socket.info.peerPort)}`)[5].slice(0, 2);
  assert.deepEqual([timer(client), timer(accepted)], ['02', '00']);
  accepted.keepAlive = 5;
  client.keepAlive = 0;
  assert.deepEqual([timer(client), timer(accepted), client.noDelay, accepted.keepAlive], ['00', '02', false, 5]);
  client.noDelay = true;
  client.write(buffer('x'));
});

test('a mistake in tls is no connection without TLS', () => {
  for (const wrong of [true, 'yes', 1, {}, { cert: 'x' }, { cert: 'x', key: 5 }, { cert: 'x', key: 'y', alpn: [5] }]) {
    const server = Socket.createTCP({ host: '127.0.0.1', tls: wrong });
    assert.throws(() => server.listen(), { name: 'TypeError', code: -1 }, JSON.stringify(wrong));
    assert.equal(server.state, INITIALIZED);
  }
  assert.throws(() => Socket.createTCP({ tls: { cert: 'x', key: 'y' } }).listen(), { name: 'TiSocketError' });
  for (const wrong of ['yes', 1, { ca: 5 }, { serverName: {} }, { alpn: [5] }, { securityManager: {} }]) {
    const client = Socket.createTCP({ host: '127.0.0.1', port: 1, tls: wrong });
    assert.throws(() => client.connect(), { name: 'TypeError', code: -1 }, JSON.stringify(wrong));
    assert.equal(client.state, INITIALIZED);
  }
});

test('a file of authorities that is not there is the error callback', async () => {
  const client = Socket.createTCP({ host: '127.0.0.1', port: 1, tls: { ca: '/no/such/file' } });
  const e = await new Promise((done) => { client.error = done; client.connect(); });
  assert.deepEqual([e.success, client.state], [false, ERROR]);
  assert.doesNotMatch(e.error, /unknown host/);
});

test('an idle socket is collected and keeps nothing running', () => {
  const lib = path.resolve(__dirname, '..', '..', 'bindings', 'node', 'lib', 'index.js');
  const script = `
    const { Network } = require(${JSON.stringify(lib)});
    const net = require('net');
    const server = net.createServer((s) => s.on('close', () => { console.log('gone'); server.close(); }).on('error', () => {}).resume()).listen(0, () => {
      let c = Network.Socket.createTCP({ host: '127.0.0.1', port: server.address().port, connected() {
        c = null;
        const timer = setInterval(() => global.gc(), 5);
        server.on('close', () => clearInterval(timer));
      } });
      c.connect();
    });`;
  assert.equal(execFileSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8', timeout: 20000 }), 'gone\n');
});
