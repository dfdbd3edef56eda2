'use strict';
// blob.js - Titanium.Blob: bytes in memory, in a file by its path, or in a file
// that has no name any more.  File-backed ones are read when asked, not before.

const fs = require('fs');
const { pathToFileURL } = require('url');
const { TextDecoder } = require('util');
const { Proxy, defineAccessors } = require('./proxy');

const TEXT_TYPES = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded)|[^;]*\+(xml|json))/i;

// A source is {kind: 'memory', buffer}, {kind: 'path', path} or {kind: 'fd', fd,
// holder, length}; the holder closes the descriptor when nobody has it.
function readFrom(fd, length) {
  const buffer = Buffer.allocUnsafe(length);
  let at = 0;
  while (at < length) {
    const n = fs.readSync(fd, buffer, at, length - at, at);
    if (n === 0) break;
    at += n;
  }
  return at === length ? buffer : buffer.subarray(0, at);
}

class Blob extends Proxy {
  constructor(source, mimeType) {
    super();
    Object.defineProperty(this, '_source', { value: source, writable: true });
    this._type = mimeType || null;
    Object.defineProperty(this, '_type', { enumerable: false });
  }

  static fromBuffer(buffer, mimeType) {
    return new Blob({ kind: 'memory', buffer }, mimeType);
  }

  static fromPath(path, mimeType) {
    return new Blob({ kind: 'path', path }, mimeType);
  }

  static fromFd(descriptor, length, mimeType) {
    return new Blob({ kind: 'fd', fd: descriptor.fd, holder: descriptor.holder, length }, mimeType);
  }

  // All bytes, as a Node Buffer that must not be changed.
  _read() {
    const s = this._source;
    if (s.kind === 'memory') return s.buffer;
    if (s.kind === 'path') return fs.readFileSync(s.path);
    return readFrom(s.fd, s.length);
  }

  get length() {
    const s = this._source;
    if (s.kind === 'memory') return s.buffer.length;
    if (s.kind === 'fd') return s.length;
    try {
      return fs.statSync(s.path).size;
    } catch {
      return 0;
    }
  }

  get size() {
    return this.length;
  }

  get mimeType() {
    return this._type || 'application/octet-stream';
  }

  // null if it is no text, or the file is gone.
  get text() {
    let bytes;
    try {
      bytes = this._read();
    } catch (error) {
      require('./api').debug(`Blob.text: ${error.message}`);
      return null;
    }
    if (bytes.length > 0 && this._type && !TEXT_TYPES.test(this._type) && bytes.includes(0)) return null;
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this._type && TEXT_TYPES.test(this._type) ? bytes.toString('latin1') : null;
    }
  }

  get nativePath() {
    const s = this._source;
    if (s.kind === 'memory') return undefined;
    return pathToFileURL(s.kind === 'path' ? s.path : `/proc/self/fd/${s.fd}`).href;
  }

  get file() {
    return this._source.kind === 'path' ? require('./filesystem').getFile(this._source.path) : null;
  }

  get width() { return 0; }
  get height() { return 0; }
  get rotation() { return 0; }
  get uprightWidth() { return 0; }
  get uprightHeight() { return 0; }

  append(blob) {
    if (!(blob instanceof Blob)) throw new TypeError('Blob.append: the argument is not a Blob');
    this._source = { kind: 'memory', buffer: Buffer.concat([this._read(), blob._read()]) };
  }

  toString() {
    const { text } = this;
    return text === null ? super.toString() : text;
  }

  toArrayBuffer() {
    const bytes = this._read();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  }

  arrayBuffer() {
    return Promise.resolve().then(() => this.toArrayBuffer());
  }
}

for (const name of ['imageAsCompressed', 'imageAsCropped', 'imageAsResized', 'imageAsThumbnail',
  'imageWithAlpha', 'imageWithRoundedCorner', 'imageWithTransparentBorder']) {
  Blob.prototype[name] = function () {
    throw Object.assign(new Error(`Blob.${name} is not supported: tinet has no images`), {
      code: 'ERR_TINET_NOT_SUPPORTED',
    });
  };
}

Blob.apiName = 'Ti.Blob';
Blob.titaniumName = 'TiBlob';
defineAccessors(Blob.prototype,
  ['length', 'size', 'mimeType', 'text', 'nativePath', 'file', 'width', 'height', 'rotation', 'uprightWidth', 'uprightHeight'], true);

module.exports = Blob;
