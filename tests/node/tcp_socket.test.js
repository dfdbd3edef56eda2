'use strict';
// tcp_socket.test.js - the legacy Titanium.Network.TCPSocket.

const test = require('node:test');
const assert = require('node:assert/strict');
const net = require('node:net');
const { Ti } = require('./support');

const { Network } = Ti;
const { READ_MODE, WRITE_MODE, READ_WRITE_MODE } = Network;
const pause = () => new Promise((done) => setTimeout(done, 2));

function watched(t, ...args) {
  const socket = Network.createTCPSocket(...args);
  socket.events = [];
  for (const name of ['read', 'readError', 'writeError', 'connection', 'close']) socket.addEventListener(name, (e) => socket.events.push(e));
  t.after(() => { if (socket.isValid) socket.close(); });
  return socket;
}

async function event(socket, type) {
  for (;;) {
    const at = socket.events.findIndex((e) => e.type === type);
    if (at >= 0) return socket.events.splice(at, 1)[0];
    await pause();
  }
}

// Everything that was read so far, and `n` bytes of it.
async function text(socket, n) {
  let all = '';
  while (all.length < n) all += (await event(socket, 'read')).data.text;
  return all;
}

async function listening(t, more) {
  const server = watched(t, { hostName: '127.0.0.1', port: 0, ...more });
  server.listen();
  return server;
}

test('both forms of creation', (t) => {
  const one = watched(t, { hostName: 'h', port: 5, mode: READ_MODE, stripTerminator: true });
  assert.deepEqual([one.apiName, one.hostName, one.host, one.port, one.mode, one.stripTerminator, one.isValid, one.state],
    ['Ti.Network.TCPSocket', 'h', 'h', 5, 1, true, false, 1]);
  const two = watched(t, 'h', 6, WRITE_MODE, { stripTerminator: true });
  assert.deepEqual([two.hostName, two.port, two.mode, two.stripTerminator], ['h', 6, 2, true]);
  assert.equal(watched(t, 'h').mode, READ_WRITE_MODE);
  for (const mode of [0, 4, '1', null]) {
    assert.throws(() => watched(t, { mode }), { name: 'Value passed to function exceeds allowed range', message: 'Invalid socket mode' });
  }
});

test('a listener talks to everybody, and to one', async (t) => {
  const server = await listening(t);
  assert.ok(server.port > 0);
  assert.equal(server.isValid, true);
  const clients = [watched(t, '127.0.0.1', server.port), watched(t, '127.0.0.1', server.port)];
  clients.forEach((c) => c.connect());
  const references = [(await event(server, 'connection')).from, (await event(server, 'connection')).from];
  assert.notEqual(references[0], references[1]);
  clients[0].write('to the server');
  const e = await event(server, 'read');
  assert.deepEqual([e.type, e.source, e.data.apiName, e.data.text], ['read', server, 'Ti.Blob', 'to the server\0']);
  assert.ok(references.includes(e.from));
  server.write('everybody');
  for (const c of clients) assert.equal(await text(c, 10), 'everybody\0');
  server.write('only you', e.from);
  assert.equal(await text(clients[0], 9), 'only you\0');
  assert.deepEqual(clients[1].events, []);
  assert.throws(() => server.write('x', 999), { message: 'Invalid socket descriptor (999)' });
});

test('strings end with NUL unless stripped, Blobs never; beyond ASCII is whole', async (t) => {
  const got = [];
  const port = await new Promise((done) => {
    const server = net.createServer((s) => s.on('data', (d) => got.push(d)).on('error', () => {})).listen(0, '127.0.0.1', () => done(server.address().port));
    t.after(() => server.close());
  });
  const socket = watched(t, '127.0.0.1', port);
  socket.connect();
  assert.equal(socket.isValid, true);
  assert.equal(socket.state, 2);
  socket.write('\u00e9\u20ac');
  socket.stripTerminator = true;
  socket.write('plain');
  socket.write(Ti.createBuffer({ value: 'blob' }).toBlob());
  const want = Buffer.from('\u00e9\u20ac\0plainblob');
  while (Buffer.concat(got).length < want.length) await pause();
  assert.deepEqual(Buffer.concat(got), want);
  for (const [wrong, was] of [[5, 'number'], [null, 'null'], [{}, 'object']]) {
    assert.throws(() => socket.write(wrong), { name: 'Invalid type passed to function', message: `expected: TiBlob or NSString, was: ${was}` });
  }
});

