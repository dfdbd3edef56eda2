'use strict';
// bonjour.js - Titanium.Network.BonjourBrowser and BonjourService, both generations.
//
// Up to 8.x publish and resolve block and throw, and work with the legacy TCPSocket;
// from 9.0 on they return at once, with events and callbacks.

const api = require('./api');
const { KINDS, OPS, close, open, setTxt } = require('./bonjour_native');
const { Proxy, defineAccessors, reportUncaught } = require('./proxy');

const NAMES = {
  [-72000]: 'UnknownError',
  [-72001]: 'NameCollisionError',
  [-72002]: 'NotFoundError',
  [-72003]: 'InProgress',
  [-72004]: 'BadArgumentError',
  [-72005]: 'Cancelled',
  [-72006]: 'InvalidError',
  [-72007]: 'TimeoutError',
  [-72008]: 'MissingRequiredConfigurationError',
};
const CODES = Object.fromEntries(Object.entries(NAMES).map(([code, name]) => [name, Number(code)]));
const LOCAL = 'local.';
const DEFAULT_RESOLVE_S = 120;
const PUBLISH_MS = 10000; // of a call that blocks

function failure(code, prefix = '') {
  const error = new Error(prefix + (NAMES[code] || ''));
  error.code = code;
  return error;
}

const withDot = (text) => (text.endsWith('.') ? text : `${text}.`);
const same = (a, b) => withDot(String(a)).toLowerCase() === withDot(String(b)).toLowerCase();

function isLocalDomain(domain) {
  return domain === undefined || domain === null || domain === '' || same(domain, LOCAL);
}

// The strings of a TXT record: {key: String | Buffer | true}
function encodeTxt(record) {
  if (record === undefined || record === null) return [];
  return Object.entries(record).map(([key, value]) => {
    if (value === true) return Buffer.from(key);
    const data = value && value._bytes ? value._bytes : Buffer.isBuffer(value) ? value : Buffer.from(String(value), 'utf8');
    return Buffer.concat([Buffer.from(`${key}=`), data]);
  });
}

function decodeTxt(list) {
  const record = {};
  for (const bytes of list) {
    const at = bytes.indexOf(61);
    const key = bytes.toString('latin1', 0, at < 0 ? bytes.length : at);
    if (key === '' || Object.hasOwn(record, key)) continue; // the first one counts
    Object.defineProperty(record, key, { value: at < 0 ? true : bytes.toString('utf8', at + 1), enumerable: true, configurable: true, writable: true });
  }
  return record;
}

// ---- services ----

class BonjourService extends Proxy {
  #values = { domain: LOCAL };
  #socket;
  #socketIsOurs = false; // made by resolve
  #publication = null; // {id, state: 'publishing' | 'published', callback, seen}
  #resolution = null; // {id, callback, isLegacy, seen, timer}
  #txt = {};
  #found = {};

  constructor(...args) {
    super();
    this.isLocal = true;
    if (typeof args[0] === 'string') {
      const [name, type, domain, dictionary] = args;
      this.applyProperties({ name, type, ...(domain === undefined ? {} : { domain }) });
      this.applyProperties(dictionary);
    } else {
      this.applyProperties(args[0]);
    }
  }

  #set(key, value) {
    if (this.#publication) api.warn(`BonjourService: ${key} cannot be changed while the service is published`);
    else this.#values[key] = value;
  }

