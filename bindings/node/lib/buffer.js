'use strict';
// buffer.js - Titanium.Buffer: bytes that grow and shrink.

const { Proxy } = require('./proxy');
const Blob = require('./blob');

const LITTLE_ENDIAN = 1;
const BIG_ENDIAN = 0;
const NATIVE_ORDER = new Uint8Array(new Uint16Array([1]).buffer)[0] ? LITTLE_ENDIAN : BIG_ENDIAN;

const NUMBERS = { byte: [1, 'Int8'], short: [2, 'Int16'], int: [4, 'Int32'], long: [8, 'BigInt64'], float: [4, 'Float'], double: [8, 'Double'] };

function encodeNumber(value, type, order) {
  const known = NUMBERS[type];
  if (!known) throw new TypeError(`Titanium.Buffer: '${type}' is not a numeric type`);
  const bytes = Buffer.alloc(known[0]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, known[0]);
  const little = order === LITTLE_ENDIAN;
  if (type === 'long') view.setBigInt64(0, BigInt(Math.trunc(value)), little);
  else if (type === 'float') view.setFloat32(0, value, little);
  else if (type === 'double') view.setFloat64(0, value, little);
  else view['set' + known[1]](0, value, little);
  return bytes;
}

function encodeText(text, charset) {
  switch (charset) {
    case undefined:
    case 'utf8': return Buffer.from(text, 'utf8');
    case 'ascii':
    case 'latin1': return Buffer.from(text, 'latin1');
    case 'utf16': return Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]);
    case 'utf16le': return Buffer.from(text, 'utf16le');
    case 'utf16be': return Buffer.from(text, 'utf16le').swap16();
    default: throw new TypeError(`Titanium.Buffer: unknown charset '${charset}'`);
  }
}

function rangeCheck(what, offset, length, available) {
  if (!Number.isInteger(offset) || offset < 0 || offset > available) {
    throw new RangeError(`${what}: offset ${offset} is outside 0..${available}`);
  }
  if (!Number.isInteger(length) || length < 0 || offset + length > available) {
    throw new RangeError(`${what}: length ${length} is outside 0..${available - offset}`);
  }
}

function sourceBytes(what, source, offset = 0, length = undefined) {
  if (!(source instanceof TiBuffer)) throw new TypeError(`${what}: the source is not a Titanium.Buffer`);
  const n = length === undefined ? source.length - offset : length;
  rangeCheck(what, offset, n, source.length);
  return source._bytes.subarray(offset, offset + n);
}

const INDEX = /^(0|[1-9]\d*)$/;

// buffer[i] reads and writes bytes; everything else is an ordinary property.
const handler = {
  get(target, name, receiver) {
    if (typeof name === 'string' && INDEX.test(name)) return target._bytes[name];
    return Reflect.get(target, name, receiver);
  },
  set(target, name, value, receiver) {
    if (typeof name === 'string' && INDEX.test(name)) {
      if (Number(name) < target._bytes.length) target._bytes[name] = value;
      return true;
    }
    return Reflect.set(target, name, value, receiver);
  },
  has(target, name) {
    return typeof name === 'string' && INDEX.test(name) ? Number(name) < target._bytes.length : Reflect.has(target, name);
  },
};

class TiBuffer extends Proxy {
  constructor(options) {
    super();
    const { length, value, type, byteOrder } = options || {};
    this.type = type;
    this.byteOrder = byteOrder === undefined ? NATIVE_ORDER : byteOrder;
    Object.defineProperty(this, '_bytes', { value: Buffer.alloc(0), writable: true });
    if (typeof value === 'number') this._bytes = encodeNumber(value, type, this.byteOrder);
    else if (value !== undefined && value !== null) this._bytes = encodeText(String(value), type);
    if (length !== undefined) this._resize(length);
    return new globalThis.Proxy(this, handler);
  }

  _resize(length) {
    if (!Number.isInteger(length) || length < 0) throw new RangeError(`Titanium.Buffer: length ${length} is not allowed`);
    const old = this._bytes;
    if (length <= old.length) {
      this._bytes = Buffer.from(old.subarray(0, length));
      return;
    }
    this._bytes = Buffer.alloc(length);
    old.copy(this._bytes);
  }

  get length() { return this._bytes.length; }
  set length(value) { this._resize(value); }
  get value() { return this.toString(); }

  append(source, offset, length) {
    const bytes = sourceBytes('Buffer.append', source, offset, length);
    this._bytes = Buffer.concat([this._bytes, bytes]);
    return bytes.length;
  }

  insert(source, at, offset, length) {
    const bytes = sourceBytes('Buffer.insert', source, offset, length);
    rangeCheck('Buffer.insert', at, 0, this.length);
    this._bytes = Buffer.concat([this._bytes.subarray(0, at), bytes, this._bytes.subarray(at)]);
    return bytes.length;
  }

  copy(source, at = 0, offset = undefined, length = undefined) {
    const bytes = sourceBytes('Buffer.copy', source, offset, length);
    rangeCheck('Buffer.copy', at, 0, this.length);
    return bytes.copy(this._bytes, at);
  }

  clone(offset = 0, length = this.length - offset) {
    rangeCheck('Buffer.clone', offset, length, this.length);
    const clone = new TiBuffer({ type: this.type, byteOrder: this.byteOrder });
    clone._bytes = Buffer.from(this._bytes.subarray(offset, offset + length));
    return clone;
  }

  fill(byte, offset = 0, length = this.length - offset) {
    if (typeof byte !== 'number') throw new TypeError('Buffer.fill: a byte is expected');
    rangeCheck('Buffer.fill', offset, length, this.length);
    this._bytes.fill(byte & 0xff, offset, offset + length);
  }

  clear() {
    this._bytes.fill(0);
  }

  release() {
    this._bytes = Buffer.alloc(0);
  }

  toString() {
    return this._bytes.toString('utf8');
  }

  toBlob() {
    return Blob.fromBuffer(Buffer.from(this._bytes), 'application/octet-stream');
  }
}

TiBuffer.apiName = 'Ti.Buffer';
TiBuffer.titaniumName = 'TiBuffer';

module.exports = TiBuffer;
