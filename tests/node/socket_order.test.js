'use strict';
// socket_order.test.js - Titanium.Network.Socket.TCP when reads, writes, errors and
// close meet: nothing is lost, everything ends once, in the order of the calls.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const { Ti, lib } = require('./support');

const { Socket } = Ti.Network;
const { CONNECTED, ERROR } = Socket;
const MiB = 1 << 20;

const buffer = (value) => Ti.createBuffer(typeof value === 'number' ? { length: value } : { value });

async function until(isSo, what) {
  for (let i = 0; i < 2000 && !isSo(); i++) await new Promise((done) => setTimeout(done, 5));
  assert.ok(isSo(), what);
}

// A Socket.TCP and the node:net socket that it is connected to.
async function withPeer(t, properties) {
  const server = net.createServer({ allowHalfOpen: true });
  const came = new Promise((done) => server.once('connection', done));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const client = Socket.createTCP({ host: '127.0.0.1', port: server.address().port, ...properties });
  await new Promise((done, fail) => {
    client.connected = done;
    client.error = fail;
    client.connect();
  });
  client.error = undefined;
  const peer = await came;
  peer.on('error', () => {});
  t.after(() => {
    if (client.state === CONNECTED) client.close();
    peer.destroy();
    server.close();
  });
  return { client, peer };
}

test('a waiting read comes after those that were asked for before it', async (t) => {
  const { client, peer } = await withPeer(t);
  const story = [];
  const [a, b, c] = [buffer(3), buffer(3), buffer(3)];
  peer.write('abcdefghi');
  for (const [name, target] of [['a', a], ['b', b]]) {
    client.read(target, (e) => story.push(`${name} ${e.bytesProcessed} ${target}`));
  }
  assert.equal(client.read(c), 3);
  story.push(`c ${c}`);
  await until(() => story.length === 3);
  assert.deepEqual(story, ['c ghi', 'a 3 abc', 'b 3 def']);
});

test('at the end each pending read gets -1, and the waiting one too', async (t) => {
  const { client, peer } = await withPeer(t);
  const ends = [];
  for (let i = 0; i < 3; i++) client.read(buffer(3), (e) => ends.push([e.bytesProcessed, e.success]));
  await new Promise((done) => peer.end(done));
  assert.equal(client.read(buffer(3)), -1);
  assert.equal(client.read(buffer(3)), -1);
  await until(() => ends.length === 3);
  assert.deepEqual(ends, [[-1, true], [-1, true], [-1, true]]);
  assert.equal(client.state, CONNECTED);
});

test('a waiting read has a deadline, and loses nothing by it', async (t) => {
  const { client, peer } = await withPeer(t, { blockingTimeout: 50 });
  const first = buffer(2);
  const told = new Promise((done) => client.read(first, done));
  assert.throws(() => client.read(buffer(5)), { name: 'TiSocketError', message: 'Read operation timed out', code: 110 });
  assert.equal(client.state, CONNECTED);
  peer.write('late');
  assert.equal((await told).bytesProcessed, 2);
  assert.equal(first.toString(), 'la');
  const rest = buffer(5);
  assert.equal(client.read(rest), 2);
  assert.equal(rest.toString().slice(0, 2), 'te');
});

test('a waiting write has a deadline: the exception, ERROR, then the error callback', async (t) => {
  for (const properties of [{ timeout: 50 }, { blockingTimeout: 50 }]) {
    const { client, peer } = await withPeer(t, properties);
    peer.pause();
    const told = new Promise((done) => { client.error = done; });
    assert.throws(() => client.write(buffer(64 * MiB)), { name: 'TiSocketError', message: 'Write operation timed out', code: 110 });
    assert.equal(client.state, ERROR);
    const e = await told;
    assert.deepEqual([e.code, e.errorCode, e.error, e.success], [110, 110, 'Write operation timed out', false]);
  }
});

test('a waiting write comes after what is queued, however much that is', async (t) => {
  // The peer must run while this thread waits: it is a process of its own.
  const script = "const s = require('net').createServer((c) => { let n = 0; c.on('data', (d) => { n += d.length; }); c.on('end', () => { console.log(n); process.exit(); }); }).listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const child = require('node:child_process').spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  const lines = [];
  child.stdout.on('data', (data) => lines.push(...String(data).trim().split('\n')));
  await until(() => lines.length === 1, 'the other process listens');
  const writer = Socket.createTCP({ host: '127.0.0.1', port: Number(lines[0]) });
  await new Promise((done) => {
    writer.connected = done;
    writer.connect();
  });
  const told = [];
  writer.write(buffer(15 * MiB), (e) => told.push(e.bytesProcessed));
  assert.equal(writer.write(buffer(10 * MiB)), 10 * MiB);
  assert.equal(writer.writableLength, 0);
  await until(() => told.length === 1);
  writer.close();
  await until(() => lines.length === 2, 'the other process has got the end');
  assert.deepEqual([told, Number(lines[1])], [[15 * MiB], 25 * MiB]);
});

