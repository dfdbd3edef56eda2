'use strict';
// socket_udp.js - Titanium.Network.Socket.UDP, in both documented forms.
//
// A first argument that is an object selects the dictionary form, anything else the
// positional one.

const Blob = require('./blob');
const TiBuffer = require('./buffer');
const { Proxy, defineAccessors, mistake } = require('./proxy');
const { warnIfAnnounced } = require('./service_sockets');
const { EVENTS, asSocketError, native, socketError } = require('./socket_native');

const BROADCAST = '255.255.255.255';

function isDictionary(value) {
  return value !== null && typeof value === 'object';
}

function checkPort(value, what) {
  if (value === undefined || value === null) return 0;
  const port = Number(value);
  if (typeof value === 'boolean' || Number.isNaN(port)) throw mistake(TypeError, `${what}: the port is not a number`);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw mistake(RangeError, `${what}: port ${value} is outside 0..65535`);
  return port;
}

function bytesOf(data, isText) {
  if (data === undefined || data === null) throw mistake(Error, 'Missing argument');
  if (isText) return Buffer.from(String(data), 'utf8');
  if (data instanceof TiBuffer) return data._bytes;
  if (data instanceof Blob) return data._read();
  if (Array.isArray(data)) return Buffer.from(data);
  if (ArrayBuffer.isView(data)) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return Buffer.from(data);
  throw mistake(TypeError, 'Socket.UDP: bytes are an Array of numbers, a Buffer, a Blob or a typed array');
}

function isAddress(host) {
  return require('net').isIP(host.replace(/^\[|\]$|%.*$/g, '')) !== 0;
}

const isIPv6 = (address) => address.includes(':');

// Of what a name stands for, what a socket bound to `local` can reach; IPv4 first, because
// nobody says that a datagram did not arrive.
function pick(addresses, local) {
  const able = addresses.filter((a) => local === '::' || local === null || isIPv6(a) === isIPv6(local));
  return able.find((a) => !isIPv6(a)) || able[0] || addresses[0];
}

// Looks a name up; what is wrong with it is told like a name that nobody knows.
function lookUp(host, done) {
  try {
    native.resolve(host, done);
  } catch (error) {
    setImmediate(done, error.message, []);
  }
}

class UDP extends Proxy {
  #handle = null;
  #isStarted = false;
  #starting = null; // while the name of start() is looked up
  #isPositional = false; // how start() was called: what bytesData is
  #pending = []; // names that are being looked up, in order

  constructor(dictionary) {
    super();
    this.applyProperties(dictionary);
  }

  // ---- starting and stopping ----

