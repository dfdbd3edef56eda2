'use strict';
// buffer.test.js - Titanium.Buffer.

const test = require('node:test');
const assert = require('node:assert/strict');
const { Ti } = require('./support');

function bytesOf(buffer) {
  return Array.from({ length: buffer.length }, (_, i) => buffer[i]);
}

test('a text is bytes in its charset, UTF-8 without one', () => {
  const cases = [
    [undefined, [0x67, 0xc3, 0xbc]],
    ['utf8', [0x67, 0xc3, 0xbc]],
    ['latin1', [0x67, 0xfc]],
    ['ascii', [0x67, 0x3f]],
    ['utf16', [0xfe, 0xff, 0, 0x67, 0, 0xfc]],
    ['utf16be', [0, 0x67, 0, 0xfc]],
    ['utf16le', [0x67, 0, 0xfc, 0]],
  ];
  for (const [type, bytes] of cases) assert.deepEqual(bytesOf(Ti.createBuffer({ value: 'gü', type })), bytes, type);
  assert.deepEqual(bytesOf(Ti.createBuffer({ value: '\u{1f600}€', type: 'latin1' })), [0x3f, 0x3f]);
  assert.throws(() => Ti.createBuffer({ value: 'a', type: 'ebcdic' }), TypeError);
  assert.throws(() => Ti.createBuffer({ value: 'a', type: 'constructor' }), TypeError);
});

