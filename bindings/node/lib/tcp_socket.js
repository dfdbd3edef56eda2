'use strict';
// tcp_socket.js - the legacy Titanium.Network.TCPSocket, on the core of Socket.TCP.
//
// A listener accepts everybody by itself and talks to all of them through one
// object; each connection has a number.

const Blob = require('./blob');
const { Proxy, defineAccessors } = require('./proxy');
const { addressesOf, warnIfAnnounced } = require('./service_sockets');
const { EVENTS, STATES, native } = require('./socket_native');

const READ = 1;
const WRITE = 2;
const CHUNK = 65536;
const CONNECT_MS = 75000;
const EINVAL = 22;
const EPIPE = 32;
const ENOBUFS = 105;
const EAI_AGAIN = -3;
const [HOST_NOT_FOUND, TRY_AGAIN] = [1, 2]; // of h_errno

function fail(message, name, code = -1) {
  const error = new Error(message);
  if (name) error.name = name;
  error.code = code;
  return error;
}

// What is wrong with a host is thrown, with the number that h_errno had.
function unresolved(host, error) {
  if (error.reason !== 'TINET_ERESOLVE' && error.reason !== 'TINET_EURL') return null;
  return fail(`Couldn't resolve host ${host}: ${error.number === EAI_AGAIN ? TRY_AGAIN : HOST_NOT_FOUND}`);
}

// One connection; native events come here.
class Connection {
  constructor(socket, reference) {
    this.socket = socket;
    this.reference = reference;
    this.handle = null;
    this.chunk = null;
    this.hasEnded = false;
  }

  begin() {
    this.chunk = Buffer.allocUnsafe(CHUNK);
    try {
      native.streamRead(this.handle, this.chunk, 0, CHUNK);
    } catch (error) {
      if (error.code !== 'TINET_ESTATE') throw error; // it has failed: that comes from the loop
    }
  }

  _onNative(event, a, b, c, d) {
    this.socket._onConnection(this, event, a, b, d);
  }
}

let nCreated = 0; // by this environment: it is a program of the first generation

class TCPSocket extends Proxy {
  static wasCreated() { return nCreated > 0; }

  #mode = READ | WRITE;
  #handle = null; // of the listener
  #connections = new Map(); // reference -> connection
  #nextReference = 1;
  #isValid = false;
  #isListening = false;

  constructor(...args) {
    super();
    nCreated++;
    if (typeof args[0] === 'string') {
      const [hostName, port, mode, dictionary] = args;
      this.hostName = hostName;
      if (port !== undefined) this.port = port;
      if (mode !== undefined) this.mode = mode;
      this.applyProperties(dictionary);
    } else {
      this.applyProperties(args[0]);
    }
  }

