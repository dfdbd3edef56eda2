'use strict';
// buffer.js - Titanium.Buffer: bytes that grow and shrink.
//
// The bytes are the beginning of a store that may be larger, so that a thousand
// appends do not copy a thousand times.  `_bytes` is the view for other files.

const { Proxy, defineAccessors, mistake } = require('./proxy');
const Blob = require('./blob');
const { BIG_ENDIAN, CHARSETS, LITTLE_ENDIAN, NATIVE_ORDER, NUMBERS } = require('./data_types');

function encodeNumber(value, type, order) {
  if (!Object.hasOwn(NUMBERS, type)) {
    throw mistake(TypeError, `Titanium.Buffer: a number needs a numeric type, not ${JSON.stringify(type)}`);
  }
  if (order !== BIG_ENDIAN && order !== LITTLE_ENDIAN) throw mistake(TypeError, `Titanium.Buffer: unknown byte order ${order}`);
  const { length, write } = NUMBERS[type];
  const bytes = Buffer.alloc(length);
  write(new DataView(bytes.buffer, bytes.byteOffset, length), value, order === LITTLE_ENDIAN);
  return bytes;
}

function encode(value, type, order) {
  if (typeof value === 'number') return encodeNumber(value, String(type), order);
  if (typeof value !== 'string') throw mistake(TypeError, 'Titanium.Buffer: the value is neither a string nor a number');
  const charset = type === undefined || type === null ? 'utf8' : String(type);
  if (!Object.hasOwn(CHARSETS, charset)) throw mistake(TypeError, `Titanium.Buffer: unknown charset '${charset}'`);
  return CHARSETS[charset].encode(value);
}

function checkLength(length) {
  if (typeof length !== 'number') throw mistake(TypeError, 'Titanium.Buffer: the length is not a number');
  if (!Number.isInteger(length) || length < 0) throw mistake(RangeError, `Titanium.Buffer: length ${length} is not allowed`);
}

function checkRange(what, offset, length, available) {
  if (typeof offset !== 'number') throw mistake(TypeError, `${what}: the offset is not a number`);
  if (typeof length !== 'number') throw mistake(TypeError, `${what}: the length is not a number`);
  if (!Number.isInteger(offset) || offset < 0 || offset > available) {
    throw mistake(RangeError, `${what}: offset ${offset} is outside 0..${available}`);
  }
  if (!Number.isInteger(length) || length < 0 || offset + length > available) {
    throw mistake(RangeError, `${what}: length ${length} is outside 0..${available - offset}`);
  }
}

// The part of `source` that was asked for.
function sourceBytes(what, source, offset = 0, length = undefined) {
  if (!(source instanceof TiBuffer)) throw mistake(TypeError, `${what}: the source is not a Titanium.Buffer`);
  const bytes = source._bytes;
  const n = length === undefined ? Math.max(bytes.length - offset, 0) : length;
  checkRange(what, offset, n, bytes.length);
  return bytes.subarray(offset, offset + n);
}

// The number that a property name is, or NaN.
function indexOf(name) {
  if (typeof name !== 'string') return NaN;
  const first = name.charCodeAt(0);
  if (first > 57 || (first < 48 && first !== 45)) return NaN; // neither a digit nor '-'
  const index = Number(name);
  return String(index) === name ? index : NaN;
}

// buffer[i] reads and writes bytes; everything else is an ordinary property.
const handler = {
  get(target, name, receiver) {
    const index = indexOf(name);
    return Number.isNaN(index) ? Reflect.get(target, name, receiver) : target._bytes[index];
  },
  set(target, name, value, receiver) {
    const index = indexOf(name);
    if (Number.isNaN(index)) return Reflect.set(target, name, value, receiver);
    if (index >= 0 && index < target._bytes.length) target._bytes[index] = value;
    return true;
  },
  // A byte is a value, not an accessor; what lies outside is ignored as by an assignment.
  defineProperty(target, name, descriptor) {
    const index = indexOf(name);
    if (Number.isNaN(index)) return Reflect.defineProperty(target, name, descriptor);
    if (descriptor.get || descriptor.set) return false;
    if ('value' in descriptor && index >= 0 && index < target._bytes.length) target._bytes[index] = descriptor.value;
    return true;
  },
  has(target, name) {
    const index = indexOf(name);
    return Number.isNaN(index) ? Reflect.has(target, name) : index >= 0 && index < target._bytes.length;
  },
};

