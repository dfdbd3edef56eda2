'use strict';
// socket_tcp.js - Titanium.Network.Socket.TCP.
//
// The native stream reads and writes; here are Titanium's states, its exceptions,
// and the order in which operations end.

const api = require('./api');
const { IOStream, payload, streamException } = require('./io_stream');
const TiBuffer = require('./buffer');
const { defineAccessors, reportUncaught } = require('./proxy');
const { addressesOf, warnIfAnnounced } = require('./service_sockets');
const { EVENTS, STATES, asSocketError, native, socketError } = require('./socket_native');

const ECANCELED = 125;
const ENOBUFS = 105;
const NAMES = { 1: 'INITIALIZED', 2: 'CONNECTED', 4: 'LISTENING', 8: 'CLOSED', 16: 'ERROR' };

function milliseconds(value) {
  const ms = Number(value);
  return ms > 0 && ms <= 0xffffffff ? Math.trunc(ms) : 0;
}

// Calls later, in order, with one wake-up for many: behind the callback that is
// running, which costs no turn of the loop, and every so often from the loop, so
// that a callback which writes again and again lets others have theirs.
const MAX_TICKS = 64;
let queue = [];
let nTicks = 0;

function drainQueue() {
  const calls = queue;
  queue = [];
  for (let i = 0; i < calls.length; i += 4) {
    try {
      calls[i](calls[i + 1], calls[i + 2], calls[i + 3]);
    } catch (error) {
      reportUncaught(error); // and the others still run
    }
  }
}

function callLater(fn, a, b, c) {
  if (queue.length === 0) {
    if (nTicks++ < MAX_TICKS) {
      process.nextTick(drainQueue);
    } else {
      nTicks = 0;
      setImmediate(drainQueue);
    }
  }
  queue.push(fn, a, b, c);
}

function callBack(op, n, error) {
  op.callback.call(op.socket, payload(op.type, op.socket, op.buffer, n, error));
}

class TCP extends IOStream {
  #state = STATES.INITIALIZED;
  #isConnecting = false;
  #handle = null; // of the stream or the listener
  #reads = []; // asynchronous, the first is with the native stream
  #writes = []; // asynchronous, all with the native stream
  #hasEnded = false; // the peer sends no more
  #acceptOptions = null; // of an armed accept
  #greeting = new Set(); // accepted, their handshakes under way
  #onShaken = null; // of such a one
  #fixed = {}; // host, port, timeout, listenQueueSize, connected

  constructor(dictionary) {
    super();
    this.applyProperties(dictionary);
  }

