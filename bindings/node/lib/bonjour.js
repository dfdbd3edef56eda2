'use strict';
// bonjour.js - Titanium.Network.BonjourBrowser and BonjourService, both generations.
//
// Up to 8.x publish and resolve block and throw, and work with the legacy TCPSocket;
// from 9.0 on they return at once, with events and callbacks.

const api = require('./api');
const { KINDS, OPS, close, open, setTxt } = require('./bonjour_native');
const { decodeTxt, encodeTxt } = require('./bonjour_txt');
const { Proxy, defineAccessors, reportUncaught } = require('./proxy');
const { announce, setAddresses, withdraw } = require('./service_sockets');

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

// ---- services ----

class BonjourService extends Proxy {
  #values = { domain: LOCAL };
  #socket;
  #socketIsOurs = false; // made by resolve
  #publication = null; // {id, state: 'publishing' | 'published', callback, seen}
  #resolution = null; // {id, callback, isLegacy, seen}
  #txt = {};
  #found = {}; // by resolve: addresses, hostName, interfaceName

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
  set socket(_) { api.warn('BonjourService: socket is read-only; publish and resolve set it'); }
  get addresses() { return this.#found.addresses; }
  get hostName() { return this.#found.hostName; }
  get interfaceName() { return this.#found.interfaceName || this.#values.interfaceName; }
  set interfaceName(value) { this.#set('interfaceName', value); }
  get txtRecord() { return this.#txt; }
  set txtRecord(record) {
    const txt = encodeTxt(record);
    const problem = this.#publication ? setTxt(this.#publication.id, txt) : null;
    if (problem) throw failure(problem.number); // the old one stays
    this.#txt = record || {};
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
    this.#checkPublish(socket);
    if (this.#publication || this.#resolution) {
      this.#refuse(callback, isLegacy, 'Failed to publish: ');
      return;
    }
    const port = portOf(socket);
    this.#socket = socket;
    this.#socketIsOurs = false;
    this.#startPublishing(port, callback, isLegacy);
  }

  #checkPublish(socket) {
    if (!this.isLocal) throw new Error('Attempt to republish discovered Bonjour service');
    if (this.#publication && this.#publication.state === 'published') throw new Error('Attempt to republish service');
    if (socket === undefined || socket === null) throw new Error('Attempt to publish service with no associated socket');
    if (!isSocket(socket)) throw new TypeError('BonjourService.publish: the socket is neither a Socket.TCP nor a TCPSocket');
  }

  // A second operation: told to who asked for it, the first goes on.
  #refuse(callback, blocks, prefix) {
    if (blocks) throw failure(CODES.InProgress, prefix);
    if (typeof callback === 'function') setImmediate(callBack, callback, failure(CODES.InProgress));
  }

  #startPublishing(port, callback, blocks) {
    const { name, type, domain, interfaceName } = this.#values;
    const publication = { id: 0, state: 'publishing', callback, seen: 0 };
    this.#publication = publication;
    announce(this.#socket);
    if (!isLocalDomain(domain) || !isText(name) || !fits(this.#socket, type)) {
      this.#endPublishing(CODES.BadArgumentError, blocks);
      return;
    }
    const { id, event } = open(OPS.PUBLISH, this, {
      name: isSet(name) ? String(name) : null,
      type: isSet(type) ? String(type) : '',
      interfaceName: interfaceName || null,
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

  #unpublish() {
    const { id } = this.#publication;
    this.#publication = null;
    withdraw(this.#socket);
    if (id) close(id);
  }

  // A publication that has come to nothing.
  #endPublishing(code, throws) {
    const { callback } = this.#publication;
    this.#unpublish();
    this.#tell('publish', code, callback, true);
    if (throws) throw failure(code, 'Failed to publish: ');
  }

  // ---- resolve ----

  resolve(...args) {
    const { timeout, callback, legacy } = resolveArguments(args);
    const isLegacy = legacy !== undefined ? legacy
      : typeof callback !== 'function' && !this.hasListeners('resolve') && require('./tcp_socket').wasCreated();
    const isPublishing = this.#publication && this.#publication.state === 'publishing';
    if (this.#publication && !isPublishing) throw new Error('Attempt to resolve published Bonjour service');
    if (this.#socket && !isPublishing) throw new Error('Attempt to re-resolve service');
    if (this.#resolution || isPublishing) {
      this.#refuse(callback, isLegacy, 'Did not resolve: ');
      return;
    }
    this.#resolution = { id: 0, callback, isLegacy, seen: 0 };
    if (!this.#values.name || !this.#values.type) this.#endResolving(CODES.NotFoundError, isLegacy);
    else if (!isLocalDomain(this.#values.domain) || !isText(this.#values.name)) this.#endResolving(CODES.BadArgumentError, isLegacy);
    else this.#startResolving(timeout, isLegacy);
  }

  #startResolving(timeout, blocks) {
    const limit = timeout === 0 ? (blocks ? DEFAULT_RESOLVE_S * 1000 : 0) : Math.max(1, Math.round(timeout * 1000));
    const { id, event } = open(OPS.RESOLVE, this, {
      name: String(this.#values.name),
      type: String(this.#values.type),
      interfaceName: this.#values.interfaceName || null,
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
    this.#found = { hostName, interfaceName, addresses: event.addresses.slice() };
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
      if (state === 'publishing') this.#endPublishing(CODES.Cancelled, false);
      else this.#unpublish();
    }
    if (this.#resolution) this.#endResolving(CODES.Cancelled, false);
    if (!this.isLocal && this.#socketIsOurs) { // it can be resolved again
      this.#socket = undefined;
      this.#found = {};
    }
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
      const [name, oldName] = event.texts;
      this.#values.name = name;
      this.fireEvent('rename', { name, oldName });
    } else if (event.kind === KINDS.ERROR) {
      if (this.#publication.state === 'publishing') this.#endPublishing(event.number, false);
      else this.#lost(event);
    }
  }

  // A service that was published and is no longer.
  #lost(event) {
    const code = event.number;
    this.#unpublish();
    api.warn(`BonjourService: the service is no longer published: ${NAMES[code] || code}`);
    this.fireEvent('error', { success: false, code, error: NAMES[code] || '' });
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

const isSet = (value) => value !== undefined && value !== null;
// A C string ends at a NUL, and would be another name.
const isText = (value) => !isSet(value) || !String(value).includes('\0');
const fits = (socket, type) => !isUDP(socket) || /\._udp\.?$/i.test(String(type));

// The port of a socket that listens.
function portOf(socket) {
  const { STATES } = require('./socket_native');
  const port = Number(socket.port);
  const listens = isUDP(socket) ? socket._isStarted : socket.state === STATES.LISTENING;
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
  setAddresses(socket, host, addresses.slice());
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
  set isSearching(_) { api.warn('BonjourBrowser: isSearching is read-only'); }

  search() {
    const { serviceType, domain } = this;
    if (serviceType === undefined || serviceType === null || serviceType === '') throw new Error('Service type not set');
    const what = JSON.stringify([String(serviceType), String(domain), this.interfaceName || null]);
    if (this.#id && this.#what === what) return;
    this.stopSearch();
    if (!isLocalDomain(domain)) throw failure(CODES.BadArgumentError, 'Failed to search: ');
    const [type, subtype, ...more] = String(serviceType).split(',');
    if (!isText(serviceType) || more.length > 0) throw failure(CODES.BadArgumentError, 'Failed to search: ');
    this.#start(what, type, subtype === undefined ? [] : [subtype]);
  }

  #start(what, type, subtypes) {
    const { id, event } = open(OPS.BROWSE, this, { type, interfaceName: this.interfaceName || null, subtypes });
    if (event && event.kind === KINDS.ERROR) {
      close(id);
      throw failure(event.number, 'Failed to search: ');
    }
    this.#what = what;
    this.#id = id;
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

BonjourService.apiName = 'Ti.Network.BonjourService';
BonjourService.titaniumName = 'TiNetworkBonjourService';
BonjourBrowser.apiName = 'Ti.Network.BonjourBrowser';
BonjourBrowser.titaniumName = 'TiNetworkBonjourBrowser';
defineAccessors(BonjourService.prototype, ['name', 'type', 'domain', 'isLocal']);
defineAccessors(BonjourService.prototype, ['socket'], true);
defineAccessors(BonjourBrowser.prototype, ['serviceType', 'domain']);
defineAccessors(BonjourBrowser.prototype, ['isSearching'], true);

module.exports = { BonjourBrowser, BonjourService };
