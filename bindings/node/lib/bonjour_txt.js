'use strict';
// bonjour_txt.js - the strings of a TXT record and what scripts see of them:
// {key: String, Buffer or true}.  rfc: 6763 6

const EQUALS = 61;

function bytesOf(value) {
  if (value && value._bytes) return value._bytes; // a Ti.Buffer
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Buffer.from(String(value), 'utf8');
}

// Keys without a value (undefined, null, false) are left out.  A key with '=' would be
// another one; it becomes a string that no rule allows, which publishing refuses.
function encodeTxt(record) {
  const strings = [];
  for (const [key, value] of Object.entries(record || {})) {
    if (value === undefined || value === null || value === false) continue;
    const name = key.includes('=') ? '' : key;
    strings.push(value === true ? Buffer.from(name) : Buffer.concat([Buffer.from(`${name}=`), bytesOf(value)]));
  }
  return strings;
}

// What is not UTF-8 stays bytes.
function valueOf(bytes) {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : Buffer.from(bytes);
}

// Case does not count in keys, and the first one of several does.
function decodeTxt(list) {
  const record = {};
  const seen = new Set();
  for (const bytes of list) {
    const at = bytes.indexOf(EQUALS);
    const key = bytes.toString('latin1', 0, at < 0 ? bytes.length : at);
    if (key === '' || seen.has(key.toLowerCase())) continue;
    seen.add(key.toLowerCase());
    // not an assignment: a stranger may say "__proto__"
    Object.defineProperty(record, key, { value: at < 0 ? true : valueOf(bytes.subarray(at + 1)), enumerable: true, configurable: true, writable: true });
  }
  return record;
}

module.exports = { decodeTxt, encodeTxt };
