'use strict';
// socket_udp.test.js - Titanium.Network.Socket.UDP, in both documented forms.

const test = require('node:test');
const assert = require('node:assert/strict');
const dgram = require('node:dgram');
const { Ti } = require('./support');

const { Socket } = Ti.Network;
const later = () => new Promise((done) => setImmediate(done));

// A socket with its events in a list.
function watched(t) {
  const socket = Socket.createUDP();
  socket.events = [];
  for (const name of ['started', 'data', 'error']) socket[name] = (e) => socket.events.push(e);
  t.after(() => socket.stop());
  return socket;
}

async function started(t, ...args) {
  const socket = watched(t);
  socket.start(...args);
  assert.deepEqual(socket.events, [], 'never inside start');
  await event(socket, 'started');
  return socket;
}

async function event(socket, type) {
  for (;;) {
    const at = socket.events.findIndex((e) => e.type === type);
    if (at >= 0) return socket.events.splice(at, 1)[0];
    await new Promise((done) => setTimeout(done, 2));
  }
}

function peer(t) {
  return new Promise((done) => {
    const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => done(socket));
    socket.got = [];
    socket.on('message', (message, from) => socket.got.push([String(message), from.port]));
    t.after(() => socket.close());
  });
}

async function received(socket, n) {
  while (socket.got.length < n) await new Promise((done) => setTimeout(done, 2));
  return socket.got;
}

test('a socket says where it is', async (t) => {
  const socket = Socket.createUDP({ own: 1 });
  assert.deepEqual([socket.apiName, socket.port, socket.own], ['Ti.Network.Socket.UDP', 0, 1]);
  const e = await new Promise((done) => {
    socket.onstarted = done;
    socket.start(0, '127.0.0.1');
  });
  t.after(() => socket.stop());
  assert.deepEqual([e.type, e.source, e.socket, e.address], ['started', socket, socket, '127.0.0.1']);
  assert.ok(e.port > 0);
  assert.equal(socket.getPort(), e.port);
  assert.throws(() => socket.start(0), { message: 'Invalid socket state' });
});

test('the positional form: text both ways, bytes as a Blob', async (t) => {
  const other = await peer(t);
  const socket = await started(t, 0, '127.0.0.1');
  socket.sendString(other.address().port, '127.0.0.1', 'h\u00e9llo');
  assert.deepEqual(await received(other, 1), [['h\u00e9llo', socket.port]]);
  other.send('answer', socket.port, '127.0.0.1');
  const e = await event(socket, 'data');
  assert.deepEqual([e.stringData, e.bytesData.apiName, e.bytesData.text, e.address, e.port, e.truncated],
    ['answer', 'Ti.Blob', 'answer', '127.0.0.1', other.address().port, undefined]);
  other.send('', socket.port, '127.0.0.1');
  const empty = await event(socket, 'data');
  assert.deepEqual([empty.stringData, empty.bytesData], ['', null]);
});

test('the dictionary form: bytes as an array, events too', async (t) => {
  const other = await peer(t);
  const socket = await started(t, { port: 0, host: '127.0.0.1' });
  const heard = [];
  socket.addEventListener('data', (e) => heard.push(e.stringData));
  socket.sendBytes({ data: [104, 105], host: '127.0.0.1', port: other.address().port });
  assert.deepEqual((await received(other, 1))[0][0], 'hi');
  other.send(Buffer.from([1, 255]), socket.port, '127.0.0.1');
  const e = await event(socket, 'data');
  assert.deepEqual(e.bytesData, [1, 255]);
  assert.equal(heard.length, 1);
});

test('what can be sent, and in which order it leaves', async (t) => {
  const other = await peer(t);
  const { port } = other.address();
  const socket = await started(t, 0, '127.0.0.1');
  const buffer = Ti.createBuffer({ value: 'buffer' });
  const outcomes = [];
  socket.sendString(port, 'localhost', 'by name'); // looked up; the next ones wait for it
  socket.sendBytes(port, '127.0.0.1', buffer, (e) => outcomes.push([e.success, e.bytesProcessed]));
  buffer.fill(0);
  socket.sendBytes(port, '127.0.0.1', buffer.toBlob ? Ti.createBuffer({ value: 'blob' }).toBlob() : null);
  socket.sendBytes(port, '127.0.0.1', new Uint8Array([97, 98]));
  socket.sendString(port, '127.0.0.1', 5);
  const got = await received(other, 5);
  assert.deepEqual(got.map(([text]) => text), ['by name', 'buffer', 'blob', 'ab', '5']);
  assert.deepEqual(outcomes, [[true, 6]]);
});

test('sending before start works, and start after it', async (t) => {
  const other = await peer(t);
  const socket = Socket.createUDP();
  socket.sendString(other.address().port, '127.0.0.1', 'early');
  assert.equal((await received(other, 1))[0][0], 'early');
  const e = await new Promise((done) => {
    socket.started = done;
    socket.start({ host: '127.0.0.1' });
  });
  assert.ok(e.port > 0);
  socket.stop();
  socket.stop();
  const again = await new Promise((done) => {
    socket.started = done;
    socket.start(e.port, '127.0.0.1');
  });
  assert.equal(again.port, e.port);
  socket.stop();
});

