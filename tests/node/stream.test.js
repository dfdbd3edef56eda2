'use strict';
// stream.test.js - Titanium.Stream, BufferStream, BlobStream, file streams.

const test = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { Ti, home } = require('./support');

const { Stream } = Ti;
const { MODE_READ, MODE_WRITE, MODE_APPEND } = Stream;
const buffer = (value) => Ti.createBuffer(typeof value === 'number' ? { length: value } : { value });
const source = (text) => Stream.createStream({ mode: MODE_READ, source: buffer(text) });
const call = (fn) => new Promise((done) => fn(done));

test('constants and what a stream can be made of', () => {
  assert.deepEqual([MODE_READ, MODE_WRITE, MODE_APPEND, Stream.apiName], [0, 1, 2, 'Ti.Stream']);
  assert.equal(source('x').apiName, 'Ti.BufferStream');
  assert.equal(Stream.createStream({ mode: MODE_READ, source: buffer('x').toBlob() }).apiName, 'Ti.BlobStream');
  for (const mode of [undefined, 7, '0']) {
    assert.throws(() => Stream.createStream({ mode, source: buffer('x') }), { name: 'TypeError', message: 'Unable to create stream, invalid mode' });
  }
  assert.throws(() => Stream.createStream({ mode: MODE_WRITE, source: buffer('x').toBlob() }), { message: 'Unable to create a blob stream in a mode other than read' });
  assert.throws(() => Stream.createStream({ mode: MODE_READ, source: 'x' }), { message: 'Unable to create a stream for the specified argument' });
  assert.throws(() => Stream.createStream(), { message: 'Unable to create stream, invalid mode' });
});

test('reading a buffer stream to its end', async () => {
  const stream = source('hello world');
  assert.deepEqual([stream.isReadable(), stream.isWritable()], [true, false]);
  const target = buffer('....');
  assert.equal(stream.read(target, 1, 2), 2);
  assert.equal(target.toString(), '.he.');
  const e = await call((done) => stream.read(target, done));
  assert.deepEqual([e.source, e.buffer, e.bytesProcessed, e.success, e.code, e.errorState, e.errorDescription], [stream, target, 4, true, 0, 0, '']);
  assert.equal(target.toString(), 'llo ');
  assert.equal(stream.read(buffer(100)), 5);
  assert.equal(stream.read(target), -1);
  assert.equal((await call((done) => stream.read(target, done))).bytesProcessed, -1);
  assert.throws(() => stream.write(target), { name: 'StreamException', message: 'Stream is not writable' });
});

test('writing: from the start up to the length, or growing', () => {
  const fixed = buffer(5);
  const into = Stream.createStream({ mode: MODE_WRITE, source: fixed });
  assert.equal(into.write(buffer('abc')), 3);
  assert.equal(into.write(buffer('defg')), 2);
  assert.equal(into.write(buffer('h')), 0);
  assert.equal(fixed.toString(), 'abcde');
  const growing = buffer('x');
  const onto = Stream.createStream({ mode: MODE_APPEND, source: growing });
  assert.equal(onto.write(buffer('12345'), 1, 3), 3);
  assert.equal(growing.toString(), 'x234');
  onto.write(growing);
  assert.equal(growing.toString(), 'x234x234');
  assert.throws(() => onto.read(buffer(1)), { message: 'Stream is not readable' });
});

test('after close nothing can be done, and pending operations end once', async () => {
  const stream = source('hello');
  const pending = call((done) => stream.read(buffer(2), done));
  stream.close();
  stream.close();
  assert.deepEqual([stream.isReadable(), stream.isWritable()], [false, false]);
  assert.throws(() => stream.read(buffer(1)), { name: 'StreamException' });
  const e = await pending;
  assert.deepEqual([e.success, e.bytesProcessed], [false, -1]);
});

test('a blob stream reads only', () => {
  const stream = Stream.createStream({ mode: MODE_READ, source: buffer('from a blob').toBlob() });
  assert.equal(Stream.readAll(stream).toString(), 'from a blob');
  assert.equal(stream.isWritable(), false);
});