  get mode() { return this.#mode; }
  set mode(mode) {
    if (![1, 2, 3].includes(mode)) throw fail('Invalid socket mode', 'Value passed to function exceeds allowed range');
    this.#mode = mode;
  }

  get isValid() { return this.#isValid; }
  get host() { return this.hostName; }

  get state() {
    if (!this.#isValid) return STATES.INITIALIZED;
    return this.#isListening ? STATES.LISTENING : STATES.CONNECTED;
  }

  #checkClosed() {
    if (this.#isValid) throw fail('Socket already opened');
    if (this.hostName === undefined || this.hostName === null || this.hostName === '') throw fail('Host is null');
  }

  // The port as a number; throws what a system call would say.
  #portNumber() {
    const port = Number(this.port) || 0;
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw fail('Invalid argument', null, EINVAL);
    return port;
  }

  listen() {
    this.#checkClosed();
    try {
      this.#handle = native.listenerOpen(this, String(this.hostName), this.#portNumber(), 0, null, null);
    } catch (error) {
      throw unresolved(this.hostName, error) || fail(`Failed to listen on ${this.hostName}:${this.port}: ${error.code}`, null, error.code);
    }
    this.port = native.listenerInfo(this.#handle).localPort;
    this.#isListening = true;
    this.#isValid = true;
    native.listenerAccept(this.#handle);
  }

  // Blocks: old code uses the socket in the line after.
  connect() {
    this.#checkClosed();
    const host = this.hostName === 'INADDR_ANY' ? '127.0.0.1' : String(this.hostName);
    const limit = Number(this.timeout) > 0 ? Math.ceil(Number(this.timeout)) : CONNECT_MS;
    const connection = this.#add();
    try {
      // A resolved service brings its addresses: its name may be one that nobody else can look up.
      connection.handle = native.streamConnectNow(connection, host, this.#portNumber(), limit, addressesOf(this, this.hostName));
    } catch (error) {
      this.#connections.delete(connection.reference);
      const refusal = unresolved(host, error);
      if (refusal) throw refusal;
      setImmediate(() => this.#report(this.#mode & READ ? 'readError' : 'writeError', error));
      return;
    }
    this.#isListening = false;
    this.#isValid = true;
    connection.begin();
  }

  #add() {
    const connection = new Connection(this, this.#nextReference++);
    this.#connections.set(connection.reference, connection);
    return connection;
  }

  // ti: Titanium.Network.TCPSocket.write
  write(data, sendTo) {
    if (!(this.#mode & WRITE)) throw fail('Socket does not support writing');
    if (!this.#isValid) throw fail('Socket is invalid');
    const bytes = this.#encode(data);
    if (sendTo === undefined || sendTo === null) {
      for (const connection of [...this.#connections.values()]) this.#send(connection, bytes);
      return;
    }
    const connection = this.#connections.get(Number(sendTo));
    if (!connection) throw fail(`Invalid socket descriptor (${sendTo})`);
    this.#send(connection, bytes);
  }

  #encode(data) {
    if (typeof data === 'string') return Buffer.from(this.stripTerminator ? data : `${data}\0`, 'utf8');
    if (data instanceof Blob) return data._read();
    const was = data === null ? 'null' : (data && data.apiName) || typeof data;
    throw fail(`expected: TiBlob or NSString, was: ${was}`, 'Invalid type passed to function');
  }

  #send(connection, bytes) {
    try {
      if (connection.hasEnded && !this.#isListening) throw fail('Broken pipe', null, EPIPE);
      native.streamWrite(connection.handle, bytes, 0, bytes.length);
    } catch (error) {
      const told = error.reason === 'TINET_ELIMIT' ? fail('No buffer space available', null, ENOBUFS) : error;
      setImmediate(() => this.#report('writeError', told));
    }
  }

  close() {
    if (!this.#isValid) throw fail('Socket is not open');
    warnIfAnnounced(this);
    this.#isValid = false;
    if (this.#handle) native.socketClose(this.#handle);
    this.#handle = null;
    for (const connection of this.#connections.values()) native.socketClose(connection.handle);
    this.#connections.clear();
  }

  #report(type, error) {
    const code = typeof error.code === 'number' ? error.code : -1;
    this.fireEvent(type, { success: false, code, error: error.message });
  }

  // Of the listener.
  _onNative(event, a, b, c) {
    if (event === EVENTS.ERROR) {
      this.#report('readError', { code: a, message: b });
    } else if (event === EVENTS.ACCEPT) {
      const connection = this.#add();
      connection.handle = a;
      native.socketAdopt(connection, a);
      native.listenerAccept(this.#handle);
      this.fireEvent('connection', { from: connection.reference, address: b, port: c });
      if (this.#isValid && this.#connections.has(connection.reference)) connection.begin();
    }
  }

  _onConnection(connection, event, a, b, detail) {
    if (event === EVENTS.READ && a > 0) {
      const bytes = connection.chunk.subarray(0, a);
      const data = this.#mode & READ ? Blob.fromBuffer(Buffer.from(bytes)) : null;
      if (data) this.fireEvent('read', { from: connection.reference, data });
      if (this.#connections.has(connection.reference)) connection.begin();
    } else if (event === EVENTS.READ) {
      this.#drop(connection);
    } else if (event === EVENTS.ERROR) {
      const isSending = /^send\b/.test(detail) || !(this.#mode & READ);
      if (this.#isListening) this.#forget(connection); // who comes and breaks must not add up
      connection.hasEnded = true;
      connection.chunk = null;
      this.#report(isSending ? 'writeError' : 'readError', { code: a, message: b });
    }
  }

  #forget(connection) {
    native.socketClose(connection.handle);
    this.#connections.delete(connection.reference);
  }

  // The peer sends no more.  The one connection of a connecting socket stays, so
  // that a write tells.
  #drop(connection) {
    connection.hasEnded = true;
    connection.chunk = null;
    if (this.#isListening) this.#forget(connection);
    this.fireEvent('close', { from: connection.reference });
  }
}

TCPSocket.apiName = 'Ti.Network.TCPSocket';
TCPSocket.titaniumName = 'TiNetworkTCPSocket';
Object.assign(TCPSocket.prototype, { hostName: undefined, port: 0, stripTerminator: false });
defineAccessors(TCPSocket.prototype, ['hostName', 'port', 'mode', 'stripTerminator']);
defineAccessors(TCPSocket.prototype, ['isValid'], true);

module.exports = TCPSocket;