  start(first, second) {
    if (this.#isStarted) throw mistake(Error, 'Invalid socket state');
    const options = isDictionary(first) ? first : { port: first, host: second };
    const port = checkPort(options.port, 'Socket.UDP.start');
    const host = options.host === undefined || options.host === null || options.host === '' ? null : options.host;
    if (host !== null && typeof host !== 'string') throw mistake(TypeError, 'Socket.UDP.start: the host is not a string');
    this.#isPositional = !isDictionary(first);
    this.#isStarted = true;
    if (host === null || isAddress(host)) {
      this.#bind(host, port, options);
      return;
    }
    const attempt = {}; // stands for the handle that there is not yet
    this.#starting = attempt;
    lookUp(host, (problem, addresses) => {
      if (this.#starting !== attempt) return; // stopped, and perhaps started anew
      this.#starting = null;
      if (problem) this.#startFailed(socketError(problem, -1));
      else this.#bind(pick(addresses, null), port, options);
    });
  }

  #startFailed(error) {
    this.#isStarted = false;
    setImmediate(() => this.#report(error));
  }

  #bind(host, port, { group, interface: networkInterface = null }) {
    try {
      this.#close();
      this.#handle = native.udpOpen(this, host, port, Boolean(this.reuseAddress || group));
      this.#applyOptions();
      if (group) native.udpGroup(this.#handle, String(group), networkInterface, true);
      native.udpReceive(this.#handle);
    } catch (error) {
      this.#close();
      this.#startFailed(asSocketError(error));
      return;
    }
    const handle = this.#handle;
    const { localHost, localPort } = native.udpInfo(handle);
    this.port = localPort;
    setImmediate(() => {
      if (this.#handle === handle) this.#tell('started', { address: localHost, port: localPort });
    });
  }

  #applyOptions() {
    for (const name of ['broadcast', 'ttl', 'multicastTTL', 'loopback']) {
      if (this[name] !== undefined && this[name] !== null) native.udpOption(this.#handle, name, Number(this[name]));
    }
    if (this.multicastInterface) native.udpInterface(this.#handle, String(this.multicastInterface));
  }

  #close() {
    if (this.#handle) native.socketClose(this.#handle);
    this.#handle = null;
  }

  get _isStarted() { return this.#isStarted; }

  stop() {
    if (this.#isStarted) warnIfAnnounced(this);
    this.#isStarted = false;
    this.#starting = null;
    this.#close();
  }

  // ---- sending ----

  sendString(...args) {
    this.#send('sendString', true, args);
  }

  sendBytes(...args) {
    this.#send('sendBytes', false, args);
  }

  #send(what, isText, args) {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
    const isForm = isDictionary(args[0]) && !Array.isArray(args[0]);
    const { data, host, port, group } = isForm ? args[0] : { port: args[0], host: args[1], data: args[2] };
    const bytes = Buffer.from(bytesOf(data, isText)); // they may be changed after the call
    const to = { host: group || host, port: checkPort(port, `Socket.UDP.${what}`) };
    if (!isForm && (!to.host || to.port === 0)) throw mistake(RangeError, `Socket.UDP.${what}: a host and a port of 1..65535 are expected`);
    this.#dispatch(to, bytes, callback);
  }

  // Before start() an ephemeral port will do; a later start() is still allowed.
  #open() {
    if (this.#handle) return;
    this.#handle = native.udpOpen(this, null, 0, false);
    this.#applyOptions();
  }

  // Datagrams leave in the order of the calls, also past names that are looked up.
  #dispatch(to, bytes, callback) {
    const host = to.host ? String(to.host) : null;
    const item = { host, port: to.port, bytes, callback, addresses: null, problem: null };
    this.#pending.push(item);
    if (host === null || isAddress(host)) {
      item.addresses = host === null ? [] : [host];
    } else {
      lookUp(host, (problem, addresses) => {
        item.problem = problem ? socketError(problem, -1) : null;
        item.addresses = addresses;
        this.#flush();
      });
    }
    this.#flush();
  }

  #flush() {
    while (this.#pending.length > 0 && this.#pending[0].addresses !== null) {
      const item = this.#pending.shift();
      let error = item.problem;
      try {
        if (!error) this.#sendNow(item);
      } catch (thrown) {
        error = asSocketError(thrown);
      }
      setImmediate(() => this.#sent(item.bytes.length, error, item.callback));
    }
  }

  #sendNow({ host, port, addresses, bytes }) {
    this.#open();
    const { localHost, localPort } = native.udpInfo(this.#handle);
    if (host === null) native.udpOption(this.#handle, 'broadcast', 1);
    native.udpSend(this.#handle, host === null ? BROADCAST : pick(addresses, localHost), port || localPort, bytes);
  }

  #sent(length, error, callback) {
    if (callback) {
      callback.call(this, {
        type: error ? 'error' : 'send', source: this, success: !error, code: error ? error.code : 0,
        bytesProcessed: error ? -1 : length, ...(error ? { error: error.message } : {}),
      });
    }
    if (error) this.#report(error);
  }

  // ---- multicast, extensions ----

  joinGroup(group, networkInterface) {
    this.#group(group, networkInterface, true);
  }

  leaveGroup(group, networkInterface) {
    this.#group(group, networkInterface, false);
  }

  #group(group, networkInterface, isJoin) {
    if (typeof group !== 'string') throw mistake(TypeError, 'Socket.UDP: the group is an address');
    try {
      this.#open();
      native.udpGroup(this.#handle, group, networkInterface === undefined ? null : networkInterface, isJoin);
    } catch (error) {
      throw asSocketError(error);
    }
  }

  // ---- what happens ----

  // Property first, then the listeners of that name.
  #tell(type, fields) {
    const event = { type, source: this, socket: this, ...fields };
    const own = typeof this[type] === 'function' ? this[type] : this[`on${type}`];
    if (typeof own === 'function') own.call(this, event);
    this.fireEvent(type, { ...fields, socket: this });
  }

  #report(error) {
    const { code, message, detail } = error;
    this.#tell('error', { success: false, code, errorCode: code, error: message, ...(detail && detail !== message ? { detail } : {}) });
  }

  #received(bytes, address, port, isTruncated) {
    let bytesData = Array.from(bytes);
    if (this.#isPositional) bytesData = bytes.length > 0 ? Blob.fromBuffer(bytes, 'application/octet-stream') : null;
    const fields = { stringData: bytes.toString('utf8'), bytesData, address, port };
    if (isTruncated) fields.truncated = true;
    this.#tell('data', fields);
  }

  _onNative(event, a, b, c, d) {
    if (event === EVENTS.DATAGRAM) this.#received(a, b, c, d);
    else if (event === EVENTS.ERROR) this.#report({ code: a, message: b, detail: d });
  }
}

UDP.apiName = 'Ti.Network.Socket.UDP';
UDP.titaniumName = 'TiNetworkSocketUDP';
Object.assign(UDP.prototype, { port: 0, started: undefined, data: undefined, error: undefined });
defineAccessors(UDP.prototype, ['port', 'started', 'data', 'error']);

module.exports = UDP;