test('file streams read, write and append', () => {
  const file = Ti.Filesystem.getFile(home, 'streamed.txt');
  const write = file.open(Ti.Filesystem.MODE_WRITE);
  assert.equal(write.apiName, 'Ti.Filesystem.FileStream');
  assert.equal(write.write(buffer('one\n')), 4);
  write.close();
  const append = Ti.Filesystem.openStream(Ti.Filesystem.MODE_APPEND, home, 'streamed.txt');
  append.write(buffer('two\n'));
  append.close();
  const read = file.open(Ti.Filesystem.MODE_READ);
  assert.equal(Stream.readAll(read).toString(), 'one\ntwo\n');
  assert.equal(read.read(buffer(1)), -1);
  read.close();
  file.open(Ti.Filesystem.MODE_WRITE).close();
  assert.equal(file.size, 0);
  assert.throws(() => Ti.Filesystem.getFile(home, 'missing').open(Ti.Filesystem.MODE_READ), { code: 'ENOENT' });
  assert.throws(() => file.open(9), TypeError);
  assert.throws(() => file.open('r'), TypeError);
});

test('Stream.read and Stream.write with their payloads', async () => {
  const stream = source('hello');
  const target = buffer('.....');
  const e = await call((done) => Stream.read(stream, target, 1, 3, done));
  assert.deepEqual([e.source, e.bytesProcessed, e.success, e.code, e.errorState, e.errorDescription, target.toString()], [stream, 3, true, 0, 0, '', '.hel.']);
  const out = Stream.createStream({ mode: MODE_APPEND, source: buffer('') });
  const w = await call((done) => Stream.write(out, target, done));
  assert.deepEqual([w.source, w.bytesProcessed, w.success], [out, 5, true]);
});

test('readAll in both forms', async () => {
  assert.equal(Stream.readAll(source('all of it')).toString(), 'all of it');
  const target = buffer('kept ');
  const e = await call((done) => Stream.readAll(source('and more'), target, done));
  assert.deepEqual([target.toString(), e.bytesProcessed, e.totalBytesProcessed, e.buffer, e.success], ['kept and more', 8, 8, target, true]);
});

test('writeStream in both forms', async () => {
  const target = buffer('');
  assert.equal(Stream.writeStream(source('x'.repeat(1000)), Stream.createStream({ mode: MODE_APPEND, source: target }), 64), 1000);
  assert.equal(target.length, 1000);
  const from = source('abcdef');
  const to = Stream.createStream({ mode: MODE_APPEND, source: target });
  const e = await call((done) => Stream.writeStream(from, to, 4, done));
  assert.deepEqual([e.fromStream, e.toStream, e.bytesProcessed, e.success, e.code], [from, to, 6, true, 0]);
  const full = Stream.createStream({ mode: MODE_WRITE, source: buffer(4) });
  assert.equal(Stream.writeStream(source('abcdef'), full, 3), 4);
});

test('a pump calls with each chunk, and with -1 at the end', async () => {
  const events = [];
  Stream.pump(source('abcdefg'), (e) => events.push(e), 3);
  assert.deepEqual(events.map((e) => [e.buffer && e.buffer.toString(), e.bytesProcessed, e.totalBytesProcessed, e.success]),
    [['abc', 3, 3, true], ['def', 3, 6, true], ['g', 1, 7, true], [null, -1, 7, true]]);
  const later = [];
  const ended = call((done) => Stream.pump(source('abcd'), (e) => {
    later.push(e.bytesProcessed);
    if (e.bytesProcessed < 0) done();
  }, 3, true));
  assert.deepEqual(later, []);
  await ended;
  assert.deepEqual(later, [3, 1, -1]);
});

test('what is wrong with arguments is said', () => {
  const stream = source('x');
  const b = buffer(1);
  const cases = [
    [() => Stream.read(stream, b), 'Invalid number of arguments'],
    [() => Stream.read(stream, b, 0, () => {}), 'Invalid number of arguments'],
    [() => Stream.read({}, b, () => {}), 'Invalid stream argument'],
    [() => Stream.read(stream, 'x', () => {}), 'Invalid buffer argument'],
    [() => Stream.read(stream, b, 'x', 1, () => {}), 'Invalid offset argument'],
    [() => Stream.read(stream, b, 0, 'x', () => {}), 'Invalid length argument'],
    [() => Stream.read(stream, b, 5), 'Invalid callback argument'],
    [() => Stream.readAll(), 'Invalid number of arguments'],
    [() => Stream.readAll(5), 'Invalid stream argument'],
    [() => Stream.readAll(stream, 5, () => {}), 'Invalid buffer argument'],
    [() => Stream.readAll(stream, b, 5), 'Invalid callback argument'],
    [() => Stream.writeStream(5, stream, 1), 'Invalid input stream argument'],
    [() => Stream.writeStream(stream, 5, 1), 'Invalid output stream argument'],
    [() => Stream.writeStream(stream, stream, 'x'), 'Invalid max chunk size argument'],
    [() => Stream.writeStream(stream, stream, 0), 'Invalid max chunk size argument'],
    [() => Stream.pump(5, () => {}, 1), 'Invalid stream argument'],
    [() => Stream.pump(stream, 5, 1), 'Invalid callback argument'],
    [() => Stream.pump(stream, () => {}, -1), 'Invalid max chunk size argument'],
    [() => Stream.pump(stream), 'Invalid number of arguments'],
  ];
  for (const [fn, message] of cases) assert.throws(fn, { name: 'TypeError', message });
  for (const [offset, length] of [[-1, 1], [2, 0], [0, -1]]) assert.throws(() => Stream.read(stream, b, offset, length, () => {}), RangeError);
});