test('a number is bytes of its type and order', () => {
  const make = (value, type, byteOrder) => bytesOf(Ti.createBuffer({ value, type, byteOrder }));
  assert.deepEqual(make(258, 'short', 0), [1, 2]);
  assert.deepEqual(make(258, 'short', 1), [2, 1]);
  assert.deepEqual(make(-2, 'byte', 0), [0xfe]);
  assert.deepEqual(make(1, 'int', 0), [0, 0, 0, 1]);
  assert.deepEqual(make(2 ** 53, 'long', 0), [0, 0x20, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(make(1, 'float', 0), [0x3f, 0x80, 0, 0]);
  assert.deepEqual(make(1, 'double', 1), [0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
  assert.throws(() => Ti.createBuffer({ value: 1 }), TypeError);
  assert.throws(() => Ti.createBuffer({ value: 1, type: 'utf8' }), TypeError);
  assert.throws(() => Ti.createBuffer({ value: {} }), TypeError);
});

test('an explicit length cuts or pads', () => {
  assert.equal(Ti.createBuffer({ value: 'abc', length: 2 }).toString(), 'ab');
  assert.deepEqual(bytesOf(Ti.createBuffer({ value: 'a', length: 3 })), [97, 0, 0]);
  assert.equal(Ti.createBuffer({ length: 3 }).length, 3);
  assert.equal(Ti.createBuffer().length, 0);
  assert.throws(() => Ti.createBuffer({ length: -1 }), RangeError);
  assert.throws(() => Ti.createBuffer({ length: 1.5 }), RangeError);
  assert.throws(() => Ti.createBuffer({ length: 1e18 }), RangeError);
  assert.throws(() => Ti.createBuffer({ length: '2' }), TypeError);
});

test('an index is a byte; outside it reads undefined and writes nothing', () => {
  const buffer = Ti.createBuffer({ length: 2 });
  buffer[0] = 256 + 65;
  buffer[1] = -1;
  buffer[2] = 1;
  buffer[-1] = 1;
  assert.deepEqual(bytesOf(buffer), [65, 255]);
  assert.deepEqual([buffer[2], buffer[-1]], [undefined, undefined]);
  assert.deepEqual([0 in buffer, 2 in buffer, 'length' in buffer], [true, false, true]);
  buffer.own = 'kept';
  assert.equal(buffer.own, 'kept');
});

test('the length grows with zeros and shrinks by cutting', () => {
  const buffer = Ti.createBuffer({ value: 'abc' });
  buffer.length = 1;
  buffer.length = 3;
  assert.deepEqual(bytesOf(buffer), [97, 0, 0]);
  buffer.setLength(0);
  assert.equal(buffer.getLength(), 0);
});

test('append and insert grow and say how much', () => {
  const buffer = Ti.createBuffer({ value: 'ac' });
  assert.equal(buffer.insert(Ti.createBuffer({ value: 'xbx' }), 1, 1, 1), 1);
  assert.equal(buffer.append(Ti.createBuffer({ value: 'xde' }), 1), 2);
  assert.equal(buffer.toString(), 'abcde');
  assert.throws(() => buffer.insert(buffer, 6), RangeError);
  assert.throws(() => buffer.append(buffer, 6), RangeError);
  assert.throws(() => buffer.append(buffer, 1, 5), RangeError);
  assert.throws(() => buffer.append(buffer, '1'), TypeError);
  assert.throws(() => buffer.append('text'), TypeError);
  assert.equal(buffer.toString(), 'abcde', 'what failed changed nothing');
});

test('a buffer may be put into itself', () => {
  const buffer = Ti.createBuffer({ value: 'abcd' });
  assert.equal(buffer.insert(buffer, 2, 1, 3), 3);
  assert.equal(buffer.toString(), 'abbcdcd');
  buffer.append(buffer);
  assert.equal(buffer.toString(), 'abbcdcdabbcdcd');
});

test('many appends keep every byte, and what is cut off does not come back', () => {
  const buffer = Ti.createBuffer();
  const byte = Ti.createBuffer({ length: 1 });
  for (let i = 0; i < 3000; i++) {
    byte[0] = i;
    buffer.append(byte);
  }
  assert.equal(buffer.length, 3000);
  for (let i = 0; i < 3000; i++) assert.equal(buffer[i], i % 256);
  buffer.length = 10;
  buffer.length = 20;
  assert.deepEqual(bytesOf(buffer).slice(10), Array(10).fill(0));
});

test('copy never grows', () => {
  const buffer = Ti.createBuffer({ value: 'abcd' });
  assert.equal(buffer.copy(Ti.createBuffer({ value: '12345' }), 2), 2);
  assert.equal(buffer.toString(), 'ab12');
  assert.equal(buffer.copy(Ti.createBuffer({ value: '12345' }), 0, 4, 1), 1);
  assert.equal(buffer.toString(), '5b12');
  assert.equal(buffer.copy(buffer, 4), 0);
  assert.throws(() => buffer.copy(buffer, 5), RangeError);
});

test('clone is a copy of its own', () => {
  const buffer = Ti.createBuffer({ value: 'abcd' });
  const part = buffer.clone(1, 2);
  part[0] = 33;
  assert.deepEqual([buffer.toString(), part.toString(), buffer.clone().toString()], ['abcd', '!c', 'abcd']);
  assert.throws(() => buffer.clone(5), RangeError);
  assert.throws(() => buffer.clone(1, 4), RangeError);
});

test('fill, clear, release', () => {
  const buffer = Ti.createBuffer({ value: 'abcd' });
  buffer.fill(0x121, 1, 2);
  assert.equal(buffer.toString(), 'a!!d');
  buffer.fill(65);
  assert.equal(buffer.toString(), 'AAAA');
  assert.throws(() => buffer.fill('a'), TypeError);
  assert.throws(() => buffer.fill(1, 5), RangeError);
  buffer.clear();
  assert.deepEqual(bytesOf(buffer), [0, 0, 0, 0]);
  buffer.release();
  assert.equal(buffer.length, 0);
});

test('value, type and byteOrder read back, and value can be set', () => {
  const buffer = Ti.createBuffer({ value: 'a', type: 'utf16le' });
  assert.deepEqual([buffer.value, buffer.getType(), buffer.apiName], ['a', 'utf16le', 'Ti.Buffer']);
  assert.ok([0, 1].includes(buffer.byteOrder));
  buffer.value = 'bc';
  assert.deepEqual(bytesOf(buffer), [98, 0, 99, 0]);
});

test('a Blob of a buffer keeps its bytes', () => {
  const buffer = Ti.createBuffer({ value: 'abc' });
  const blob = buffer.toBlob();
  buffer[0] = 120;
  assert.deepEqual([blob.text, blob.length, blob.mimeType], ['abc', 3, 'application/octet-stream']);
});

test('Object.defineProperty of an index is an assignment', () => {
  const b = Ti.createBuffer({ length: 2 });
  Object.defineProperty(b, '0', { value: 300 });
  assert.deepEqual([b[0], b.length, b.toString().length], [44, 2, 2]);
  Object.defineProperty(b, '7', { value: 1 }); // outside: ignored
  assert.equal(b[7], undefined);
  assert.throws(() => Object.defineProperty(b, '0', { get: () => 1 }), TypeError);
  assert.equal(b[0], 44);
  Object.defineProperty(b, 'mine', { value: 5 });
  assert.equal(b.mine, 5);
});

test('mistakes have a code', () => {
  for (const options of [5, 'x', () => {}]) assert.throws(() => Ti.createBuffer(options), { name: 'TypeError', code: -1 });
  assert.throws(() => Ti.createBuffer({ value: 1, type: 'int', byteOrder: 7 }), { name: 'TypeError', message: 'Titanium.Buffer: unknown byte order 7' });
  assert.throws(() => Ti.createBuffer({ length: -1 }), { name: 'RangeError', code: -1 });
  assert.throws(() => Ti.createBuffer().append('x'), { name: 'TypeError', code: -1 });
});
