'use strict';
// codec.test.js - Titanium.Codec, and Buffer and Codec compared with Node's own.

const test = require('node:test');
const assert = require('node:assert/strict');
const { Ti } = require('./support');

const { Codec } = Ti;
const buffer = (length) => Ti.createBuffer({ length });

test('constants', () => {
  assert.deepEqual([Codec.BIG_ENDIAN, Codec.LITTLE_ENDIAN, Codec.TYPE_LONG, Codec.CHARSET_UTF16BE, Codec.apiName], [0, 1, 'long', 'utf16be', 'Ti.Codec']);
  assert.equal(Codec.getNativeByteOrder(), new Uint8Array(new Uint16Array([1]).buffer)[0]);
});

test('every type in both orders, there and back', () => {
  const dest = buffer(20);
  for (const [type, values, length] of [['byte', [-128, 127, 0], 1], ['short', [-32768, 32767], 2], ['int', [-2147483648, 2147483647], 4],
    ['long', [-9007199254740991, 9007199254740991, 2 ** 62], 8], ['float', [0.5, -1.25], 4], ['double', [Math.PI, -0, 1e300], 8]]) {
    for (const byteOrder of [Codec.BIG_ENDIAN, Codec.LITTLE_ENDIAN, undefined]) {
      for (const source of values) {
        assert.equal(Codec.encodeNumber({ source, dest, position: 3, type, byteOrder }), 3 + length);
        assert.equal(Codec.decodeNumber({ source: dest, position: 3, type, byteOrder }), source, `${type} ${source}`);
      }
    }
  }
  Codec.encodeNumber({ source: 258, dest, type: 'int', byteOrder: 0 });
  assert.deepEqual([dest[0], dest[1], dest[2], dest[3]], [0, 0, 1, 2]);
  Codec.encodeNumber({ source: 300, dest, type: 'byte' });
  assert.equal(dest[0], 44);
});

test('every charset, there and back', () => {
  const dest = buffer(100);
  for (const [charset, text, want] of [['ascii', 'abc\u00fc', 'abc?'], ['latin1', 'a\u00fc\u20ac', 'a\u00fc?'], ['utf8', 'a\u00fc\u20ac\u{1f600}', null],
    ['utf16', 'a\u20ac\u{1f600}', null], ['utf16le', 'a\u20ac', null], ['utf16be', 'a\u20ac', null]]) {
    const end = Codec.encodeString({ source: text, dest, destPosition: 2, charset });
    assert.equal(Codec.decodeString({ source: dest, position: 2, length: end - 2, charset }), want || text, charset);
  }
  assert.equal(Codec.encodeString({ source: 'hello', dest, sourcePosition: 1, sourceLength: 3 }), 3);
  assert.equal(Codec.decodeString({ source: dest, length: 3 }), 'ell');
});

test('what is missing or wrong throws', () => {
  const dest = buffer(4);
  for (const options of [undefined, null, {}, { source: 1 }, { source: 1, dest }, { source: 'x', dest, type: 'int' }, { source: 1, dest, type: 'quad' },
    { source: 1, dest, type: 'int', byteOrder: 7 }, { source: 1, dest, type: 'int', position: '0' }]) {
    assert.throws(() => Codec.encodeNumber(options), TypeError);
  }
  assert.throws(() => Codec.encodeNumber({ source: 1, dest, type: 'long' }), RangeError);
  assert.throws(() => Codec.encodeNumber({ source: 1, dest, type: 'int', position: 1 }), RangeError);
  assert.throws(() => Codec.encodeNumber({ source: 1, dest, type: 'byte', position: -1 }), RangeError);
  assert.throws(() => Codec.decodeNumber({ source: dest, type: 'double' }), RangeError);
  assert.throws(() => Codec.decodeNumber({ source: 'x', type: 'int' }), TypeError);
  assert.throws(() => Codec.encodeString({ source: 'hello', dest }), RangeError);
  assert.throws(() => Codec.encodeString({ source: 5, dest }), TypeError);
  assert.throws(() => Codec.encodeString({ source: 'a', dest, charset: 'ebcdic' }), TypeError);
  assert.throws(() => Codec.decodeString({ source: dest, position: 5 }), RangeError);
  assert.throws(() => Codec.decodeString({ source: dest, length: 5 }), RangeError);
});