test('asynchronous operations of one stream run in order, and never inside the call', async () => {
  const stream = source('abcdef');
  const got = [];
  for (let i = 0; i < 3; i++) {
    const target = buffer(2);
    stream.read(target, () => got.push(target.toString()));
  }
  assert.deepEqual(got, []);
  while (got.length < 3) await new Promise((done) => setImmediate(done));
  assert.deepEqual(got, ['ab', 'cd', 'ef']);
});

test('a socket is a stream too', async () => {
  const server = Ti.Network.Socket.createTCP({});
  const data = 'socket '.repeat(50000);
  server.accepted = (e) => {
    const out = e.inbound;
    Stream.writeStream(source(data), out, 10000, () => out.close());
  };
  server.listen();
  server.accept();
  const client = Ti.Network.Socket.createTCP({ host: '127.0.0.1', port: server.port });
  await call((done) => { client.connected = done; client.connect(); });
  const target = buffer('');
  const e = await call((done) => Stream.readAll(client, target, done));
  assert.deepEqual([e.success, e.totalBytesProcessed, target.toString() === data], [true, data.length, true]);
  client.close();
  server.close();
  assert.equal(fs.existsSync(path.join(home, 'streamed.txt')), true);
});

test('errors of the system have their numbers, synchronous or not', async () => {
  const file = Ti.Filesystem.getFile(home);
  const open = () => Ti.Filesystem.openStream(MODE_READ, home);
  assert.ok(file.exists());
  const e = await call((done) => open().read(buffer(4), done));
  assert.deepEqual([e.success, e.code, e.errorState, e.bytesProcessed], [false, 21, 21, -1]); // EISDIR
  const got = [];
  Stream.pump(open(), (chunk) => got.push(chunk), 4);
  assert.deepEqual(got.map((c) => [c.success, c.code, c.errorState, c.bytesProcessed]), [[false, 21, 21, -1]]);
  const all = await call((done) => Stream.readAll(open(), buffer(''), done));
  assert.deepEqual([all.success, all.code], [false, 21]);
  const full = Ti.Filesystem.openStream(MODE_WRITE, '/dev/full');
  const w = await call((done) => full.write(buffer('x'), done));
  assert.deepEqual([w.success, w.code], [false, 28]); // ENOSPC
  assert.throws(() => full.write(buffer('x')), { code: 'ENOSPC' });
});

test('a range beyond the buffer is refused by the module', () => {
  const stream = source('hello');
  for (const method of ['read', 'write']) {
    assert.throws(() => Stream[method](stream, buffer(4), 2, 3, () => {}), { name: 'RangeError', message: /^Invalid length argument/ });
  }
  assert.equal(stream.read(buffer(4), 2, 3), 2); // a stream's own method cuts
});

test('a buffer that is copied into itself is copied once', async () => {
  const x = buffer('abc');
  const e = await call((done) => Stream.readAll(Stream.createStream({ mode: MODE_READ, source: x }), x, done));
  assert.deepEqual([e.totalBytesProcessed, x.toString()], [3, 'abcabc']);
  const streams = () => [Stream.createStream({ mode: MODE_READ, source: x }), Stream.createStream({ mode: MODE_APPEND, source: x })];
  assert.equal(Stream.writeStream(...streams(), 4), 6);
  assert.equal(x.toString(), 'abcabcabcabc');
  const later = await call((done) => Stream.writeStream(...streams(), 5, done));
  assert.deepEqual([later.bytesProcessed, x.length], [12, 24]);
  const reader = Stream.createStream({ mode: MODE_READ, source: x });
  assert.equal(Stream.readAll(reader).length, 24);
  x.append(buffer('more'));
  assert.equal(Stream.readAll(reader).toString(), 'more'); // afterwards the end is open again
});

