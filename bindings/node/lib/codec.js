'use strict';
// codec.js - Titanium.Codec: numbers and text in and out of a Titanium.Buffer.

const TiBuffer = require('./buffer');
const { BIG_ENDIAN, CHARSETS, LITTLE_ENDIAN, NATIVE_ORDER, NUMBERS } = require('./data_types');
const { Proxy, defineConstants, mistake } = require('./proxy');

function isUnset(value) {
  return value === undefined || value === null;
}

function check(what, options) {
  if (options === null || typeof options !== 'object') throw mistake(TypeError, `${what}: a dictionary is expected`);
}

function checkBuffer(what, name, value) {
  if (!(value instanceof TiBuffer)) throw mistake(TypeError, `${what}: ${name} is not a Titanium.Buffer`);
  return value._bytes;
}

function typeOf(what, type) {
  if (typeof type !== 'string' || !Object.hasOwn(NUMBERS, type)) throw mistake(TypeError, `${what}: unknown type ${JSON.stringify(type)}`);
  return NUMBERS[type];
}

function charsetOf(what, charset) {
  const name = isUnset(charset) ? 'utf8' : charset;
  if (typeof name !== 'string' || !Object.hasOwn(CHARSETS, name)) throw mistake(TypeError, `${what}: unknown charset ${JSON.stringify(name)}`);
  return CHARSETS[name];
}

function orderOf(what, order) {
  if (isUnset(order)) return NATIVE_ORDER === LITTLE_ENDIAN;
  if (order !== BIG_ENDIAN && order !== LITTLE_ENDIAN) throw mistake(TypeError, `${what}: unknown byte order ${order}`);
  return order === LITTLE_ENDIAN;
}

// A position or a length: an integer of 0..max.
function numberOf(what, name, value, fallback, max) {
  if (isUnset(value)) return fallback;
  if (typeof value !== 'number') throw mistake(TypeError, `${what}: ${name} is not a number`);
  if (!Number.isInteger(value) || value < 0 || value > max) throw mistake(RangeError, `${what}: ${name} ${value} is outside 0..${max}`);
  return value;
}

function view(bytes, position, length) {
  return new DataView(bytes.buffer, bytes.byteOffset + position, length);
}

class Codec extends Proxy {
  // ti: Titanium.Codec.encodeNumber
  encodeNumber(options) {
    const what = 'Codec.encodeNumber';
    check(what, options);
    if (typeof options.source !== 'number') throw mistake(TypeError, `${what}: source is not a number`);
    const bytes = checkBuffer(what, 'dest', options.dest);
    const type = typeOf(what, options.type);
    const little = orderOf(what, options.byteOrder);
    const position = numberOf(what, 'position', options.position, 0, bytes.length);
    if (position + type.length > bytes.length) throw mistake(RangeError, `${what}: dest has no room for ${type.length} bytes at ${position}`);
    type.write(view(bytes, position, type.length), options.source, little);
    return position + type.length;
  }

  decodeNumber(options) {
    const what = 'Codec.decodeNumber';
    check(what, options);
    const bytes = checkBuffer(what, 'source', options.source);
    const type = typeOf(what, options.type);
    const little = orderOf(what, options.byteOrder);
    const position = numberOf(what, 'position', options.position, 0, bytes.length);
    if (position + type.length > bytes.length) throw mistake(RangeError, `${what}: source has not ${type.length} bytes at ${position}`);
    return type.read(view(bytes, position, type.length), little);
  }

  encodeString(options) {
    const what = 'Codec.encodeString';
    check(what, options);
    if (typeof options.source !== 'string') throw mistake(TypeError, `${what}: source is not a string`);
    const bytes = checkBuffer(what, 'dest', options.dest);
    const charset = charsetOf(what, options.charset);
    const at = numberOf(what, 'destPosition', options.destPosition, 0, bytes.length);
    const from = numberOf(what, 'sourcePosition', options.sourcePosition, 0, options.source.length);
    const n = numberOf(what, 'sourceLength', options.sourceLength, options.source.length - from, options.source.length - from);
    const encoded = charset.encode(options.source.slice(from, from + n));
    if (at + encoded.length > bytes.length) throw mistake(RangeError, `${what}: dest has no room for ${encoded.length} bytes at ${at}`);
    encoded.copy(bytes, at);
    return at + encoded.length;
  }

  decodeString(options) {
    const what = 'Codec.decodeString';
    check(what, options);
    const bytes = checkBuffer(what, 'source', options.source);
    const charset = charsetOf(what, options.charset);
    const position = numberOf(what, 'position', options.position, 0, bytes.length);
    const n = numberOf(what, 'length', options.length, bytes.length - position, bytes.length - position);
    return charset.decode(bytes.subarray(position, position + n));
  }

  getNativeByteOrder() {
    return NATIVE_ORDER;
  }
}

Codec.apiName = 'Ti.Codec';
Codec.titaniumName = 'TiCodec';
defineConstants(Codec.prototype, {
  CHARSET_ASCII: 'ascii',
  CHARSET_ISO_LATIN_1: 'latin1',
  CHARSET_UTF8: 'utf8',
  CHARSET_UTF16: 'utf16',
  CHARSET_UTF16BE: 'utf16be',
  CHARSET_UTF16LE: 'utf16le',
  TYPE_BYTE: 'byte',
  TYPE_SHORT: 'short',
  TYPE_INT: 'int',
  TYPE_LONG: 'long',
  TYPE_FLOAT: 'float',
  TYPE_DOUBLE: 'double',
  BIG_ENDIAN,
  LITTLE_ENDIAN,
});

module.exports = new Codec();