// mulberry32
function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test('10,000 random operations do what they do to an array of bytes', () => {
  const seed = Number(process.env.TINET_SEED || 20261);
  console.log(`# seed ${seed}`);
  const random = makeRandom(seed);
  const below = (n) => Math.floor(random() * n);
  let mine = buffer(16);
  let theirs = Buffer.alloc(16);
  const other = Ti.createBuffer({ length: 40 });
  for (let i = 0; i < 40; i++) other[i] = i * 7;
  const otherBytes = Buffer.from(Array.from({ length: 40 }, (_, i) => (i * 7) & 255));
  const part = () => {
    const offset = below(41);
    return [offset, below(41 - offset)];
  };
  const operations = [
    () => { const [o, n] = part(); assert.equal(mine.append(other, o, n), n); theirs = Buffer.concat([theirs, otherBytes.subarray(o, o + n)]); },
    () => {
      const [o, n] = part();
      const at = below(theirs.length + 1);
      assert.equal(mine.insert(other, at, o, n), n);
      theirs = Buffer.concat([theirs.subarray(0, at), otherBytes.subarray(o, o + n), theirs.subarray(at)]);
    },
    () => { const [o, n] = part(); const at = below(theirs.length + 1); assert.equal(mine.copy(other, at, o, n), otherBytes.copy(theirs, at, o, o + n)); },
    () => { const o = below(theirs.length + 1); const n = below(theirs.length - o + 1); const b = below(256); mine.fill(b, o, n); theirs.fill(b, o, o + n); },
    () => { const o = below(theirs.length + 1); const n = below(theirs.length - o + 1); mine = mine.clone(o, n); theirs = Buffer.from(theirs.subarray(o, o + n)); },
    () => { const n = below(200); mine.length = n; const t = Buffer.alloc(n); theirs.copy(t); theirs = t; },
    () => { mine.append(mine); theirs = Buffer.concat([theirs, theirs]); },
    () => { const i = below(theirs.length + 4); const v = below(1000) - 300; mine[i] = v; if (i < theirs.length) theirs[i] = v & 255; },
    () => {
      if (theirs.length < 8) return;
      const type = ['byte', 'short', 'int', 'float', 'double'][below(5)];
      const position = below(theirs.length - 7);
      const source = type === 'float' || type === 'double' ? Math.fround(random() * 1000) : below(2 ** 31) - 2 ** 30;
      const little = random() < 0.5;
      Codec.encodeNumber({ source, dest: mine, position, type, byteOrder: little ? 1 : 0 });
      const view = new DataView(theirs.buffer, theirs.byteOffset, theirs.length);
      const name = { byte: 'Int8', short: 'Int16', int: 'Int32', float: 'Float32', double: 'Float64' }[type];
      view[`set${name}`](position, source, little);
      assert.equal(Codec.decodeNumber({ source: mine, position, type, byteOrder: little ? 1 : 0 }), view[`get${name}`](position, little));
    },
    () => {
      if (theirs.length < 8) return;
      const position = below(theirs.length - 7);
      const source = Math.trunc((random() - 0.5) * 2 ** (1 + below(62)));
      const little = random() < 0.5;
      assert.equal(Codec.encodeNumber({ source, dest: mine, position, type: 'long', byteOrder: little ? 1 : 0 }), position + 8);
      const view = new DataView(theirs.buffer, theirs.byteOffset, theirs.length);
      view.setBigInt64(position, BigInt(source), little);
      assert.equal(Codec.decodeNumber({ source: mine, position, type: 'long', byteOrder: little ? 1 : 0 }), Number(view.getBigInt64(position, little)));
    },
    () => {
      const charset = ['ascii', 'latin1', 'utf8', 'utf16le'][below(4)];
      const sample = charset === 'ascii' ? 'Ti.Buffer' : charset === 'latin1' ? 'Stra\u00dfe' : 'a\u00fc\u20ac\u{1f600}z';
      const text = sample.slice(0, below(sample.length + 1));
      if (!text.isWellFormed?.() && /[\ud800-\udfff]/.test(text)) return; // half a character
      const bytes = Buffer.from(text, charset);
      if (bytes.length > theirs.length) return;
      const at = below(theirs.length - bytes.length + 1);
      assert.equal(Codec.encodeString({ source: text, dest: mine, destPosition: at, charset }), at + bytes.length);
      bytes.copy(theirs, at);
      const length = below(bytes.length + 1);
      assert.equal(Codec.decodeString({ source: mine, position: at, length, charset }), theirs.toString(charset, at, at + (charset === 'utf16le' ? length & ~1 : length)));
    },
    () => {
      const past = theirs.length + 1 + below(5);
      const wrong = [
        () => mine.insert(other, past), () => mine.copy(other, past), () => mine.clone(past), () => mine.fill(1, past), () => mine.append(other, 41),
        () => mine.fill(1, 0, past), () => mine.clone(-1), () => { mine.length = -1; },
        () => Codec.decodeNumber({ source: mine, position: theirs.length, type: 'byte' }),
        () => Codec.encodeNumber({ source: 1, dest: mine, position: past, type: 'byte' }),
        () => Codec.encodeString({ source: 'x'.repeat(past), dest: mine }),
        () => Codec.decodeString({ source: mine, length: past }),
      ];
      assert.throws(wrong[below(wrong.length)], RangeError); // and changes nothing
    },
    () => { if (below(20) === 0) { mine.clear(); theirs.fill(0); } },
    () => { assert.equal(mine.toString(), theirs.toString('utf8')); },
    () => { assert.deepEqual(Buffer.from(mine.toBlob().toArrayBuffer()), theirs); },
    () => {
      const text = 'a\u00fc\u20ac'.slice(0, below(4));
      const bytes = Buffer.from(text, 'utf8');
      if (bytes.length > theirs.length) return;
      const at = below(theirs.length - bytes.length + 1);
      assert.equal(Codec.encodeString({ source: text, dest: mine, destPosition: at }), at + bytes.length);
      bytes.copy(theirs, at);
      assert.equal(Codec.decodeString({ source: mine, position: at, length: bytes.length }), text);
    },
    () => { if (theirs.length > 2000) { mine.length = 10; theirs = Buffer.from(theirs.subarray(0, 10)); } },
  ];
  for (let i = 0; i < 10000; i++) {
    const which = below(operations.length);
    operations[which]();
    assert.equal(mine.length, theirs.length, `operation ${i} (${which})`);
    assert.ok(Buffer.compare(mine._bytes, theirs) === 0, `operation ${i} (${which})`);
  }
});
