'use strict';
// socket_tcp.js - Titanium.Network.Socket.TCP.
//
// The native stream reads and writes; here are Titanium's states, its exceptions,
// and the order in which operations end.

const api = require('./api');
const { IOStream, streamException } = require('./io_stream');
const { callLater, runLater } = require('./later');
const { defineAccessors, mistake } = require('./proxy');
const { addressesOf, warnIfAnnounced } = require('./service_sockets');
const { EVENTS, STATES, asSocketError, native, socketError } = require('./socket_native');
const { clientOptions, serverOptions } = require('./socket_tls');
const { Transfer, callBack } = require('./socket_transfer');

const ECANCELED = 125;
const ETIMEDOUT = 110;
const BLOCKING_MS = 75000; // as long as the legacy socket waits for a connection
const KEEP_ALIVE_S = 60;
const HANDSHAKES_MAX = 64; // of a listener with TLS at a time
const NAMES = { 1: 'INITIALIZED', 2: 'CONNECTED', 4: 'LISTENING', 8: 'CLOSED', 16: 'ERROR' };

function milliseconds(value) {
  const ms = Number(value);
  return ms > 0 && ms <= 0xffffffff ? Math.trunc(ms) : 0;
}

// `true`, or seconds after which a silent peer is probed; 0 = it is not.
function keepAliveSeconds(value) {
  if (value === true) return KEEP_ALIVE_S;
  const seconds = Number(value);
  return seconds > 0 ? Math.min(Math.ceil(seconds), 32767) : 0; // the most that the kernel takes
}