  get state() { return this.#state; }

  // ti: Titanium.Network.Socket.TCP.host - not to be changed while it is in use
  _get(name) { return this.#fixed[name]; }
  _set(name, value) {
    if (this.#isConnecting || this.#state === STATES.CONNECTED || this.#state === STATES.LISTENING) {
      api.warn(`Unable to set property ${name} on socket in ${NAMES[this.#state]} state`);
    } else {
      this.#fixed[name] = value;
    }
  }

  isReadable() { return this.#state === STATES.CONNECTED; }
  isWritable() { return this.#state === STATES.CONNECTED; }
  isConnected() { return this.#state === STATES.CONNECTED; }

  #isIdle() {
    return !this.#isConnecting && this.#state !== STATES.CONNECTED && this.#state !== STATES.LISTENING;
  }

  // ---- connecting ----

  connect() {
    if (!this.#isIdle()) throw socketError(`Attempt to connect with bad state: ${this.#state}`, -1);
    const { host, path } = this.#fixed;
    const port = Number(this.#fixed.port);
    if (!path && (!host || typeof host !== 'string' || !Number.isInteger(port) || port < 1 || port > 65535)) {
      throw socketError('Unable to call connect, socket must have a valid host and port', -1);
    }
    this.#reset();
    const state = this.#state;
    this.#state = STATES.INITIALIZED;
    this.#isConnecting = true;
    try {
      const tls = this.#clientTLS();
      this.#handle = native.streamConnect(this, path ? null : host, path ? 0 : port, milliseconds(this.#fixed.timeout), path || null, tls, addressesOf(this, host));
    } catch (error) {
      this.#isConnecting = false;
      if (error instanceof TypeError) {
        this.#state = state;
        throw error;
      }
      // what is wrong with a name is told like what is wrong with a network
      callLater(() => this.#fail({ code: -1, message: `Unable to connect, unknown host ${host}: ${error.message}` }));
      this.#isConnecting = true;
    }
  }

  #clientTLS() {
    const { tls } = this.#fixed;
    if (this.#fixed.secure === true && !tls) return {};
    if (!tls) return null;
    if (tls === true) return {};
    if (typeof tls !== 'object') throw new TypeError('Socket.TCP: tls must be true or an object');
    const options = { ...tls };
    if (tls.securityManager) options.trust = require('./https').trustOf(tls.securityManager);
    if (tls.securityManager && !options.trust) throw new TypeError('Socket.TCP: tls.securityManager is no security manager');
    return options;
  }

  #reset() {
    this.#reads = [];
    this.#writes = [];
    this.#hasEnded = false;
    this.#acceptOptions = null;
    this.#handle = null;
  }

  // ---- listening ----

  listen() {
    if (!this.#isIdle()) throw socketError(`Attempt to listen with bad state: ${this.#state}`, -1);
    const port = this.#fixed.port === undefined || this.#fixed.port === null ? 0 : Number(this.#fixed.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError(`Socket.TCP: port ${this.#fixed.port} is outside 0..65535`);
    const backlog = Number(this.#fixed.listenQueueSize);
    this.#reset();
    if (!this.#fixed.host && !this.#fixed.path) this.#fixed.host = '127.0.0.1';
    const host = this.#fixed.host === '127.0.0.1' ? null : this.#fixed.host; // with ::1 if there is one
    try {
      this.#handle = native.listenerOpen(this, host, port, backlog > 0 ? Math.trunc(backlog) : 0, this.#fixed.path || null, this.#fixed.tls || null);
    } catch (error) {
      this.#state = STATES.ERROR;
      throw asSocketError(error);
    }
    this.#state = STATES.LISTENING;
    if (!this.#fixed.path) this.#fixed.port = native.listenerInfo(this.#handle).localPort;
  }

  // ti: Titanium.Network.Socket.TCP.accept - one call, one connection
  accept(options) {
    if (this.#state !== STATES.LISTENING) throw socketError('Socket is not listening, unable to call accept', -1);
    if (options !== undefined && options !== null && typeof options !== 'object') throw new TypeError('Invalid options argument');
    this.#acceptOptions = options || {};
    native.listenerAccept(this.#handle);
  }

  #accepted(handle, host, port) {
    const options = this.#acceptOptions || {};
    this.#acceptOptions = null;
    if (typeof this.accepted !== 'function') {
      native.socketClose(handle);
      api.warn('Socket.TCP: a connection came and there is no `accepted` function; it is closed');
      return;
    }
    const { timeout, error, closed } = options;
    const inbound = new TCP({ host, port, timeout, error, closed });
    const tell = () => this.accepted({ type: 'accepted', source: this, socket: this, inbound });
    inbound.#handle = handle;
    native.socketAdopt(inbound, handle);
    if (this.#fixed.tls) { // first its handshake
      this.#greeting.add(inbound);
      inbound.#onShaken = (isGood) => {
        this.#greeting.delete(inbound);
        if (!isGood || this.#state !== STATES.LISTENING) return;
        inbound.#adopt();
        tell();
      };
      return;
    }
    inbound.#adopt();
    tell();
  }

  #adopt() {
    const handle = this.#handle;
    this.#state = STATES.CONNECTED;
    const timeout = milliseconds(this.#fixed.timeout);
    if (timeout) native.streamOption(handle, 'timeout', timeout);
    this.#applyOptions();
  }

  #applyOptions() {
    if (this.noDelay === false) native.streamOption(this.#handle, 'noDelay', 0);
    if (this.keepAlive) native.streamOption(this.#handle, 'keepAlive', this.keepAlive === true ? 60 : Math.max(1, Math.trunc(this.keepAlive)));
  }

  // ---- reading and writing ----

  _readSync(bytes) {
    if (this.#hasEnded) return -1;
    if (this.#reads.length > 0) throw socketError('Asynchronous reads are pending', -1);
    try {
      const n = native.streamReadNow(this.#handle, bytes, 0, bytes.length, -1);
      if (n > 0) return n;
      this.#hasEnded = true;
      return -1;
    } catch (error) {
      throw this.#broke(error);
    }
  }

  _writeSync(bytes) {
    try {
      if (native.streamWrite(this.#handle, bytes, 0, bytes.length)) native.streamFlushNow(this.#handle, milliseconds(this.#fixed.timeout) || -1);
      return bytes.length;
    } catch (error) {
      throw this.#broke(error);
    }
  }

  // A synchronous operation has failed: the state, then the `error` callback.
  #broke(thrown) {
    const error = asSocketError(thrown);
    if (this.#state === STATES.CONNECTED) {
      this.#state = STATES.ERROR;
      native.socketClose(this.#handle);
      this.#endAll(error);
      callLater(() => this.#report(error));
    }
    return error;
  }

  _enqueue(op) {
    op.socket = this;
    if (op.problem) {
      callLater(callBack, op, -1, op.problem);
    } else if (op.length === 0) {
      callLater(callBack, op, 0, null);
    } else if (op.type === 'read') {
      this.#reads.push(op);
      if (this.#reads.length === 1) this.#startRead();
    } else {
      this.#startWrite(op);
    }
    return 0;
  }

  #startRead() {
    const [op] = this.#reads;
    if (this.#hasEnded) {
      callLater(() => {
        if (this.#reads[0] === op) this.#endRead(-1);
      });
      return;
    }
    op.target = TiBuffer.bytesOf(op.buffer);
    native.streamRead(this.#handle, op.target, op.offset, op.length);
  }

  // The buffer may have been changed meanwhile: the bytes go where they belong.
  #place(op, n) {
    const now = TiBuffer.bytesOf(op.buffer);
    if (now === op.target) return n;
    return op.target.copy(now, Math.min(op.offset, now.length), op.offset, op.offset + n);
  }

  #endRead(n) {
    const op = this.#reads.shift();
    const count = n > 0 ? this.#place(op, n) : -1;
    if (n <= 0) this.#hasEnded = true;
    if (this.#reads.length > 0) this.#startRead();
    callBack(op, count, null);
  }

  #startWrite(op) {
    let isQueued;
    try {
      isQueued = native.streamWrite(this.#handle, TiBuffer.bytesOf(op.buffer), op.offset, op.length);
    } catch (error) {
      const full = error.reason === 'TINET_ELIMIT';
      const told = full ? socketError('Too much is waiting to be sent; write again after `drain`', ENOBUFS) : asSocketError(error);
      callLater(callBack, op, -1, told);
      return;
    }
    if (isQueued || this.#writes.length > 0) this.#writes.push(op);
    else callLater(callBack, op, op.length, null);
  }

  // Extensions: bytes that wait to be sent; `drain` is called when there are none.
  get writableLength() {
    return this.#state === STATES.CONNECTED ? native.streamQueued(this.#handle) : 0;
  }

  shutdown() {
    if (this.#state !== STATES.CONNECTED) throw streamException('Stream is not writable');
    native.streamShutdown(this.#handle);
  }

  get info() {
    return this.#state === STATES.CONNECTED ? native.streamInfo(this.#handle) : null;
  }

  // ---- the end ----

  close() {
    if (this.#state === STATES.CLOSED) return; // clean-up code often runs twice
    if (this.#isIdle()) throw socketError(`Attempt to close in invalid state: ${this.#state}`, -1);
    warnIfAnnounced(this);
    this.#isConnecting = false;
    this.#state = STATES.CLOSED;
    this.#acceptOptions = null;
    native.socketClose(this.#handle);
    this.#endAll(socketError('Operation canceled', ECANCELED));
    callLater(() => {
      if (typeof this.closed === 'function') this.closed({ type: 'closed', source: this, socket: this });
    });
  }

  // Every pending operation ends exactly once.
  #endAll(error) {
    const pending = [...this.#reads, ...this.#writes];
    this.#reads = [];
    this.#writes = [];
    for (const op of pending) callLater(callBack, op, -1, error);
  }

  #fail(error) {
    if (!this.#isConnecting && this.#state !== STATES.CONNECTED && this.#state !== STATES.LISTENING) return;
    this.#isConnecting = false;
    this.#state = STATES.ERROR;
    if (this.#handle) native.socketClose(this.#handle);
    const pending = [...this.#reads, ...this.#writes];
    this.#reads = [];
    this.#writes = [];
    for (const op of pending) callBack(op, -1, error);
    this.#report(error);
  }

  // ti: Titanium.Network.Socket.TCP.error
  #report(error) {
    if (typeof this.error !== 'function') return;
    const event = { type: 'error', source: this, socket: this, success: false, code: error.code, errorCode: error.code, error: error.message };
    if (error.reason) event.reason = error.reason;
    this.error(event);
  }

  _onNative(event, a, b, c) {
    nTicks = 0; // the loop has turned
    switch (event) {
      case EVENTS.READ:
        this.#endRead(a);
        break;
      case EVENTS.DRAIN: {
        const done = this.#writes;
        this.#writes = [];
        for (const op of done) callBack(op, op.length, null);
        if (this.#state === STATES.CONNECTED && typeof this.drain === 'function') this.drain({ type: 'drain', source: this, socket: this });
        break;
      }
      case EVENTS.OPEN:
        if (this.#onShaken) this.#onShaken(true);
        if (!this.#isConnecting) break; // an accepted one with TLS
        this.#isConnecting = false;
        this.#state = STATES.CONNECTED;
        this.#applyOptions();
        if (typeof this.connected === 'function') this.connected({ type: 'connected', source: this, socket: this });
        break;
      case EVENTS.ERROR:
        if (this.#onShaken && this.#state === STATES.INITIALIZED) {
          api.warn(`Socket.TCP: a connection from ${this.host} failed in its handshake: ${b}`);
          this.#onShaken(false);
          break;
        }
        this.#fail(this.#named(a, b, c));
        break;
      case EVENTS.ACCEPT:
        this.#accepted(a, b, c);
        break;
      case EVENTS.PAUSED:
        api.warn(`Socket.TCP: ${b}; listening goes on as soon as it can`);
        break;
    }
  }

  // The texts that apps know.  ti: Titanium.Network.Socket.TCP.error
  #named(code, text, reason) {
    let message = text;
    if (reason === 'TINET_ETIMEDOUT') message = this.#isConnecting ? 'Attempt to connect to host timed out' : 'Write operation timed out';
    else if (reason === 'TINET_ERESOLVE') message = `Unable to connect, unknown host ${this.#fixed.host}: ${text}`;
    return { code, message, reason };
  }
}

for (const name of ['host', 'port', 'timeout', 'listenQueueSize', 'connected', 'secure', 'tls', 'path']) {
  Object.defineProperty(TCP.prototype, name, {
    get() { return this._get(name); },
    set(value) { this._set(name, value); },
    enumerable: true,
    configurable: true,
  });
}

TCP.apiName = 'Ti.Network.Socket.TCP';
TCP.titaniumName = 'TiNetworkSocketTCP';
defineAccessors(TCP.prototype, ['host', 'port', 'timeout', 'listenQueueSize', 'connected', 'accepted', 'error', 'closed', 'secure']);
defineAccessors(TCP.prototype, ['state'], true);

module.exports = TCP;
