'use strict';
// socket_transfer.js - what is read and written on one connection, in the order of
// the calls.
//
// The first asynchronous read and all asynchronous writes that wait are with the
// native stream.  Each operation calls back exactly once, never inside the call
// that asked for it.

const { payload } = require('./io_stream');
const { callLater, runLater } = require('./later');
const TiBuffer = require('./buffer');
const { asSocketError, native, socketError } = require('./socket_native');

const ENOBUFS = 105;
const SENT = 0; // of streamWrite: all is with the kernel; else it waits, or has failed

function callBack(op, n, error) {
  op.callback.call(op.socket, payload(op.type, op.socket, op.buffer, n, error));
}

// The buffer may have been changed meanwhile: the bytes go where they belong.
function place(op, n) {
  const now = TiBuffer.bytesOf(op.buffer);
  if (now === op.target) return n;
  return op.target.copy(now, Math.min(op.offset, now.length), op.offset, op.offset + n);
}

class Transfer {
  constructor(handle) {
    this.handle = handle;
    this.reads = [];
    this.writes = [];
    this.hasEnded = false; // the peer sends no more
  }

  // ---- asynchronous ----

  read(op) {
    if (this.hasEnded) {
      callLater(callBack, op, -1, null);
      return;
    }
    this.reads.push(op);
    if (this.reads.length === 1) this.#startRead(op);
  }

  // The buffer may have other memory than when the call was made.
  #startNext() {
    const op = this.reads[0];
    op.target = TiBuffer.bytesOf(op.buffer);
    this.#startRead(op);
  }

  #startRead(op) {
    try {
      native.streamRead(this.handle, op.target, op.offset, op.length);
    } catch (error) {
      if (error.code === 'TINET_ESTATE') return; // it has failed: that comes from the loop
      this.reads.shift();
      callLater(callBack, op, -1, asSocketError(error));
      if (this.reads.length > 0) this.#startNext();
    }
  }

  // `n` bytes have come, or the end.
  received(n) {
    if (n <= 0) {
      this.#end();
      runLater();
      return;
    }
    const op = this.reads.shift();
    const count = place(op, n);
    if (this.reads.length > 0) this.#startNext();
    callBack(op, count, null);
  }

  #end() {
    this.hasEnded = true;
    for (const op of this.reads) callLater(callBack, op, -1, null);
    this.reads = [];
  }

  write(op) {
    let fate;
    try {
      fate = native.streamWrite(this.handle, op.target, op.offset, op.length);
    } catch (error) {
      const isFull = error.reason === 'TINET_ELIMIT';
      const told = isFull ? socketError('Too much is waiting to be sent; write again after `drain`', ENOBUFS) : asSocketError(error);
      callLater(callBack, op, -1, told);
      return;
    }
    if (fate !== SENT || this.writes.length > 0) this.writes.push(op);
    else callLater(callBack, op, op.length, null);
  }

  // The native queue was empty: so have ended those before what is in it now.
  drained() {
    const { writes } = this;
    let rest = native.streamQueued(this.handle);
    let n = writes.length;
    while (rest > 0 && n > 0) rest -= writes[--n].length;
    this.writes = writes.splice(n);
    for (const op of writes) callLater(callBack, op, op.length, null);
    runLater();
    return this.writes.length === 0;
  }

  // ---- waiting ----

  // The number of bytes, -1 at the end.  Reads that were asked for before come before it.
  readNow(bytes, limitMs) {
    const end = limitMs < 0 ? Infinity : Date.now() + limitMs;
    while (this.reads.length > 0) this.#readFirstNow(end);
    if (this.hasEnded) return -1;
    const n = native.streamReadNow(this.handle, bytes, 0, bytes.length, left(end));
    if (n > 0) return n;
    this.hasEnded = true;
    return -1;
  }

  #readFirstNow(end) {
    const [op] = this.reads;
    let n;
    native.streamReadStop(this.handle);
    try {
      n = native.streamReadNow(this.handle, op.target, op.offset, op.length, left(end));
    } catch (error) {
      if (error.reason === 'TINET_ETIMEDOUT') this.#startRead(op);
      throw error;
    }
    if (n <= 0) {
      this.#end();
      return;
    }
    this.reads.shift();
    callLater(callBack, op, place(op, n), null);
    if (this.reads.length > 0) this.reads[0].target = TiBuffer.bytesOf(this.reads[0].buffer);
  }

  // Without progress for `limitMs` it throws.
  writeNow(bytes, limitMs) {
    if (native.streamQueued(this.handle) > 0) native.streamFlushNow(this.handle, limitMs);
    if (native.streamWrite(this.handle, bytes, 0, bytes.length) !== SENT) native.streamFlushNow(this.handle, limitMs);
    return bytes.length;
  }

  // Whatever is pending ends with `error`.
  endAll(error) {
    for (const op of this.reads) callLater(callBack, op, -1, error);
    for (const op of this.writes) callLater(callBack, op, -1, error);
    this.reads = [];
    this.writes = [];
  }
}

function left(end) {
  return end === Infinity ? -1 : Math.max(0, end - Date.now());
}

module.exports = { Transfer, callBack };
