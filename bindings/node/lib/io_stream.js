'use strict';
// io_stream.js - Titanium.IOStream: read and write with their two forms each.
//
// What a stream gives: `_readSync(bytes)` fills a Node Buffer and returns how
// many bytes (-1 = the end), `_writeSync(bytes)` takes one and returns how many it
// took; both may throw.  The asynchronous forms of such a stream run the same from
// the loop, one after another, in the order of the calls.  A socket replaces
// `_enqueue` by its own queues.

const TiBuffer = require('./buffer');
const { Proxy, mistake } = require('./proxy');

function streamException(message) {
  const error = new Error(message);
  error.name = 'StreamException';
  error.code = -1;
  return error;
}

function isInteger(value) {
  return typeof value === 'number' && Number.isInteger(value);
}

// The arguments (buffer[, offset, length][, callback]) of read and write, `n` of them.
function parse(n, buffer, offset, length, last) {
  let callback = null;
  const at = n === 2 ? offset : n === 4 ? last : n === 1 ? buffer : length;
  if (typeof at === 'function') {
    callback = at;
    n--;
  }
  if (n === 3 && offset === undefined && length === undefined) n = 1; // as the declarations allow
  if (n !== 1 && n !== 3) throw mistake(TypeError, 'Invalid number of arguments');
  const bytes = TiBuffer.bytesOf(buffer);
  if (!bytes) throw mistake(TypeError, 'Invalid buffer argument');
  if (n === 1) return operation(buffer, bytes, 0, bytes.length, callback, null);
  if (typeof offset !== 'number') throw mistake(TypeError, 'Invalid offset argument');
  if (typeof length !== 'number') throw mistake(TypeError, 'Invalid length argument');
  return range(buffer, bytes, offset, length, callback);
}

// `target` is the memory of the buffer as it was last seen.
function operation(buffer, target, offset, length, callback, problem) {
  return { type: '', socket: null, buffer, offset, length, callback, problem, target, copy: null, isDone: false, result: -1, error: null };
}

// What reaches past the end is cut; an offset beyond it is a mistake.
function range(buffer, bytes, offset, length, callback) {
  const size = bytes.length;
  let problem = null;
  if (!isInteger(offset) || offset < 0 || offset > size) {
    problem = mistake(RangeError, `Invalid offset argument: ${offset} is outside 0..${size}`);
  } else if (!isInteger(length) || length < 0) {
    problem = mistake(RangeError, `Invalid length argument: ${length}`);
  }
  return operation(buffer, bytes, offset, problem ? 0 : Math.min(length, size - offset), callback, problem);
}

// The errno of an error, -1 where there is none.
function numberOf(error) {
  if (typeof error.code === 'number' && error.code !== 0) return error.code;
  return typeof error.errno === 'number' && error.errno !== 0 ? Math.abs(error.errno) : -1;
}

// What a callback gets.  ti: Titanium.IOStream.read
function payload(type, source, buffer, bytesProcessed, error) {
  const result = {
    type: error ? 'error' : type,
    source,
    buffer,
    bytesProcessed,
    success: !error,
    code: 0,
    errorState: 0,
    errorDescription: '',
  };
  if (error) {
    result.code = numberOf(error);
    result.error = error.message;
    result.errorState = result.code;
    result.errorDescription = error.message;
  }
  return result;
}

class IOStream extends Proxy {
  #queue = []; // asynchronous operations that have not called back, in their order

  isReadable() { return false; }
  isWritable() { return false; }
  close() {}

  read(buffer, offset, length, callback) {
    const op = parse(arguments.length, buffer, offset, length, callback);
    if (!this.isReadable()) throw streamException('Stream is not readable');
    op.type = 'read';
    if (op.callback) return this._enqueue(op);
    if (op.problem) throw op.problem;
    this._catchUp();
    return this._run(op);
  }

  write(buffer, offset, length, callback) {
    const op = parse(arguments.length, buffer, offset, length, callback);
    if (!this.isWritable()) throw streamException('Stream is not writable');
    op.type = 'write';
    if (op.callback) return this._enqueue(op);
    if (op.problem) throw op.problem;
    this._catchUp();
    return this._run(op);
  }

  // The bytes of an operation, in the buffer's memory or as they were when it was asked for.
  _bytes(op) {
    if (op.copy) return op.copy;
    return TiBuffer.bytesOf(op.buffer).subarray(op.offset, op.offset + op.length);
  }

  _run(op) {
    if (op.length === 0) return 0;
    return op.type === 'read' ? this._readSync(this._bytes(op)) : this._writeSync(this._bytes(op));
  }

  // The bytes to write are those of now; each operation calls back in a turn of its own.
  _enqueue(op) {
    if (op.type === 'write' && !op.problem) op.copy = Buffer.from(this._bytes(op));
    this.#queue.push(op);
    if (this.#queue.length === 1) setImmediate(() => this.#turn());
    return undefined;
  }

  #turn() {
    const op = this.#queue[0];
    this.#perform(op);
    this.#queue.shift();
    if (this.#queue.length > 0) setImmediate(() => this.#turn());
    op.callback.call(this, payload(op.type, this, op.buffer, op.error ? -1 : op.result, op.error));
  }

  // What was asked for before a synchronous call comes before it; its callbacks come later.
  _catchUp() {
    for (const op of this.#queue) this.#perform(op);
  }

  // Once; the stream may have been closed meanwhile.
  #perform(op) {
    if (op.isDone) return;
    op.isDone = true;
    op.error = op.problem;
    if (!op.error && !(op.type === 'read' ? this.isReadable() : this.isWritable())) {
      op.error = streamException(op.type === 'read' ? 'Stream is not readable' : 'Stream is not writable');
    }
    try {
      if (!op.error) op.result = this._run(op);
    } catch (thrown) {
      op.error = thrown;
    }
  }
}

IOStream.apiName = 'Ti.IOStream';
IOStream.titaniumName = 'TiIOStream';

module.exports = { IOStream, numberOf, parse, payload, range, streamException };
