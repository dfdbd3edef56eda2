'use strict';
// http_client.js - Titanium.Network.HTTPClient.
//
// The state machine is native; here are Titanium's argument rules, the payloads
// of the callbacks, and what only JavaScript has: JSON, a DOM, Blobs.

const native = require('./native');
const Blob = require('./blob');
const { makeBody } = require('./http_body');
const { storeId } = require('./context');
const { Proxy, defineAccessors, defineConstants } = require('./proxy');

// Kinds of events, bits of send(); the addon has the same.
const READYSTATE = 1;
const DATASTREAM = 2;
const SENDSTREAM = 3;
const REDIRECT = 4;
const DONE = 5;

const HANDLERS = {
  onreadystatechange: READYSTATE,
  ondatastream: DATASTREAM,
  onsendstream: SENDSTREAM,
  onredirect: REDIRECT,
};

const SEND_AUTO_REDIRECT = 1;
const SEND_AUTO_ENCODE = 2;
const SEND_VALIDATES = 4;
const SEND_WAITS = 8;
const SEND_CLOSES = 16;
const SEND_SYNC = 32;
const SEND_AGAIN = 64;

const STATES = { UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 };
const RUNNING = -1; // then the native client knows

const KEPT_TEXT = 512 * 1024; // a longer text lives only as long as the application holds it

const BINARY_TYPE = /^(application\/(?!.*xml$)|image\/(?!.*xml$)|audio\/|video\/)/i;

// Milliseconds for the library: -1 is its default.  ti: HTTPClient.timeout
function milliseconds(value) {
  const ms = Number(value);
  return value === undefined || value === null || Number.isNaN(ms) || ms < 0 ? -1 : ms;
}

function typeOf(header) {
  return String(header || '').split(';')[0].trim();
}

// What TLS has a story of.  ti: createX509CertificatePinningSecurityManager
const TLS_REASONS = new Set(['TINET_ECERTIFICATE', 'TINET_EPIN', 'TINET_ECLIENTCERT', 'TINET_ETLS']);
const PIN_MISMATCH = 'Certificate could not be verified with provided public key';

function textOrNull(value) {
  return value === undefined || value === null ? null : String(value);
}

// ti: Titanium.Network.HTTPClient.tlsVersion - what is not known is the default
function tlsVersion(value) {
  if (value === undefined || value === null) return 0;
  if (Number.isInteger(value) && value >= 0 && value <= 4) return value;
  require('./api').warn(`HTTPClient.tlsVersion: ${value} is not known, the default is used`);
  return 0;
}

class HTTPClient extends Proxy {
  #state = STATES.UNSENT; // or RUNNING, so that most questions need no call
  #isAttached = false;
  #isSync = false;
  #isRefused = false; // by httpURLFormatter
  #handlers = null; // kind -> function, of those that not every client has
  #interest = 0; // a bit for each of them
  #made = null; // what was made of the finished response
  #manager = null; // the security manager
  #isCreated = false;
  #hasExtras = false; // the native client has what few requests need

  constructor(dictionary) {
    super();
    if (dictionary) this.applyProperties(dictionary);
    this.#isCreated = true;
  }

  // ti: Titanium.Network.HTTPClient.securityManager - given at creation, or never:
  // a pin that is ignored is a hole.
  get securityManager() {
    return this.#manager;
  }