  get name() { return this.#values.name; }
  set name(value) { this.#set('name', value); }
  get type() { return this.#values.type; }
  set type(value) { this.#set('type', value); }
  get domain() { return this.#values.domain; }
  set domain(value) { this.#set('domain', value); }
  get socket() { return this.#socket; }
  get addresses() { return this.#found.addresses; }
  get hostName() { return this.#found.hostName; }
  get txtRecord() { return this.#txt; }
  set txtRecord(record) {
    const txt = encodeTxt(record);
    this.#txt = record || {};
    if (this.#publication) setTxt(this.#publication.id, txt);
  }

  // What a browser has found.
  static _found(entry) {
    const service = new BonjourService();
    service.isLocal = false;
    service.#values = { name: entry.name, type: entry.type, domain: entry.domain };
    return service;
  }

  // ---- publish ----

  publish(socket, callback) {
    const isLegacy = isTCPSocket(socket) && typeof callback !== 'function';
    const report = this.#checkPublish(socket);
    if (this.#publication) {
      this.#refuse(callback, isLegacy, 'Failed to publish: ');
      return;
    }
    const port = portOf(socket, report);
    this.#socket = socket;
    this.#socketIsOurs = false;
    this.#startPublishing(port, callback, isLegacy);
  }

  #checkPublish(socket) {
    if (!this.isLocal) throw new Error('Attempt to republish discovered Bonjour service');
    if (this.#publication && this.#publication.state === 'published') throw new Error('Attempt to republish service');
    if (socket === undefined || socket === null) throw new Error('Attempt to publish service with no associated socket');
    if (!isSocket(socket)) throw new TypeError('BonjourService.publish: the socket is neither a Socket.TCP nor a TCPSocket');
    return socket;
  }

  // A second operation: told to who asked for it, the first goes on.
  #refuse(callback, blocks, prefix) {
    if (blocks) throw failure(CODES.InProgress, prefix);
    if (typeof callback === 'function') setImmediate(callBack, callback, failure(CODES.InProgress));
  }

  #startPublishing(port, callback, blocks) {
    const publication = { id: 0, state: 'publishing', callback, seen: 0 };
    if (!isLocalDomain(this.#values.domain)) {
      this.#publication = publication;
      this.#endPublishing(CODES.BadArgumentError, blocks);
      return;
    }
    this.#publication = publication;
    const { id, event } = open(OPS.PUBLISH, this, {
      name: this.#values.name === undefined || this.#values.name === null ? null : String(this.#values.name),
      type: this.#values.type === undefined || this.#values.type === null ? '' : String(this.#values.type),
      interfaceName: this.interfaceName || null,
      number: port,
      mayRename: this.allowRename !== false,
      txt: encodeTxt(this.#txt),
      subtypes: Array.isArray(this.subtypes) ? this.subtypes : [],
      waitMs: blocks ? PUBLISH_MS : 0,
    });
    publication.id = id;
    if (!blocks) return;
    if (event) publication.seen = event.seq;
    if (event && event.kind === KINDS.PUBLISHED) this.#published(event.texts[0], true);
    else this.#endPublishing(event ? event.number : CODES.TimeoutError, true);
  }

  #published(name, isLater) {
    const { callback } = this.#publication;
    this.#publication.state = 'published';
    this.#publication.callback = null;
    this.#values.name = name;
    this.#tell('publish', 0, callback, isLater);
  }

  // A publication that has come to nothing.
  #endPublishing(code, throws) {
    const { id, callback } = this.#publication;
    this.#publication = null;
    if (id) close(id);
    this.#tell('publish', code, callback, true);
    if (throws) throw failure(code, 'Failed to publish: ');
  }

  // ---- resolve ----

  resolve(...args) {
    const { timeout, callback, legacy } = resolveArguments(args);
    const isLegacy = legacy !== undefined ? legacy
      : typeof callback !== 'function' && !this.hasListeners('resolve') && require('./tcp_socket').wasCreated();
    if (this.#publication) throw new Error('Attempt to resolve published Bonjour service');
    if (this.#socket) throw new Error('Attempt to re-resolve service');
    if (this.#resolution) {
      this.#refuse(callback, isLegacy, 'Did not resolve: ');
      return;
    }
    this.#resolution = { id: 0, callback, isLegacy, seen: 0 };
    if (!this.#values.name || !this.#values.type) this.#endResolving(CODES.NotFoundError, isLegacy);
    else if (!isLocalDomain(this.#values.domain)) this.#endResolving(CODES.BadArgumentError, isLegacy);
    else this.#startResolving(timeout, isLegacy);
  }

  #startResolving(timeout, blocks) {
    const limit = timeout === 0 ? (blocks ? DEFAULT_RESOLVE_S * 1000 : 0) : Math.max(1, Math.round(timeout * 1000));
    const { id, event } = open(OPS.RESOLVE, this, {
      name: String(this.#values.name),
      type: String(this.#values.type),
      interfaceName: this.interfaceName || null,
      number: Math.min(limit, 0xffffffff),
      waitMs: blocks ? limit + 1000 : 0,
    });
    this.#resolution.id = id;
    if (!blocks) return;
    if (event) this.#resolution.seen = event.seq;
    if (event && event.kind === KINDS.RESOLVED) this.#resolved(event, true);
    else this.#endResolving(event ? event.number : CODES.TimeoutError, true);
  }

  #resolved(event, isLater) {
    const { id, callback, isLegacy } = this.#resolution;
    const [hostName, interfaceName] = event.texts;
    this.#resolution = null;
    close(id);
    this.#found = { hostName, addresses: event.addresses.slice() };
    if (interfaceName) this.interfaceName = interfaceName;
    this.#txt = decodeTxt(event.txt);
    this.#socket = makeSocket(isLegacy, hostName, event.number, event.addresses);
    this.#socketIsOurs = true;
    this.#tell('resolve', 0, callback, isLater);
  }

  #endResolving(code, throws) {
    const { id, callback } = this.#resolution;
    this.#resolution = null;
    if (id) close(id);
    this.#tell('resolve', code, callback, true);
    if (throws) throw failure(code, 'Did not resolve: ');
  }

  // ---- stop ----

  stop(callback) {
    if (this.#publication) {
      const { state } = this.#publication;
      if (state === 'publishing') {
        this.#endPublishing(CODES.Cancelled, false);
      } else {
        close(this.#publication.id);
        this.#publication = null;
      }
    }
    if (this.#resolution) this.#endResolving(CODES.Cancelled, false);
    if (!this.isLocal && this.#socketIsOurs) this.#socket = undefined; // it can be resolved again
    this.#tell('stop', 0, callback, true);
  }

  // tinet: the same as promises
  publishAsync(socket) { return promised((done) => this.publish(socket, done)); }
  resolveAsync(timeout) { return promised((done) => this.resolve(timeout, done)); }
  stopAsync() { return promised((done) => this.stop(done)); }

  // ---- what comes back ----

  // The event first, then the callback, both from the loop.
  #tell(type, code, callback, isLater) {
    const report = () => {
      const payload = { success: code === 0, code, message: code === 0 ? null : NAMES[code] || '' };
      if (code !== 0) payload.error = NAMES[code] || '';
      this.fireEvent(type, payload);
      if (typeof callback === 'function') callBack(callback, code === 0 ? null : failure(code));
    };
    if (isLater) setImmediate(report);
    else report();
  }

  _onBonjour(event) {
    const publication = this.#publication;
    const resolution = this.#resolution;
    if (publication && event.id === publication.id && event.seq !== publication.seen) this.#onPublication(event);
    else if (resolution && event.id === resolution.id && event.seq !== resolution.seen) this.#onResolution(event);
  }

  #onPublication(event) {
    if (event.kind === KINDS.PUBLISHED) {
      this.#published(event.texts[0], false);
    } else if (event.kind === KINDS.RENAMED) {
      [this.#values.name] = event.texts;
      api.info(`BonjourService: the name was taken, it is now ${JSON.stringify(this.#values.name)}`);
    } else if (event.kind === KINDS.ERROR) {
      if (this.#publication.state === 'publishing') this.#endPublishing(event.number, false);
      else this.#lost(event);
    }
  }

  // A service that was published and is no longer.
  #lost(event) {
    close(this.#publication.id);
    this.#publication = null;
    api.warn(`BonjourService: the service is no longer published: ${event.texts[0]}`);
  }

  #onResolution(event) {
    if (event.kind === KINDS.RESOLVED) this.#resolved(event, false);
    else if (event.kind === KINDS.ERROR) this.#endResolving(event.number, false);
  }
}

function callBack(callback, error) {
  try {
    callback(error, error === null);
  } catch (thrown) {
    reportUncaught(thrown);
  }
}

function promised(start) {
  return new Promise((done, fail) => start((error, success) => (error ? fail(error) : done(success))));
}

// (timeout?, callback?) or ({timeout, legacy, callback})
function resolveArguments(args) {
  let [timeout, callback] = args;
  let legacy;
  if (typeof timeout === 'function') [timeout, callback] = [undefined, timeout];
  if (timeout !== null && typeof timeout === 'object') ({ timeout, legacy, callback = callback } = timeout);
  if (timeout === undefined || timeout === null || Number.isNaN(timeout)) timeout = DEFAULT_RESOLVE_S;
  if (typeof timeout !== 'number') throw new TypeError('BonjourService.resolve: the timeout is not a number');
  if (timeout < 0) timeout = DEFAULT_RESOLVE_S;
  return { timeout, callback, legacy };
}

const isTCPSocket = (socket) => socket instanceof require('./tcp_socket');
const isTCP = (socket) => socket instanceof require('./socket').TCP;
const isUDP = (socket) => socket instanceof require('./socket').UDP;
const isSocket = (socket) => isTCPSocket(socket) || isTCP(socket) || isUDP(socket);

// The port of a socket that listens.
function portOf(socket) {
  const { STATES } = require('./socket_native');
  const port = Number(socket.port);
  const listens = isUDP(socket) ? port > 0 : socket.state === STATES.LISTENING;
  if (!listens || !(port > 0)) {
    const error = failure(CODES.BadArgumentError);
    error.message = 'Attempt to publish service with a socket that is not listening';
    throw error;
  }
  const host = String(socket.host || '');
  if (/^(127\.|::1$|localhost$)/.test(host)) {
    api.warn(`BonjourService: the socket listens on ${host} only, other machines cannot connect to it`);
  }
  return port;
}

function makeSocket(isLegacy, host, port, addresses) {
  let socket;
  if (isLegacy) {
    const TCPSocket = require('./tcp_socket');
    socket = new TCPSocket({ hostName: host, port, mode: 3 });
  } else {
    const { TCP } = require('./socket');
    socket = new TCP({ host, port });
  }
  // Where .local names cannot be looked up, connect() takes these.
  Object.defineProperty(socket, '_addresses', { value: addresses.slice(), writable: true });
  return socket;
}

// ---- browsers ----

class BonjourBrowser extends Proxy {
  #id = 0;
  #what = null; // type and domain that are searched for
  #services = new Map(); // key -> service

  constructor(...args) {
    super();
    this.domain = LOCAL;
    if (typeof args[0] === 'string') {
      const [serviceType, domain, dictionary] = args;
      this.serviceType = serviceType;
      if (domain !== undefined && domain !== null) this.domain = domain;
      this.applyProperties(dictionary);
    } else {
      this.applyProperties(args[0]);
    }
  }

  get isSearching() { return this.#id !== 0; }

  search() {
    const { serviceType, domain } = this;
    if (serviceType === undefined || serviceType === null || serviceType === '') throw new Error('Service type not set');
    const what = JSON.stringify([String(serviceType), String(domain), this.interfaceName || null]);
    if (this.#id && this.#what === what) return;
    this.stopSearch();
    if (!isLocalDomain(domain)) throw failure(CODES.BadArgumentError, 'Failed to search: ');
    const [type, ...subtypes] = String(serviceType).split(',');
    checkType(type);
    this.#what = what;
    this.#id = open(OPS.BROWSE, this, { type, interfaceName: this.interfaceName || null, subtypes: subtypes.slice(0, 1) }).id;
  }

  stopSearch() {
    if (this.#id) close(this.#id);
    this.#id = 0;
    this.#services.clear();
  }

  _onBonjour(event) {
    const [name, type, domain] = event.texts;
    if (event.kind === KINDS.ADDED) this.#add({ name, type, domain });
    else if (event.kind === KINDS.REMOVED) this.#remove({ name, type, domain });
    else if (event.kind === KINDS.BATCH) this.#update();
    else if (event.kind === KINDS.ERROR) this.#fail(event);
  }

  #add(entry) {
    const service = BonjourService._found(entry);
    this.#services.set(keyOf(entry), service);
    this.fireEvent('servicefound', { service });
  }

  #remove(entry) {
    const service = this.#services.get(keyOf(entry));
    if (!service) return;
    this.#services.delete(keyOf(entry));
    this.fireEvent('servicelost', { service });
  }

  #update() {
    if (!this.#id) return; // stopped by a listener
    for (const name of ['updatedServices', 'updatedservices']) {
      if (this.#id && this.hasListeners(name)) this.fireEvent(name, { services: [...this.#services.values()] });
    }
  }

  #fail(event) {
    const code = event.number;
    close(this.#id);
    this.#id = 0;
    this.#services.clear();
    this.fireEvent('error', { success: false, code, error: NAMES[code] || '' });
  }
}

function keyOf({ name, type, domain }) {
  return JSON.stringify([name, type.toLowerCase(), domain.toLowerCase()]);
}

// What the library would say, said at once.
function checkType(type) {
  if (type === '_services._dns-sd._udp' || type === '_services._dns-sd._udp.') return;
  const found = /^_([A-Za-z0-9](?:[A-Za-z0-9_-]{0,13}[A-Za-z0-9])?)\._(tcp|udp)\.?$/i.exec(type);
  if (!found || !/[A-Za-z]/.test(found[1])) throw failure(CODES.BadArgumentError, 'Failed to search: ');
}

BonjourService.apiName = 'Ti.Network.BonjourService';
BonjourService.titaniumName = 'TiNetworkBonjourService';
BonjourBrowser.apiName = 'Ti.Network.BonjourBrowser';
BonjourBrowser.titaniumName = 'TiNetworkBonjourBrowser';
defineAccessors(BonjourService.prototype, ['name', 'type', 'domain', 'isLocal']);
defineAccessors(BonjourService.prototype, ['socket'], true);
defineAccessors(BonjourBrowser.prototype, ['serviceType', 'domain']);
defineAccessors(BonjourBrowser.prototype, ['isSearching'], true);

module.exports = { BonjourBrowser, BonjourService };