test('wrong arguments', async (t) => {
  const socket = await started(t, 0, '127.0.0.1');
  assert.throws(() => socket.sendString(), { message: 'Missing argument' });
  assert.throws(() => socket.sendString({ host: 'x', port: 1 }), { message: 'Missing argument' });
  assert.throws(() => socket.sendString(0, '127.0.0.1', 'x'), RangeError);
  assert.throws(() => socket.sendString(70000, '127.0.0.1', 'x'), RangeError);
  assert.throws(() => socket.sendString(5, '', 'x'), RangeError);
  assert.throws(() => socket.sendBytes(5, '127.0.0.1', 'text'), TypeError);
  assert.throws(() => Socket.createUDP().start('x'), TypeError);
  assert.throws(() => Socket.createUDP().start(0, 5), TypeError);
  assert.throws(() => Socket.createUDP().start(70000), RangeError);
  assert.throws(() => Socket.createUDP('x'), TypeError);
});

test('a port in use is the error event, with its errno', async (t) => {
  const socket = await started(t, 0, '127.0.0.1');
  const second = Socket.createUDP();
  const e = await new Promise((done) => {
    second.error = done;
    second.start(socket.port, '127.0.0.1');
  });
  assert.deepEqual([e.success, e.code, e.errorCode, e.type], [false, 98, 98, 'error']);
  // it was not started, so it may be
  await new Promise((done) => {
    second.started = done;
    second.start(0, '127.0.0.1');
  });
  second.stop();
});

test('a datagram that is too long, and the longest', async (t) => {
  const other = await started(t, 0, '127.0.0.1');
  const socket = await started(t, 0, '127.0.0.1');
  socket.sendBytes(other.port, '127.0.0.1', new Uint8Array(65508));
  const e = await event(socket, 'error');
  assert.equal(e.code, 90, e.error);
  socket.sendBytes(other.port, '127.0.0.1', new Uint8Array(65507).fill(97));
  assert.equal((await event(other, 'data')).stringData.length, 65507);
});

test('an unknown name is the error event', async (t) => {
  const socket = await started(t, 0, '127.0.0.1');
  socket.sendString(5, 'no-such-host.invalid', 'x');
  const e = await event(socket, 'error');
  assert.equal(e.code, -1);
});

test('IPv6, and everything by default', async (t) => {
  const socket = await started(t, 0);
  const six = dgram.createSocket('udp6');
  t.after(() => six.close());
  six.send('six', socket.port, '::1');
  const e = await event(socket, 'data');
  assert.deepEqual([e.stringData, e.address], ['six', '::1']);
  const four = await peer(t);
  four.send('four', socket.port, '127.0.0.1');
  assert.equal((await event(socket, 'data')).address, '127.0.0.1');
  socket.sendString(four.address().port, '127.0.0.1', 'back');
  assert.equal((await received(four, 1))[0][0], 'back');
});

test('multicast: who has joined on an interface hears what goes out there', async (t) => {
  const group = '239.255.7.9';
  const heard = [];
  const socket = await started(t, { port: 0, host: '0.0.0.0', group, interface: 'lo' });
  socket.addEventListener('data', (e) => heard.push(e.stringData));
  const sender = Socket.createUDP({ multicastInterface: 'lo', loopback: true });
  t.after(() => sender.stop());
  const say = (text) => new Promise((done) => sender.sendString({ port: socket.port, host: group, data: text }, done));
  assert.deepEqual([(await say('all of you')).success, (await event(socket, 'data')).stringData], [true, 'all of you']);
  socket.leaveGroup(group, 'lo');
  assert.throws(() => socket.leaveGroup(group, 'lo'), { name: 'TiSocketError' });
  socket.joinGroup(group, 'lo');
  assert.throws(() => socket.joinGroup(group, 'no-such-if'), { name: 'TiSocketError' });
  assert.equal((await say('again')).success, true);
  assert.equal((await event(socket, 'data')).stringData, 'again');
  const lost = Socket.createUDP({ multicastInterface: 'no-such-if' });
  const told = new Promise((done) => { lost.error = done; });
  lost.sendString({ port: socket.port, host: group, data: 'x' });
  assert.deepEqual([(await told).code, heard], [19, ['all of you', 'again']]);
});

test('names are sent to at an address that the socket can reach', async (t) => {
  const four = await started(t, 0, '127.0.0.1');
  const every = await started(t, 0);
  const named = await started(t, 0, 'localhost');
  for (const [from, to] of [[four, every], [every, four], [four, named], [named, every]]) {
    from.sendString(to.port, 'localhost', 'by name');
    assert.equal((await event(to, 'data')).stringData, 'by name');
  }
});

test('a start that stop() has overtaken says nothing', async (t) => {
  const socket = watched(t);
  socket.start(0, 'localhost');
  socket.stop();
  socket.start(0, '127.0.0.1');
  socket.stop();
  socket.start(0, '127.0.0.1');
  const e = await event(socket, 'started');
  assert.equal(e.port, socket.port);
  await new Promise((done) => setTimeout(done, 30));
  assert.equal(socket.events.filter((other) => other.type === 'started').length, 0);
});

test('stopped sockets say nothing and keep nothing running', async (t) => {
  const other = await peer(t);
  const socket = await started(t, 0, '127.0.0.1');
  const { port } = socket;
  socket.stop();
  other.send('late', port, '127.0.0.1');
  await later();
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(socket.events, []);
});
