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
const ONE_OF_SEVERAL_MS = 2000; // addresses of the local network answer at once

function fail(message, name) {
  const error = new Error(message);
  if (name) error.name = name;
  error.code = -1;
  return error;
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
    native.streamRead(this.handle, this.chunk, 0, CHUNK);
  }

  _onNative(event, a, b, c) {
    this.socket._onConnection(this, event, a, b, c);
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

  listen() {
    this.#checkClosed();
    try {
      this.#handle = native.listenerOpen(this, String(this.hostName), Number(this.port) || 0, 0, null, null);
    } catch (error) {
      if (error.reason === 'TINET_ERESOLVE') throw fail(`Couldn't resolve host ${this.hostName}: ${error.message}`);
      throw fail(`Failed to listen on ${this.hostName}:${this.port}: ${error.code}`);
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
    const limit = Number(this.timeout) > 0 ? Number(this.timeout) : CONNECT_MS;
    const connection = this.#add();
    try {
      connection.handle = this.#connectNow(connection, host, limit);
    } catch (error) {
      this.#connections.delete(connection.reference);
      if (error.reason === 'TINET_ERESOLVE' || error.reason === 'TINET_EURL') throw fail(`Couldn't resolve host ${host}: ${error.message}`);
      setImmediate(() => this.#report(this.#mode & READ ? 'readError' : 'writeError', error));
      return;
    }
    this.#isListening = false;
    this.#isValid = true;
    connection.begin();
  }

  // A resolved service brings its addresses: its name may be one that nobody else can look up.
  #connectNow(connection, host, limit) {
    const port = Number(this.port) || 0;
    const addresses = addressesOf(this, this.hostName) || [host];
    const limitOfOne = addresses.length > 1 ? Math.min(limit, ONE_OF_SEVERAL_MS) : limit;
    let problem = null;
    for (const address of addresses) {
      try {
        return native.streamConnectNow(connection, address, port, limitOfOne);
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
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
      if (connection.hasEnded && !this.#isListening) throw Object.assign(new Error('Broken pipe'), { code: 32 });
      native.streamWrite(connection.handle, bytes, 0, bytes.length);
    } catch (error) {
      setImmediate(() => this.#report('writeError', error));
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

  _onConnection(connection, event, a, b) {
    if (event === EVENTS.READ && a > 0) {
      const bytes = connection.chunk.subarray(0, a);
      const data = this.#mode & READ ? Blob.fromBuffer(Buffer.from(bytes)) : null;
      if (data) this.fireEvent('read', { from: connection.reference, data });
      if (this.#connections.has(connection.reference)) connection.begin();
    } else if (event === EVENTS.READ) {
      this.#drop(connection);
    } else if (event === EVENTS.ERROR) {
      connection.hasEnded = true;
      this.#report(this.#mode & READ ? 'readError' : 'writeError', { code: a, message: b });
    }
  }

  // The peer sends no more.  The one connection of a connecting socket stays, so
  // that a write tells.
  #drop(connection) {
    connection.hasEnded = true;
    if (this.#isListening) {
      native.socketClose(connection.handle);
      this.#connections.delete(connection.reference);
    }
    this.fireEvent('close', { from: connection.reference });
  }
}

TCPSocket.apiName = 'Ti.Network.TCPSocket';
TCPSocket.titaniumName = 'TiNetworkTCPSocket';
Object.assign(TCPSocket.prototype, { hostName: undefined, port: 0, stripTerminator: false });
defineAccessors(TCPSocket.prototype, ['hostName', 'port', 'mode', 'stripTerminator']);
defineAccessors(TCPSocket.prototype, ['isValid'], true);

module.exports = TCPSocket;