const RAW = new WeakMap(); // buffer -> what the handler stands before

class TiBuffer extends Proxy {
  constructor(options) {
    super();
    if (options !== undefined && options !== null && typeof options !== 'object') throw mistake(TypeError, 'Titanium.Buffer: a dictionary is expected');
    const { length, value, type, byteOrder, ...rest } = options || {};
    this.type = type;
    this.byteOrder = byteOrder === undefined || byteOrder === null ? NATIVE_ORDER : byteOrder;
    const bytes = value === undefined || value === null ? Buffer.alloc(0) : encode(value, type, this.byteOrder);
    Object.defineProperty(this, '_value', { value, writable: true });
    Object.defineProperty(this, '_bytes', { value: bytes, writable: true });
    Object.defineProperty(this, '_store', { value: bytes, writable: true });
    if (length !== undefined && length !== null) this.length = length;
    this.applyProperties(rest);
    const buffer = new globalThis.Proxy(this, handler);
    RAW.set(buffer, this);
    return buffer;
  }

  // The bytes of a buffer, past its handler; undefined if it is none.
  static bytesOf(buffer) {
    const raw = RAW.get(buffer);
    return raw && raw._bytes;
  }

  _set(bytes) {
    this._store = bytes;
    this._bytes = bytes;
  }

  // Room for `length` bytes; those beyond the old ones are not defined yet.
  _grow(length) {
    const old = this._bytes;
    if (length > this._store.length) {
      this._store = Buffer.alloc(Math.max(length, Math.min(2 * this._store.length, length + (1 << 20))));
      old.copy(this._store);
    }
    this._bytes = this._store.subarray(0, length);
  }

  get length() { return this._bytes.length; }
  set length(length) {
    checkLength(length);
    const old = this._bytes.length;
    if (length <= old) {
      this._set(Buffer.from(this._bytes.subarray(0, length)));
    } else {
      this._grow(length);
      this._bytes.fill(0, old);
    }
  }

  // What the bytes were made of; assigning makes them anew.
  get value() { return this._value; }
  set value(value) {
    this._set(value === undefined || value === null ? Buffer.alloc(0) : encode(value, this.type, this.byteOrder));
    this._value = value;
  }

  append(source, offset, length) {
    return this._insert('Buffer.append', source, this.length, offset, length);
  }

  insert(source, at, offset, length) {
    return this._insert('Buffer.insert', source, at, offset, length);
  }

  _insert(what, source, at, offset, length) {
    let bytes = sourceBytes(what, source, offset, length);
    const old = this.length;
    checkRange(what, at, 0, old);
    if (source._store === this._store) bytes = Buffer.from(bytes); // it will move
    this._grow(old + bytes.length);
    this._bytes.copyWithin(at + bytes.length, at, old);
    bytes.copy(this._bytes, at);
    return bytes.length;
  }

  copy(source, at = 0, offset = undefined, length = undefined) {
    const bytes = sourceBytes('Buffer.copy', source, offset, length);
    checkRange('Buffer.copy', at, 0, this.length);
    return bytes.copy(this._bytes, at);
  }

  clone(offset = 0, length = Math.max(this.length - offset, 0)) {
    checkRange('Buffer.clone', offset, length, this.length);
    const clone = new TiBuffer({ type: this.type, byteOrder: this.byteOrder });
    clone._set(Buffer.from(this._bytes.subarray(offset, offset + length)));
    return clone;
  }

  fill(byte, offset = 0, length = Math.max(this.length - offset, 0)) {
    if (typeof byte !== 'number') throw mistake(TypeError, 'Buffer.fill: a byte is expected');
    checkRange('Buffer.fill', offset, length, this.length);
    this._bytes.fill(byte & 0xff, offset, offset + length);
  }

  clear() {
    this._bytes.fill(0);
  }

  release() {
    this._set(Buffer.alloc(0));
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
defineAccessors(TiBuffer.prototype, ['length', 'value', 'type', 'byteOrder']);

module.exports = TiBuffer;