test('callbacks of writes come in the order of the calls, empty ones too', async (t) => {
  const { client, peer } = await withPeer(t);
  const story = [];
  peer.resume();
  client.write(buffer('x'), () => story.push('small'));
  client.write(buffer(12 * MiB), () => story.push('big'));
  client.write(buffer(0), () => story.push('empty'));
  client.write(buffer('x'), () => story.push('last'));
  client.drain = () => story.push('drain');
  await until(() => story.includes('drain'));
  assert.deepEqual(story, ['small', 'big', 'empty', 'last', 'drain']);
});

test('close loses nothing of a write that has ended, though data came that nobody reads', async (t) => {
  const { client, peer } = await withPeer(t);
  let nGot = 0;
  let ended = null;
  peer.pause();
  peer.write(Buffer.alloc(100000));
  peer.on('data', (data) => { nGot += data.length; });
  peer.on('end', () => { ended = 'end'; peer.end(); });
  peer.on('error', (error) => { ended = error.code; });
  const e = await new Promise((done) => client.write(buffer(500000), done));
  assert.equal(e.bytesProcessed, 500000);
  client.close();
  peer.write('and more');
  setTimeout(() => peer.resume(), 50);
  await until(() => ended !== null);
  assert.deepEqual([ended, nGot], ['end', 500000]);
});

test('close drops what is queued, and each operation says so', async (t) => {
  const { client, peer } = await withPeer(t);
  const told = [];
  let nGot = 0;
  peer.pause();
  peer.on('data', (data) => { nGot += data.length; });
  const inKernel = await new Promise((done) => client.write(buffer('first'), done));
  assert.equal(inKernel.success, true);
  for (let i = 0; i < 2; i++) client.write(buffer(8 * MiB), (e) => told.push([e.bytesProcessed, e.success, e.code, e.error, e.errorState]));
  const queued = client.writableLength;
  assert.ok(queued > 0);
  client.closed = () => told.push('closed');
  client.close();
  const ended = new Promise((done) => peer.once('end', done));
  peer.resume();
  await ended;
  assert.deepEqual(told, [[-1, false, 125, 'Operation canceled', 125], [-1, false, 125, 'Operation canceled', 125], 'closed']);
  assert.equal(nGot, 5 + 16 * MiB - queued);
});

test('what came before a reset is read before the error', async (t) => {
  const { client, peer } = await withPeer(t);
  const story = [];
  const target = buffer(2);
  client.error = (e) => story.push(`error ${e.code}`);
  await new Promise((done) => client.write(buffer('the peer does not read this'), done));
  peer.pause();
  await new Promise((done) => peer.write('abcdef', done));
  peer.resetAndDestroy();
  const onRead = (e) => {
    story.push(e.success ? target.toString() : `read ${e.code}`);
    if (e.success && e.bytesProcessed > 0) client.read(target, onRead);
  };
  client.write(buffer('x'), (e) => story.push(`write ${e.bytesProcessed}`)); // of a lost connection
  client.read(target, onRead);
  await until(() => story.some((line) => line.startsWith('error')));
  await new Promise((done) => setTimeout(done, 20));
  assert.match(story.at(-1), /^error (32|104)$/);
  assert.equal(story.filter((line) => line.startsWith('error')).length, 1);
  assert.equal(client.state, ERROR);
});

test('a write on a lost connection does not succeed, in either form', async (t) => {
  for (const isWaiting of [false, true]) {
    const { client, peer } = await withPeer(t);
    const errors = [];
    client.error = (e) => errors.push(e.code);
    peer.resetAndDestroy();
    await new Promise((done) => peer.once('close', done));
    if (isWaiting) {
      assert.throws(() => client.write(buffer('x')), (e) => e.name === 'TiSocketError' && [32, 104].includes(e.code) && e.message.length > 5);
      assert.equal(client.state, ERROR);
    } else {
      const e = await new Promise((done) => client.write(buffer('x'), done));
      assert.deepEqual([e.success, e.bytesProcessed], [false, -1]);
    }
    await until(() => errors.length === 1);
    assert.throws(() => client.write(buffer('x')), { name: 'StreamException', message: 'Stream is not writable' });
    assert.throws(() => client.close(), { message: 'Attempt to close in invalid state: 16' });
  }
});

