'use strict';
// data_streams.js - streams over a Buffer, over a Blob and over a file.

const fs = require('fs');
const { IOStream } = require('./io_stream');

// ti: Titanium.Stream.MODE_READ and its kind; Titanium.Filesystem has the same
const MODES = { READ: 0, WRITE: 1, APPEND: 2 };

// Open until closed, in one of the three modes.
class ModalStream extends IOStream {
  constructor(mode) {
    super();
    Object.defineProperty(this, '_mode', { value: mode });
    Object.defineProperty(this, '_isOpen', { value: true, writable: true });
  }

  isReadable() { return this._isOpen && this._mode === MODES.READ; }
  isWritable() { return this._isOpen && this._mode !== MODES.READ; }

  close() {
    this._isOpen = false;
  }
}

// ti: Titanium.BufferStream - WRITE fills the buffer from its start, APPEND grows it
class BufferStream extends ModalStream {
  #buffer;
  #position = 0;
  #end = Infinity;
  #nHolders = 0; // copies that are under way

  constructor(buffer, mode) {
    super(mode);
    this.#buffer = buffer;
  }

  // What is appended to the buffer while it is copied is not copied: it may be the copy.
  // Of several copies at once, the first fixes the end and the last opens it again.
  _holdEnd(isHeld) {
    if (isHeld && this.#nHolders === 0) this.#end = this.#buffer.length;
    this.#nHolders += isHeld ? 1 : -1;
    if (this.#nHolders === 0) this.#end = Infinity;
  }

  _readSync(target) {
    const rest = this.#buffer._bytes.subarray(this.#position, this.#end);
    if (rest.length === 0) return -1;
    const n = Buffer.from(rest.buffer, rest.byteOffset, rest.length).copy(target, 0, 0, Math.min(rest.length, target.length));
    this.#position += n;
    return n;
  }

  _writeSync(bytes) {
    if (this._mode === MODES.APPEND) {
      const at = this.#buffer.length;
      const copy = Buffer.from(bytes); // the buffer may be its own source
      this.#buffer._grow(at + copy.length);
      copy.copy(this.#buffer._bytes, at);
      return copy.length;
    }
    const room = this.#buffer._bytes.subarray(this.#position);
    const n = Math.min(room.length, bytes.length);
    Buffer.from(room.buffer, room.byteOffset, room.length).set(bytes.subarray(0, n));
    this.#position += n;
    return n;
  }
}

// ti: Titanium.BlobStream
class BlobStream extends ModalStream {
  #bytes = null;
  #blob;
  #position = 0;

  constructor(blob) {
    super(MODES.READ);
    this.#blob = blob;
  }

  _readSync(target) {
    if (!this.#bytes) this.#bytes = this.#blob._read();
    const n = this.#bytes.copy(target, 0, this.#position, this.#position + target.length);
    this.#position += n;
    return n > 0 ? n : -1;
  }

  close() {
    super.close();
    this.#bytes = null;
  }
}

// ti: Titanium.Filesystem.FileStream
class FileStream extends ModalStream {
  #fd;

  constructor(path, mode) {
    super(mode);
    this.#fd = fs.openSync(path, { [MODES.READ]: 'r', [MODES.WRITE]: 'w', [MODES.APPEND]: 'a' }[mode]);
    registry.register(this, this.#fd, this);
  }

  _readSync(target) {
    const n = fs.readSync(this.#fd, target, 0, target.length, null);
    return n > 0 ? n : -1;
  }

  _writeSync(bytes) {
    let at = 0;
    while (at < bytes.length) at += fs.writeSync(this.#fd, bytes, at, bytes.length - at);
    return at;
  }

  close() {
    if (!this._isOpen) return; // clean-up code often runs twice
    super.close();
    registry.unregister(this);
    fs.closeSync(this.#fd);
  }
}

// A stream that nobody has closed gives its descriptor back when it is collected.
const registry = new FinalizationRegistry((fd) => {
  try {
    fs.closeSync(fd);
  } catch {
    // it is gone already
  }
});

function isMode(mode) {
  return mode === MODES.READ || mode === MODES.WRITE || mode === MODES.APPEND;
}

BufferStream.apiName = 'Ti.BufferStream';
BufferStream.titaniumName = 'TiBufferStream';
BlobStream.apiName = 'Ti.BlobStream';
BlobStream.titaniumName = 'TiBlobStream';
FileStream.apiName = 'Ti.Filesystem.FileStream';
FileStream.titaniumName = 'TiFilesystemFileStream';

module.exports = { BlobStream, BufferStream, FileStream, MODES, isMode };