test('two copies at once of a buffer into itself end too', async () => {
  const x = buffer('abc');
  const reader = Stream.createStream({ mode: MODE_READ, source: x });
  const copy = () => call((done) => {
    const to = Stream.createStream({ mode: MODE_APPEND, source: x });
    const write = to.write.bind(to);
    to.write = (...args) => {
      if (x.length > 1000) reader.close(); // an endless copy fails, it does not fill the memory
      return write(...args);
    };
    Stream.writeStream(reader, to, 2, done);
  });
  const [one, two] = await Promise.all([copy(), copy()]);
  assert.deepEqual([one.success, two.success, one.bytesProcessed + two.bytesProcessed, x.length], [true, true, 3, 6]);
});

test('a synchronous call comes after what was asked for before it', async () => {
  const stream = source('abcdef');
  const [first, second, third] = [buffer(2), buffer(2), buffer(2)];
  const order = [];
  stream.read(first, () => order.push('first'));
  stream.read(second, () => order.push('second'));
  assert.equal(stream.read(third), 2);
  assert.deepEqual([first, second, third].map(String), ['ab', 'cd', 'ef']);
  assert.deepEqual(order, []);
  while (order.length < 2) await new Promise((done) => setImmediate(done));
  assert.deepEqual(order, ['first', 'second']);
});

test('what is written is what the buffer had when it was asked for', async () => {
  const into = buffer('');
  const stream = Stream.createStream({ mode: MODE_APPEND, source: into });
  const b = buffer('old');
  const done = call((fn) => stream.write(b, fn));
  b.fill(120);
  const e = await done;
  assert.deepEqual([e.bytesProcessed, into.toString()], [3, 'old']);
  const released = buffer('gone');
  const again = call((fn) => stream.write(released, fn));
  released.release();
  assert.equal((await again).bytesProcessed, 4);
});

test('a pump whose callback closes the stream says so at the end, in both forms', async () => {
  for (const isAsync of [false, true]) {
    const stream = source('abcdef');
    const got = [];
    const ended = call((done) => {
      Stream.pump(stream, (e) => {
        got.push([e.bytesProcessed, e.success]);
        if (e.bytesProcessed < 0) done();
        else stream.close();
      }, 2, isAsync);
    });
    await ended;
    assert.deepEqual(got, [[2, true], [-1, false]], String(isAsync));
  }
});

test('two readers of one buffer each have their place', () => {
  const b = buffer('abcdef');
  const [one, two] = [0, 1].map(() => Stream.createStream({ mode: MODE_READ, source: b }));
  const t = buffer(3);
  one.read(t);
  assert.equal(t.toString(), 'abc');
  two.read(t);
  assert.equal(t.toString(), 'abc');
  one.read(t);
  assert.equal(t.toString(), 'def');
});

test('the arguments of IOStream.read and write are checked', () => {
  const stream = source('x');
  const sink = Stream.createStream({ mode: MODE_APPEND, source: buffer('') });
  for (const call of [(...a) => stream.read(...a), (...a) => sink.write(...a)]) {
    for (const [args, message] of [
      [[], 'Invalid number of arguments'],
      [[buffer(1), 0], 'Invalid number of arguments'],
      [['x'], 'Invalid buffer argument'],
      [[null], 'Invalid buffer argument'],
      [[buffer(1), '0', 1], 'Invalid offset argument'],
      [[buffer(1), 0, '1'], 'Invalid length argument'],
    ]) {
      assert.throws(() => call(...args), { name: 'TypeError', message });
    }
    for (const [offset, length] of [[-1, 1], [2, 1], [0, -1], [0.5, 1]]) {
      assert.throws(() => call(buffer(1), offset, length), { name: 'RangeError' });
    }
    assert.equal(call(buffer(1), undefined, undefined), 1); // optional, as declared
  }
});

test('readAll of a stream that is closed meanwhile ends with what it has', async () => {
  const stream = Stream.createStream({ mode: Stream.MODE_READ, source: Ti.createBuffer({ length: 100000 }) });
  const all = Ti.createBuffer();
  const told = new Promise((done) => Stream.readAll(stream, all, done));
  assert.equal(stream.read(Ti.createBuffer({ length: 10 })), 10); // after the first chunk of the other
  stream.close();
  const e = await told;
  assert.deepEqual([e.success, e.error, e.bytesProcessed, e.totalBytesProcessed, all.length], [false, 'Stream is not readable', -1, 65536, 65536]);
});