test('after shutdown nothing can be written, and the connection stands', async (t) => {
  const { client, peer } = await withPeer(t);
  client.shutdown();
  assert.equal(client.isWritable(), false);
  assert.throws(() => client.write(buffer('x')), { message: 'Stream is not writable' });
  assert.throws(() => client.shutdown(), { message: 'Stream is not writable' });
  assert.equal(client.state, CONNECTED);
  await new Promise((done) => peer.end('answer', done));
  const target = buffer(10);
  assert.equal(client.read(target), 6);
  assert.equal(client.read(target), -1);
});

test('an exception in one callback keeps no other from coming', () => {
  const script = `
    const Ti = require(${JSON.stringify(lib)});
    const story = [];
    process.on('uncaughtException', (e) => story.push(e.message));
    const server = require('net').createServer((c) => { c.on('error', () => {}); setTimeout(() => c.resetAndDestroy(), 20); server.close(); });
    server.listen(0, '127.0.0.1', () => {
      const client = Ti.Network.Socket.createTCP({ host: '127.0.0.1', port: server.address().port });
      const fail = (text) => () => { story.push('called ' + text); throw new Error(text); };
      client.connected = () => {
        client.read(Ti.createBuffer({ length: 1 }), fail('one'));
        client.read(Ti.createBuffer({ length: 1 }), fail('two'));
      };
      client.error = fail('three');
      client.connect();
    });
    process.on('exit', () => console.log(story.join()));`;
  const out = execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.equal(out.trim(), 'called one,called two,called three,one,two,three');
});

test('the C library says what is wrong, in both places', async () => {
  const taken = net.createServer();
  await new Promise((done) => taken.listen(0, '127.0.0.1', done));
  const { port } = taken.address();
  assert.throws(() => Socket.createTCP({ host: '127.0.0.1', port }).listen(), { name: 'TiSocketError', message: 'Address already in use', code: 98 });
  await new Promise((done) => taken.close(done));
  const e = await new Promise((error) => Socket.createTCP({ host: '127.0.0.1', port, error }).connect());
  assert.deepEqual([e.error, e.code, e.errorCode], ['Connection refused', 111, 111]);
});

test('exceptions have a code, and read-only properties in a dictionary are ignored', () => {
  const socket = Socket.createTCP({ state: 8, host: 'x', more: 1 });
  assert.deepEqual([socket.state, socket.host, socket.more, socket.secure], [1, 'x', 1, false]);
  assert.throws(() => socket.read(), { name: 'TypeError', message: 'Invalid number of arguments', code: -1 });
  assert.throws(() => { socket.port = 65536; socket.listen(); }, { name: 'RangeError', code: -1 });
});

test('127.0.0.1 listens there only, no host on both loopback addresses', async (t) => {
  const canReach = (port) => new Promise((done) => {
    net.connect(port, '::1').on('connect', function () { this.destroy(); done(true); }).on('error', () => done(false));
  });
  const plain = Socket.createTCP({ host: '127.0.0.1' });
  const both = Socket.createTCP();
  [plain, both].forEach((s) => s.listen());
  t.after(() => [plain, both].forEach((s) => s.close()));
  assert.equal(both.host, '127.0.0.1');
  assert.deepEqual([await canReach(plain.port), await canReach(both.port)], [false, true]);
});

test('peers that say nothing or nonsense do not keep others from a server with TLS', async (t) => {
  const dir = require('node:fs').mkdtempSync(path.join(require('node:os').tmpdir(), 'tinet-tls-'));
  t.after(() => require('node:fs').rmSync(dir, { recursive: true }));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', path.join(dir, 'key'), '-out', path.join(dir, 'cert')]);
  assert.equal(made.status, 0, String(made.stderr));
  const [key, cert] = ['key', 'cert'].map((name) => require('node:fs').readFileSync(path.join(dir, name), 'utf8'));
  const server = Socket.createTCP({ host: '127.0.0.1', tls: { cert, key } });
  const arrivals = [];
  server.accepted = (e) => arrivals.push(e.inbound);
  server.listen();
  server.accept();
  const silent = net.connect(server.port, '127.0.0.1');
  const nonsense = net.connect(server.port, '127.0.0.1');
  nonsense.on('error', () => {}).end('GET / HTTP/1.0\r\n\r\n');
  await new Promise((done) => silent.once('connect', done));
  const good = [0, 1].map(() => tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: cert }));
  t.after(() => {
    [silent, nonsense, ...good].forEach((s) => s.destroy());
    [...arrivals, server].forEach((s) => s.close());
  });
  await until(() => arrivals.length === 1);
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(arrivals.length, 1); // one call, one connection
  server.accept();
  await until(() => arrivals.length === 2);
  const target = buffer(10);
  const told = new Promise((done) => arrivals[1].read(target, done));
  good.forEach((s) => s.write('hello'));
  assert.equal((await told).bytesProcessed, 5);
});