test('exceptions and their order', async (t) => {
  const idle = watched(t, { port: 5 });
  assert.throws(() => idle.listen(), { message: 'Host is null' });
  assert.throws(() => idle.connect(), { message: 'Host is null' });
  assert.throws(() => idle.close(), { message: 'Socket is not open' });
  assert.throws(() => idle.write('x'), { message: 'Socket is invalid' });
  idle.mode = READ_MODE;
  assert.throws(() => idle.write('x'), { message: 'Socket does not support writing' });
  const server = await listening(t);
  assert.throws(() => server.listen(), { message: 'Socket already opened' });
  assert.throws(() => server.connect(), { message: 'Socket already opened' });
  assert.throws(() => watched(t, '127.0.0.1', server.port).listen(), { message: `Failed to listen on 127.0.0.1:${server.port}: 98`, code: 98 });
  assert.throws(() => watched(t, 'no-such-host.invalid', 5).connect(), { message: /^Couldn't resolve host no-such-host\.invalid: [12]$/ });
  assert.throws(() => watched(t, 'no-such-host.invalid', 5).listen(), { message: /^Couldn't resolve host no-such-host\.invalid: [12]$/ });
  assert.throws(() => watched(t, '127.0.0.1', 70000).listen(), { message: 'Failed to listen on 127.0.0.1:70000: 22', code: 22 });
  server.write('nobody is there'); // silently nothing
  server.close();
  assert.equal(server.isValid, false);
  server.listen(); // and again
});

test('a refused connection is one event of the mode, on the next turn', async (t) => {
  for (const [mode, type] of [[READ_MODE, 'readError'], [READ_WRITE_MODE, 'readError'], [WRITE_MODE, 'writeError']]) {
    const socket = watched(t, '127.0.0.1', 1, mode);
    socket.connect();
    assert.deepEqual([socket.events.length, socket.isValid], [0, false]);
    const e = await event(socket, type);
    assert.deepEqual([e.success, e.code], [false, 111]);
    assert.match(e.error, /refused/i);
    await pause();
    assert.deepEqual(socket.events, []);
  }
});

test('a writer reads nothing but notices the end', async (t) => {
  const server = await listening(t);
  const socket = watched(t, '127.0.0.1', server.port, WRITE_MODE);
  socket.connect();
  await event(server, 'connection');
  server.write('ignored');
  socket.write('heard');
  assert.equal(await text(server, 6), 'heard\0');
  server.close();
  await event(socket, 'close');
  assert.equal(socket.events.filter((e) => e.type === 'read').length, 0);
  assert.equal(socket.isValid, true, 'until close()');
  socket.write('to nobody');
  assert.equal((await event(socket, 'writeError')).code, 32);
});

test('references are never used again', async (t) => {
  const server = await listening(t);
  const seen = new Set();
  for (let i = 0; i < 5; i++) {
    const client = net.connect(server.port, '127.0.0.1').on('error', () => {});
    const { from } = await event(server, 'connection');
    assert.ok(!seen.has(from));
    seen.add(from);
    client.destroy();
    assert.equal((await event(server, 'close')).from, from);
    assert.throws(() => server.write('x', from), /Invalid socket descriptor/);
  }
});

test('IPv6 and INADDR_ANY', async (t) => {
  const server = await listening(t, { hostName: Network.INADDR_ANY });
  for (const host of ['::1', '127.0.0.1', 'INADDR_ANY']) {
    const client = watched(t, host, server.port);
    client.connect();
    assert.equal(client.isValid, true, host);
    client.write(host);
    assert.equal(await text(server, host.length + 1), `${host}\0`);
  }
});

test('much data arrives whole', async (t) => {
  const server = await listening(t);
  const client = watched(t, '127.0.0.1', server.port);
  client.connect();
  const data = 'x'.repeat(1000);
  for (let i = 0; i < 2000; i++) client.write(data);
  let total = 0;
  while (total < 2000 * 1001) total += (await event(server, 'read')).data.length;
  assert.equal(total, 2000 * 1001);
});

test('connecting has a deadline', async (t) => {
  const full = Network.Socket.createTCP({ host: '127.0.0.1', listenQueueSize: 1 });
  full.listen(); // and accepts nobody
  const waiting = [1, 2, 3].map(() => net.connect(full.port, '127.0.0.1').on('error', () => {}));
  t.after(() => {
    waiting.forEach((s) => s.destroy());
    full.close();
  });
  await pause();
  const socket = watched(t, { hostName: '127.0.0.1', port: full.port, timeout: 100 });
  const start = Date.now();
  socket.connect();
  assert.ok(Date.now() - start >= 95);
  assert.deepEqual([socket.isValid, (await event(socket, 'readError')).code], [false, 110]);
});

test('a name is tried at all its addresses', async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  t.after(() => server.close());
  const socket = watched(t, 'localhost', server.address().port); // ::1 refuses
  socket.connect();
  assert.equal(socket.isValid, true);
});

test('a listener forgets a connection that broke', async (t) => {
  const server = await listening(t);
  const peer = net.connect(server.port, '127.0.0.1').on('error', () => {});
  const { from } = await event(server, 'connection');
  peer.resetAndDestroy();
  assert.deepEqual([(await event(server, 'readError')).code, server.isValid], [104, true]);
  assert.throws(() => server.write('x', from), { message: `Invalid socket descriptor (${from})` });
  server.write('x'); // nobody is there
});

test('what breaks while sending is a writeError', async (t) => {
  const broken = net.createServer((c) => c.resetAndDestroy()).listen(0, '127.0.0.1');
  await new Promise((done) => broken.once('listening', done));
  t.after(() => broken.close());
  const socket = watched(t, '127.0.0.1', broken.address().port, WRITE_MODE);
  socket.connect();
  for (let i = 0; i < 200 && socket.events.length === 0; i++) {
    socket.write('x');
    await pause();
  }
  assert.ok([32, 104].includes((await event(socket, 'writeError')).code));
});
