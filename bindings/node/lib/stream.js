'use strict';
// stream.js - the module Titanium.Stream: what can be done with any stream.

const Blob = require('./blob');
const TiBuffer = require('./buffer');
const { BlobStream, BufferStream, MODES, isMode } = require('./data_streams');
const { IOStream, numberOf, range, streamException } = require('./io_stream');
const { Proxy, defineConstants, mistake } = require('./proxy');

const READ_ALL_CHUNK = 64 * 1024;

function need(isRight, text) {
  if (!isRight) throw mistake(TypeError, text);
}

const isStream = (value) => value instanceof IOStream;
const isBuffer = (value) => value instanceof TiBuffer;
const isFunction = (value) => typeof value === 'function';

// (stream, buffer[, offset, length], callback)
function parse(args) {
  need(args.length === 3 || args.length === 5, 'Invalid number of arguments');
  const [stream, buffer] = args;
  const callback = args[args.length - 1];
  need(isStream(stream), 'Invalid stream argument');
  need(isBuffer(buffer), 'Invalid buffer argument');
  const offset = args.length === 5 ? args[2] : 0;
  const length = args.length === 5 ? args[3] : buffer.length;
  need(typeof offset === 'number', 'Invalid offset argument');
  need(typeof length === 'number', 'Invalid length argument');
  need(isFunction(callback), 'Invalid callback argument');
  const { problem } = range(buffer, TiBuffer.bytesOf(buffer), offset, length, null);
  if (problem) throw problem;
  if (offset + length > buffer.length) {
    throw mistake(RangeError, `Invalid length argument: ${length} from ${offset} is more than the buffer has, ${buffer.length}`);
  }
  return { stream, buffer, offset, length, callback };
}

function outcome(fields, error) {
  const code = error ? numberOf(error) : 0;
  const result = { ...fields, success: !error, code, errorState: code, errorDescription: error ? error.message : '' };
  if (error) result.error = error.message;
  return result;
}

// What a stream's own callback said, as an error or null.
function errorOf(e) {
  return e.success ? null : { code: e.code, message: e.error };
}

function checkChunkSize(size) {
  need(typeof size === 'number' && Number.isInteger(size) && size > 0, 'Invalid max chunk size argument');
}

class Stream extends Proxy {
  createStream(options) {
    const { mode, source } = options || {};
    if (!isMode(mode)) throw mistake(TypeError, 'Unable to create stream, invalid mode');
    if (source instanceof Blob) {
      need(mode === MODES.READ, 'Unable to create a blob stream in a mode other than read');
      return new BlobStream(source);
    }
    need(isBuffer(source), 'Unable to create a stream for the specified argument');
    return new BufferStream(source, mode);
  }

  read(...args) {
    const { stream, buffer, offset, length, callback } = parse(args);
    stream.read(buffer, offset, length, (e) => {
      callback(outcome({ source: stream, buffer, bytesProcessed: e.bytesProcessed }, errorOf(e)));
    });
  }

  write(...args) {
    const { stream, buffer, offset, length, callback } = parse(args);
    stream.write(buffer, offset, length, (e) => {
      callback(outcome({ source: stream, buffer, bytesProcessed: e.bytesProcessed }, errorOf(e)));
    });
  }

  // (stream): waits and returns a Buffer; (stream, buffer, callback): appends to it
  readAll(...args) {
    need(args.length === 1 || args.length === 3, 'Invalid number of arguments');
    const [stream, buffer, callback] = args;
    need(isStream(stream), 'Invalid stream argument');
    if (args.length === 1) return readAllNow(stream);
    need(isBuffer(buffer), 'Invalid buffer argument');
    need(isFunction(callback), 'Invalid callback argument');
    readAllLater(stream, buffer, callback);
    return undefined;
  }

  // (in, out, maxChunkSize[, callback]); without a callback it returns the total
  writeStream(...args) {
    need(args.length === 3 || args.length === 4, 'Invalid number of arguments');
    const [from, to, size, callback] = args;
    need(isStream(from), 'Invalid input stream argument');
    need(isStream(to), 'Invalid output stream argument');
    checkChunkSize(size);
    if (args.length === 3) return copyNow(from, to, size);
    need(isFunction(callback), 'Invalid callback argument');
    copyLater(from, to, size, callback);
    return undefined;
  }

  // (stream, callback, maxChunkSize[, isAsync])
  pump(...args) {
    need(args.length === 3 || args.length === 4, 'Invalid number of arguments');
    const [stream, callback, size, isAsync] = args;
    need(isStream(stream), 'Invalid stream argument');
    need(isFunction(callback), 'Invalid callback argument');
    checkChunkSize(size);
    if (isAsync) pumpLater(stream, callback, size);
    else pumpNow(stream, callback, size);
  }
}