  set securityManager(manager) {
    if (this.#isCreated) throw new Error('HTTPClient.securityManager can only be given when the client is created');
    if (manager === undefined || manager === null) return;
    if (!require('./https').trustOf(manager)) {
      throw new TypeError('Invalid argument passed to securityManager property. Does not conform to SecurityManagerProtocol');
    }
    this.#manager = manager;
  }

  #attach() {
    native.attach(this, this.#interest);
    this.#isAttached = true;
  }

  open(method, url, async) {
    if (url === null || url === undefined || url === '') throw new TypeError('HTTPClient.open: the URL is missing');
    if (method === null || method === undefined) throw new TypeError('HTTPClient.open: the method is missing');
    const isRunning = this.#state === RUNNING;
    const target = isRunning ? String(url) : this.#formatted(String(url));
    if (target === null) return;
    if (!this.#isAttached) this.#attach();
    if (!isRunning) {
      this.#isSync = async !== undefined && async !== null && !async; // ti: HTTPClient.open
      this.#made = null;
    }
    // The handler of OPENED runs inside, and may send.
    if (!isRunning) this.#state = STATES.OPENED;
    try {
      native.open(this, String(method), target);
    } catch (error) {
      this.#ask();
      throw error;
    }
  }

  // The state after a call that threw: it or a handler inside it.
  #ask() {
    this.#state = native.isRunning(this) ? RUNNING : native.state(this);
  }

  // ti: Titanium.Network.httpURLFormatter - null if there is a formatter that gave no URL
  #formatted(url) {
    const formatter = HTTPClient.network.httpURLFormatter;
    this.#isRefused = false;
    if (typeof formatter !== 'function') return url.includes('\0') ? url.replaceAll('\0', '%00') : url;
    const formatted = formatter(url);
    this.#isRefused = typeof formatted !== 'string' || formatted === '';
    return this.#isRefused ? null : formatted;
  }

