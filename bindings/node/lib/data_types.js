'use strict';
// data_types.js - the numbers and charsets of Titanium.Codec and Titanium.Buffer.

// ti: Titanium.Codec.BIG_ENDIAN, Titanium.Codec.LITTLE_ENDIAN
const BIG_ENDIAN = 0;
const LITTLE_ENDIAN = 1;
const NATIVE_ORDER = new Uint8Array(new Uint16Array([1]).buffer)[0] ? LITTLE_ENDIAN : BIG_ENDIAN;

// ti: Titanium.Codec.TYPE_BYTE and its kind: bytes, and how a DataView has one
const NUMBERS = {
  byte: number(1, 'Int8'),
  short: number(2, 'Int16'),
  int: number(4, 'Int32'),
  long: {
    length: 8,
    write: (view, value, little) => view.setBigInt64(0, toBigInt(value), little),
    read: (view, little) => Number(view.getBigInt64(0, little)),
  },
  float: number(4, 'Float32'),
  double: number(8, 'Float64'),
};

function number(length, name) {
  return {
    length,
    write: (view, value, little) => view[`set${name}`](0, value, little),
    read: (view, little) => view[`get${name}`](0, little),
  };
}

function toBigInt(value) {
  const whole = Math.trunc(value);
  return BigInt(Number.isFinite(whole) ? whole : 0);
}

const BYTE_ORDER_MARK = Buffer.from([0xfe, 0xff]);

function swapped(bytes) {
  return Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16();
}

// ti: Titanium.Codec.CHARSET_UTF8 and its kind; what a charset has not is '?'
const CHARSETS = {
  ascii: {
    encode: (text) => Buffer.from(text.replace(/[^\0-\x7f]/gu, '?'), 'latin1'),
    decode: (bytes) => bytes.toString('latin1').replace(/[\x80-\xff]/g, '?'),
  },
  latin1: {
    encode: (text) => Buffer.from(text.replace(/[^\0-\xff]/gu, '?'), 'latin1'),
    decode: (bytes) => bytes.toString('latin1'),
  },
  utf8: {
    encode: (text) => Buffer.from(text, 'utf8'),
    decode: (bytes) => bytes.toString('utf8'),
  },
  utf16: {
    encode: (text) => Buffer.concat([BYTE_ORDER_MARK, CHARSETS.utf16be.encode(text)]),
    decode(bytes) {
      if (bytes[0] === 0xff && bytes[1] === 0xfe) return CHARSETS.utf16le.decode(bytes.subarray(2));
      return CHARSETS.utf16be.decode(bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2) : bytes);
    },
  },
  utf16le: {
    encode: (text) => Buffer.from(text, 'utf16le'),
    decode: (bytes) => bytes.toString('utf16le'),
  },
  utf16be: {
    encode: (text) => Buffer.from(text, 'utf16le').swap16(),
    decode: (bytes) => swapped(bytes).toString('utf16le'),
  },
};

module.exports = { BIG_ENDIAN, CHARSETS, LITTLE_ENDIAN, NATIVE_ORDER, NUMBERS };