// ---- readAll ----

function readAllNow(stream) {
  const all = new TiBuffer();
  const chunk = new TiBuffer({ length: READ_ALL_CHUNK });
  for (let n = stream.read(chunk); n >= 0; n = stream.read(chunk)) all.append(chunk, 0, n);
  return all;
}

// A stream over a buffer ends where that ended at the start.
function holdEnd(stream, isHeld) {
  if (stream._holdEnd) stream._holdEnd(isHeld);
}

function readAllLater(stream, buffer, callback) {
  holdEnd(stream, true);
  const chunk = new TiBuffer({ length: READ_ALL_CHUNK });
  let total = 0;
  const end = (error) => {
    holdEnd(stream, false);
    callback(outcome({ source: stream, buffer, bytesProcessed: error ? -1 : total, totalBytesProcessed: total }, error));
  };
  const next = () => stream.read(chunk, (e) => {
    if (!e.success || e.bytesProcessed < 0) {
      end(errorOf(e));
      return;
    }
    buffer.append(chunk, 0, e.bytesProcessed);
    total += e.bytesProcessed;
    if (stream.isReadable()) next();
    else end(streamException('Stream is not readable')); // closed meanwhile
  });
  try {
    next();
  } catch (error) {
    holdEnd(stream, false);
    throw error;
  }
}

// ---- writeStream ----

function copyNow(from, to, size) {
  const chunk = new TiBuffer({ length: size });
  let total = 0;
  holdEnd(from, true);
  try {
    for (let n = from.read(chunk); n >= 0; n = from.read(chunk)) {
      const written = to.write(chunk, 0, n);
      total += written;
      if (written < n) break; // a buffer that is full
    }
  } finally {
    holdEnd(from, false);
  }
  return total;
}

function copyLater(from, to, size, callback) {
  const chunk = new TiBuffer({ length: size });
  let total = 0;
  const end = (error) => {
    holdEnd(from, false);
    callback(outcome({ fromStream: from, toStream: to, bytesProcessed: error ? -1 : total }, error));
  };
  holdEnd(from, true);
  const guarded = (action) => {
    try {
      action();
    } catch (error) {
      end(error);
    }
  };
  const next = () => from.read(chunk, (e) => {
    if (!e.success) end(errorOf(e));
    else if (e.bytesProcessed < 0) end(null);
    else guarded(() => pass(e.bytesProcessed));
  });
  const pass = (n) => to.write(chunk, 0, n, (e) => {
    if (!e.success) {
      end(errorOf(e));
      return;
    }
    total += e.bytesProcessed;
    if (e.bytesProcessed < n) end(null);
    else guarded(next);
  });
  next();
}

// ---- pump ----

function chunkEvent(stream, buffer, bytesProcessed, total, error) {
  return outcome({ source: stream, buffer, bytesProcessed, totalBytesProcessed: total }, error);
}

function pumpNow(stream, callback, size) {
  const chunk = new TiBuffer({ length: size });
  let total = 0;
  for (;;) {
    let n;
    try {
      n = stream.read(chunk);
    } catch (error) {
      if (total === 0 && error.name === 'StreamException') throw error;
      callback(chunkEvent(stream, null, -1, total, error));
      return;
    }
    if (n < 0) {
      callback(chunkEvent(stream, null, -1, total, null));
      return;
    }
    total += n;
    callback(chunkEvent(stream, chunk.clone(0, n), n, total, null));
  }
}

function pumpLater(stream, callback, size) {
  const chunk = new TiBuffer({ length: size });
  let total = 0;
  const end = (error) => callback(chunkEvent(stream, null, -1, total, error));
  const next = () => stream.read(chunk, (e) => {
    if (!e.success || e.bytesProcessed < 0) {
      end(errorOf(e));
      return;
    }
    total += e.bytesProcessed;
    callback(chunkEvent(stream, chunk.clone(0, e.bytesProcessed), e.bytesProcessed, total, null));
    if (stream.isReadable()) next();
    else setImmediate(end, streamException('Stream is not readable')); // closed from the callback
  });
  next();
}

Stream.apiName = 'Ti.Stream';
Stream.titaniumName = 'TiStream';
defineConstants(Stream.prototype, { MODE_READ: MODES.READ, MODE_WRITE: MODES.WRITE, MODE_APPEND: MODES.APPEND });

module.exports = new Stream();