  send(data) {
    if (this.#isRefused) {
      setImmediate(refuse, this);
      return;
    }
    if (this.#state === STATES.UNSENT) throw new Error('HTTPClient.send: call open() first');
    let flags = this.#flags();
    let body = null;
    const isRunning = this.#state === RUNNING; // then the native client warns and ignores
    if (arguments.length === 0) flags |= SEND_AGAIN;
    else if (!isRunning) body = makeBody(data);
    const file = isRunning ? null : this.#path();
    const wantsExtras = this.#manager || this.username || this.tlsVersion || this.cache;
    if ((wantsExtras || this.#hasExtras) && !isRunning) this.#setExtras();
    this.#state = RUNNING;
    this.#made = null;
    try {
      native.send(this, body, flags, milliseconds(this.timeout), milliseconds(this.timeoutForResource), file);
    } catch (error) {
      this.#ask();
      throw error;
    }
  }

  #setExtras() {
    this.#hasExtras = true;
    native.setExtras(
      this, textOrNull(this.username), textOrNull(this.password), textOrNull(this.domain), tlsVersion(this.tlsVersion),
      this.#manager && require('./https').trustOf(this.#manager), Boolean(this.cache));
  }

  #flags() {
    let flags = 0;
    if (this.autoRedirect !== false) flags |= SEND_AUTO_REDIRECT;
    if (this.autoEncodeUrl !== false) flags |= SEND_AUTO_ENCODE;
    if (this.validatesSecureCertificate !== false) flags |= SEND_VALIDATES;
    if (this.waitsForConnectivity === true) flags |= SEND_WAITS;
    // Only the application's own `false`, not the default.  ti: HTTPClient
    if (this.enableKeepAlive === false && Object.hasOwn(this, 'enableKeepAlive')) flags |= SEND_CLOSES;
    if (this.#isSync) flags |= SEND_SYNC;
    return flags;
  }

  // ti: HTTPClient.file
  #path() {
    const file = this.file;
    if (file === undefined || file === null || file === '') return null;
    if (typeof file === 'string') return require('./filesystem').getFile(file).resolve();
    if (file.apiName === 'Ti.Filesystem.File') return file.resolve();
    throw new TypeError('HTTPClient.file: a path or a Titanium.Filesystem.File is expected');
  }

  abort() {
    if (this.#state === STATES.UNSENT || this.#state === STATES.DONE) return;
    this.#state = STATES.DONE;
    native.abort(this);
  }

  setRequestHeader(name, value) {
    if (arguments.length < 2) throw new TypeError('HTTPClient.setRequestHeader: a name and a value are expected');
    if (!this.#isAttached) this.#attach();
    native.setHeader(this, String(name), value === undefined || value === null ? null : String(value));
  }

  getResponseHeader(name) {
    if (name === undefined || name === null) throw new TypeError('HTTPClient.getResponseHeader: a name is expected');
    return this.#isAttached ? native.header(this, String(name)) : null;
  }

  getAllResponseHeaders() {
    return this.allResponseHeaders;
  }

  getAllRequestHeaders() {
    return this.#isAttached ? native.allRequestHeaders(this) : '';
  }

  clearCookies(host) {
    require('./cookie_store').clearHost(host);
  }

  get readyState() {
    return this.#state === RUNNING ? native.state(this) : this.#state;
  }

  get status() {
    return this.#isAttached ? native.status(this) : 0;
  }

  get statusText() {
    return this.#isAttached ? native.statusText(this) : null;
  }

  get connected() {
    const state = this.readyState;
    return state >= STATES.OPENED && state <= STATES.LOADING;
  }

  get location() {
    return this.#isAttached ? native.location(this) : null;
  }

  get connectionType() {
    return this.#isAttached ? native.method(this) : null;
  }

  get allResponseHeaders() {
    return this.#isAttached ? native.allHeaders(this) : '';
  }

  get responseHeaders() {
    const headers = {};
    if (!this.#isAttached) return headers;
    const list = native.headers(this);
    const names = new Map(); // lower case -> the spelling that came first
    for (let i = 0; i < list.length; i += 2) {
      const lower = list[i].toLowerCase();
      const name = names.get(lower);
      if (name === undefined) {
        names.set(lower, list[i]);
        headers[list[i]] = list[i + 1];
      } else if (Array.isArray(headers[name])) {
        headers[name].push(list[i + 1]);
      } else {
        headers[name] = [headers[name], list[i + 1]];
      }
    }
    return headers;
  }

  // Makes a part of the response once it is complete; before that, each time.
  #part(name, make) {
    if (this.#state !== STATES.DONE) return make(this);
    if (!this.#made) this.#made = {};
    if (!(name in this.#made)) this.#made[name] = make(this);
    return this.#made[name];
  }

  get responseText() {
    if (this.#made && this.#made.text) return this.#made.text;
    const text = this.#isAttached ? readText(this) : null;
    if (text !== null && text.length < KEPT_TEXT && this.#state === STATES.DONE) {
      if (!this.#made) this.#made = {};
      this.#made.text = text;
    }
    return text;
  }

  get responseData() {
    return this.readyState < STATES.LOADING ? null : this.#part('data', makeData);
  }

  get responseXML() {
    return this.readyState < STATES.DONE ? null : this.#part('xml', makeXML);
  }

  get responseDictionary() {
    const value = this.#json();
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : null;
  }

  get responseArray() {
    const value = this.#json();
    return Array.isArray(value) ? value : null;
  }

  #json() {
    return this.readyState < STATES.DONE ? null : this.#part('json', makeJSON);
  }

  // Everything the library reports; `this` is the client.
  static #dispatch(kind, a, b, c, d) {
    switch (kind) {
      case DONE:
        this.#state = STATES.DONE;
        finish(this, a, b, c);
        break;
      case READYSTATE:
        if (a === STATES.DONE) this.#state = STATES.DONE;
        this.#handlers[kind].call(this, { type: 'readystatechange', source: this, readyState: a });
        break;
      case DATASTREAM:
        this.#handlers[kind].call(this, progress(this, 'datastream', a, b, c, d));
        break;
      case SENDSTREAM:
        this.#handlers[kind].call(this, progress(this, 'sendstream', a, b, c, d));
        break;
      case REDIRECT:
        this.#handlers[kind].call(this, { type: 'redirect', source: this });
        break;
    }
  }

  #listen(kind, handler) {
    const bit = 1 << (kind - 1);
    if (!this.#handlers) this.#handlers = {};
    this.#handlers[kind] = handler;
    this.#interest = typeof handler === 'function' ? this.#interest | bit : this.#interest & ~bit;
    if (this.#isAttached) native.setInterest(this, this.#interest);
  }

  // The handlers that native code asks for only when they are set.
  static {
    for (const name of Object.keys(HANDLERS)) {
      const kind = HANDLERS[name];
      Object.defineProperty(this.prototype, name, {
        get() { return this.#handlers ? this.#handlers[kind] : undefined; },
        set(handler) { this.#listen(kind, handler); },
        enumerable: true,
        configurable: true,
      });
    }
    native.setAppId(storeId());
    native.setup(HTTPClient.#dispatch, (text) => require('./api').warn(text));
  }
}

// ti: HTTPClient.onreadystatechange - what cannot be read is null; the reason goes to the log.
function readText(client) {
  try {
    return native.text(client);
  } catch (error) {
    require('./api').warn(`HTTPClient.responseText: ${error.message} (${error.code})`);
    return null;
  }
}

function makeData(client) {
  const content = native.content(client);
  const type = typeOf(content.type) || undefined;
  if (content.path) return Blob.fromPath(content.path, type);
  if (content.fd !== undefined) return Blob.fromFd(content, content.length, type);
  return Blob.fromBuffer(content.buffer, type);
}

// ti: HTTPClient.responseText - null, never an exception
function makeXML(client) {
  const type = typeOf(client.getResponseHeader('Content-Type'));
  const text = BINARY_TYPE.test(type) ? null : client.responseText;
  if (!text) return null;
  try {
    return require('./xml').parseString(text);
  } catch {
    return null;
  }
}

function makeJSON(client) {
  try {
    return JSON.parse(client.responseText);
  } catch {
    return null;
  }
}

function refuse(client) {
  finish(client, -1, 'httpURLFormatter gave no URL', 'TINET_EURL');
}

// ti: HTTPClient.onreadystatechange - an HTTP error without onerror goes to onload, so that no result is
// lost.
function finish(client, code, error, reason) {
  if (code === undefined) {
    const onload = client.onload;
    if (typeof onload === 'function') onload.call(client, { type: 'load', source: client, success: true, code: 0 });
    return;
  }
  const payload = { type: 'error', source: client, success: false, code, error, reason };
  if (TLS_REASONS.has(reason) || reason === 'TINET_EPOLICY') {
    const tls = native.tlsFailure(client);
    if (tls) payload.tls = tls;
    if (reason === 'TINET_EPIN') payload.error = PIN_MISMATCH;
  }
  if (reason === 'TINET_EPOLICY') {
    const ats = native.atsVerdict(client);
    if (ats) payload.ats = ats;
  }
  if (typeof client.onerror === 'function') {
    client.onerror(payload);
  } else if (reason === 'TINET_EHTTPSTATUS' && typeof client.onload === 'function') {
    payload.type = 'load';
    client.onload(payload);
  }
}

function progress(client, type, progress, totalCount, totalSize, size) {
  return { type, source: client, progress, totalCount, totalSize, size };
}

// ti: HTTPClient - the defaults; an assignment makes a property of the client's own.
Object.assign(HTTPClient.prototype, {
  onload: undefined,
  onerror: undefined,
  timeout: 15000,
  timeoutForResource: 604800000,
  waitsForConnectivity: false,
  autoRedirect: true,
  autoEncodeUrl: true,
  enableKeepAlive: false,
  file: undefined,
  validatesSecureCertificate: undefined,
  username: undefined,
  password: undefined,
  domain: undefined,
  tlsVersion: undefined,
  cache: false,
  withCredentials: false,
});

defineConstants(HTTPClient, STATES);
defineConstants(HTTPClient.prototype, STATES);
defineAccessors(HTTPClient.prototype, ['onload', 'onerror', ...Object.keys(HANDLERS), 'timeout', 'timeoutForResource',
  'waitsForConnectivity', 'autoRedirect', 'autoEncodeUrl', 'enableKeepAlive', 'file', 'validatesSecureCertificate',
  'withCredentials', 'username', 'password', 'domain', 'tlsVersion', 'cache', 'securityManager']);
defineAccessors(HTTPClient.prototype, ['readyState', 'status', 'statusText', 'responseText', 'responseData', 'responseXML',
  'responseDictionary', 'responseArray', 'responseHeaders', 'location', 'connectionType', 'connected'], true);

HTTPClient.apiName = 'Ti.Network.HTTPClient';
HTTPClient.titaniumName = 'TiNetworkHTTPClient';
HTTPClient.network = {}; // network.js puts itself here

module.exports = HTTPClient;
