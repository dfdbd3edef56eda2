'use strict';
// http_body.js - what send() was given, as a native body.  ti: HTTPClient.send

const native = require('./native');
const Blob = require('./blob');

const TEXT = 0; // kinds of a form field; bindings/node/body.c has the same
const JSON_TEXT = 1;
const FILE = 2;

const BYTES = 'application/octet-stream';

function isFile(value) {
  return value !== null && typeof value === 'object' && value.apiName === 'Ti.Filesystem.File';
}

function isTiBuffer(value) {
  return value !== null && typeof value === 'object' && value.apiName === 'Ti.Buffer';
}

// A Node Buffer over the bytes of a buffer of any kind, else null.
function bytesOf(value) {
  if (isTiBuffer(value)) return value._bytes;
  if (Buffer.isBuffer(value)) return value;
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  return null;
}

function isContent(value) {
  return value instanceof Blob || isFile(value) || bytesOf(value) !== null;
}

function fromBlob(blob) {
  const s = blob._source;
  const type = blob._type || BYTES;
  if (s.kind === 'memory') return native.bodyBytes(s.buffer, type);
  if (s.kind === 'path') return native.bodyFile(s.path, blob._type);
  return native.bodyDescriptor(s.fd, s.length, type);
}

function fromContent(value) {
  if (value instanceof Blob) return fromBlob(value);
  if (isFile(value)) return native.bodyFile(value.resolve(), null);
  return native.bodyBytes(bytesOf(value), BYTES);
}

function addField(fields, name, value) {
  if (value === null || value === undefined) return;
  if (isContent(value)) {
    fields.push(FILE, name, fromContent(value), null);
  } else if (Array.isArray(value) && value.some(isContent)) {
    for (const item of value) addField(fields, name, item);
  } else if (value instanceof Date) {
    fields.push(TEXT, name, value.toISOString(), null);
  } else if (typeof value === 'object') {
    fields.push(JSON_TEXT, name, JSON.stringify(value), null);
  } else {
    fields.push(TEXT, name, String(value), null);
  }
}

function fromDictionary(dictionary) {
  const fields = [];
  for (const key of Object.keys(dictionary)) addField(fields, key, dictionary[key]);
  return native.bodyForm(fields);
}

// A native body, or null for none.
function makeBody(data) {
  if (data === null || data === undefined) return null;
  if (typeof data === 'string') return native.bodyText(data, null);
  if (isContent(data)) return fromContent(data);
  if (data instanceof Date) return native.bodyText(data.toISOString(), null);
  if (typeof data === 'object') return fromDictionary(data);
  return native.bodyText(String(data), null);
}

module.exports = { makeBody };