class TCP extends IOStream {
  #state = STATES.INITIALIZED;
  #isConnecting = false;
  #handle = null; // of the stream or the listener
  #transfer = null; // of a connection
  #isShut = false; // by shutdown()
  #acceptOptions = null; // of an armed accept
  #greeting = new Set(); // accepted, their handshakes under way
  #greeted = []; // accepted, shaken hands with, and not yet asked for
  #onShaken = null; // of such a one
  #hostIsOurs = false; // listen() has filled it in
  #noDelay = undefined; // as good as true
  #keepAlive = undefined;
  #fixed = { secure: false }; // host, port, timeout, listenQueueSize, connected

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
      if (name === 'host') this.#hostIsOurs = false;
    }
  }

  isReadable() { return this.#state === STATES.CONNECTED; }
  isWritable() { return this.#state === STATES.CONNECTED && !this.#isShut; }
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
      const tls = clientOptions(this.#fixed);
      this.#handle = native.streamConnect(this, path ? null : host, path ? 0 : port, milliseconds(this.#fixed.timeout), path || null, tls, addressesOf(this, host));
    } catch (error) {
      this.#isConnecting = false;
      if (error instanceof TypeError) {
        this.#state = state;
        throw error;
      }
      // what is wrong with a name or a file is told like what is wrong with a network
      const attempt = {}; // stands for the handle that there is not
      this.#handle = attempt;
      this.#isConnecting = true;
      callLater(() => {
        if (this.#handle === attempt) this.#fail({ ...this.#named(error.code, error.message, error.reason), detail: error.detail });
      });
    }
  }

  #reset() {
    this.#transfer = null;
    this.#isShut = false;
    this.#acceptOptions = null;
    this.#handle = null;
  }

  // The connection stands.
  #begin() {
    this.#state = STATES.CONNECTED;
    this.#transfer = new Transfer(this.#handle);
    if (this.#noDelay === false) this.#setOption('noDelay', 0);
    if (this.#keepAlive) this.#setOption('keepAlive', keepAliveSeconds(this.#keepAlive));
  }

  // Extensions; they can be changed at any time.
  get noDelay() { return this.#noDelay; }
  set noDelay(on) {
    this.#noDelay = on;
    this.#setOption('noDelay', on === false ? 0 : 1);
  }

  get keepAlive() { return this.#keepAlive; }
  set keepAlive(value) {
    this.#keepAlive = value;
    this.#setOption('keepAlive', keepAliveSeconds(value));
  }

  #setOption(name, value) {
    if (this.#state === STATES.CONNECTED) native.streamOption(this.#handle, name, value);
  }

  // ---- listening ----

  listen() {
    if (!this.#isIdle()) throw socketError(`Attempt to listen with bad state: ${this.#state}`, -1);
    const port = this.#fixed.port === undefined || this.#fixed.port === null ? 0 : Number(this.#fixed.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw mistake(RangeError, `Socket.TCP: port ${this.#fixed.port} is outside 0..65535`);
    const backlog = Number(this.#fixed.listenQueueSize);
    const tls = serverOptions(this.#fixed);
    this.#reset();
    if (!this.#fixed.host && !this.#fixed.path) {
      this.#fixed.host = '127.0.0.1';
      this.#hostIsOurs = true; // with ::1 if there is one
    }
    const host = this.#hostIsOurs ? null : this.#fixed.host;
    try {
      this.#handle = native.listenerOpen(this, host, port, backlog > 0 ? Math.trunc(backlog) : 0, this.#fixed.path || null, tls);
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
    if (options !== undefined && options !== null && typeof options !== 'object') throw mistake(TypeError, 'Invalid options argument');
    this.#acceptOptions = options || {};
    if (this.#greeted.length > 0) callLater(() => this.#welcome());
    else this.#greetNext();
  }

  // A connection has come, at most one for each call of listenerAccept().
  #accepted(handle, host, port) {
    const inbound = new TCP({ host, port });
    inbound.#handle = handle;
    native.socketAdopt(inbound, handle);
    if (this.#fixed.tls) this.#greet(inbound);
    else this.#handOver(inbound);
  }

  #handOver(inbound) {
    const { timeout, error, closed } = this.#acceptOptions || {};
    this.#acceptOptions = null;
    if (typeof this.accepted !== 'function') {
      native.socketClose(inbound.#handle);
      api.warn('Socket.TCP: a connection came and there is no `accepted` function; it is closed');
      return;
    }
    inbound.applyProperties({ timeout, error, closed });
    inbound.#begin();
    const ms = milliseconds(timeout);
    if (ms) native.streamOption(inbound.#handle, 'timeout', ms);
    this.accepted({ type: 'accepted', source: this, socket: this, inbound });
  }

  // With TLS the handshake comes first.  Others are greeted meanwhile, because a peer
  // that says nothing must not keep them out.
  #greet(inbound) {
    this.#greeting.add(inbound);
    inbound.#onShaken = (isGood) => {
      inbound.#onShaken = null;
      this.#greeting.delete(inbound);
      if (isGood) this.#greeted.push(inbound);
      this.#welcome();
    };
    this.#greetNext();
  }

  #greetNext() {
    if (this.#acceptOptions && this.#greeted.length === 0 && this.#greeting.size < HANDSHAKES_MAX) native.listenerAccept(this.#handle);
  }

  #welcome() {
    if (this.#state !== STATES.LISTENING) return;
    const inbound = this.#acceptOptions ? this.#greeted.shift() : undefined;
    if (inbound) this.#handOver(inbound);
    else this.#greetNext();
  }

  #turnAway() {
    for (const inbound of [...this.#greeting, ...this.#greeted]) native.socketClose(inbound.#handle);
    this.#greeting.clear();
    this.#greeted = [];
  }

  // ---- reading and writing ----

  // How long a waiting form waits.  ti: Titanium.Network.Socket.TCP.timeout is not for reads
  #limit() {
    return this.blockingTimeout === undefined || this.blockingTimeout === null ? BLOCKING_MS : milliseconds(this.blockingTimeout) || -1;
  }

  _readSync(bytes) {
    try {
      return this.#transfer.readNow(bytes, this.#limit());
    } catch (error) {
      // nothing is lost and the connection stands
      if (error.reason === 'TINET_ETIMEDOUT') throw socketError('Read operation timed out', ETIMEDOUT);
      throw this.#broke(error);
    }
  }

  _writeSync(bytes) {
    try {
      return this.#transfer.writeNow(bytes, milliseconds(this.#fixed.timeout) || this.#limit());
    } catch (error) {
      throw this.#broke(error);
    }
  }

  // A synchronous operation has failed: the state, then the `error` callback.
  #broke(thrown) {
    const { message, reason } = this.#named(thrown.code, thrown.message, thrown.reason);
    const error = asSocketError(thrown);
    error.message = message;
    if (this.#state === STATES.CONNECTED) {
      this.#state = STATES.ERROR;
      native.socketClose(this.#handle);
      this.#transfer.endAll(error);
      callLater(() => this.#report({ code: error.code, message, reason, detail: thrown.detail }));
    }
    return error;
  }

  _enqueue(op) {
    op.socket = this;
    if (op.problem) callLater(callBack, op, -1, op.problem);
    else if (op.type === 'write') this.#transfer.write(op);
    else if (op.length === 0) callLater(callBack, op, 0, null);
    else this.#transfer.read(op);
    return 0;
  }

  // Extensions: bytes that wait to be sent; `drain` is called when there are none.
  get writableLength() {
    return this.#state === STATES.CONNECTED ? native.streamQueued(this.#handle) : 0;
  }

  shutdown() {
    if (!this.isWritable()) throw streamException('Stream is not writable');
    this.#isShut = true;
    native.streamShutdown(this.#handle); // of one that has failed: that comes from the loop
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
    this.#turnAway();
    native.socketClose(this.#handle);
    this.#handle = null;
    if (this.#transfer) this.#transfer.endAll(socketError('Operation canceled', ECANCELED));
    callLater(() => {
      if (typeof this.closed === 'function') this.closed({ type: 'closed', source: this, socket: this });
    });
  }

  #fail(error) {
    if (!this.#isConnecting && this.#state !== STATES.CONNECTED && this.#state !== STATES.LISTENING) return;
    this.#isConnecting = false;
    this.#state = STATES.ERROR;
    this.#turnAway();
    native.socketClose(this.#handle);
    if (this.#transfer) this.#transfer.endAll(error);
    callLater(() => this.#report(error));
    runLater();
  }

  // ti: Titanium.Network.Socket.TCP.error
  #report(error) {
    if (typeof this.error !== 'function') return;
    const event = { type: 'error', source: this, socket: this, success: false, code: error.code, errorCode: error.code, error: error.message };
    if (error.reason) event.reason = error.reason;
    if (error.detail && error.detail !== error.message) event.detail = error.detail;
    if (error.tls) event.tls = error.tls;
    this.error(event);
  }

  _onNative(event, a, b, c, d) {
    switch (event) {
      case EVENTS.READ:
        this.#transfer.received(a);
        break;
      case EVENTS.DRAIN:
        if (this.#transfer.drained() && this.#state === STATES.CONNECTED && typeof this.drain === 'function') {
          this.drain({ type: 'drain', source: this, socket: this });
        }
        break;
      case EVENTS.OPEN:
        if (this.#onShaken) {
          this.#onShaken(true);
          break;
        }
        this.#isConnecting = false;
        this.#begin();
        if (typeof this.connected === 'function') this.connected({ type: 'connected', source: this, socket: this });
        break;
      case EVENTS.ERROR:
        if (this.#onShaken) {
          api.warn(`Socket.TCP: a connection from ${this.host} failed in its handshake: ${d || b}`);
          native.socketClose(this.#handle);
          this.#onShaken(false);
          break;
        }
        this.#fail({ ...this.#named(a, b, c), detail: d, tls: this.#tlsFailure() });
        break;
      case EVENTS.ACCEPT:
        this.#accepted(a, b, c);
        break;
      case EVENTS.PAUSED:
        api.warn(`Socket.TCP: ${b}; listening goes on as soon as it can`);
        break;
    }
  }

  // Why a handshake failed, as HTTPClient tells it; null if it did not.
  #tlsFailure() {
    const isStream = this.#state !== STATES.LISTENING && (this.#fixed.tls || this.#fixed.secure);
    return isStream ? native.streamTlsFailure(this.#handle) : null;
  }

  // The texts that apps know.  ti: Titanium.Network.Socket.TCP.error
  #named(code, text, reason) {
    let message = text;
    if (reason === 'TINET_ETIMEDOUT') message = this.#isConnecting ? 'Attempt to connect to host timed out' : 'Write operation timed out';
    else if (reason === 'TINET_ERESOLVE' || reason === 'TINET_EURL' || reason === 'TINET_EINVAL') message = `Unable to connect, unknown host ${this.#fixed.host}: ${text}`;
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
