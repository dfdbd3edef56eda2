'use strict';
// https.js - the module `ti.https` / `appcelerator.https`: certificate pinning.
//
// ti: createX509CertificatePinningSecurityManager

const fs = require('fs');
const { domainToASCII } = require('url');
const api = require('./api');
const native = require('./native');
const { Proxy } = require('./proxy');

const KEYS = ['url', 'serverCertificate', 'trustChainIndex', 'clientCertificate', 'clientPassword'];
const MANAGER = 'X509CertificatePinningSecurityManager';
const TRUST = new WeakMap(); // manager -> the addon's object

class SecurityManager extends Proxy {
  constructor(trust) {
    super();
    TRUST.set(this, trust);
    Object.freeze(this);
  }
}
SecurityManager.apiName = 'appcelerator.https.X509CertificatePinningSecurityManager';
SecurityManager.titaniumName = MANAGER;

function fail(Kind, message, code) {
  const error = new Kind(message);
  if (code) error.code = code;
  return error;
}

// The bytes of a certificate: a path, a Blob or a file.
function read(source, what) {
  if (source.apiName === 'Ti.Blob') return source._read();
  const path = typeof source === 'string' ? require('./filesystem').getFile(source).resolve() : source.resolve();
  try {
    return fs.readFileSync(path);
  } catch (error) {
    const failure = fail(Error, `Failed to read ${what} data from URL ${path}`, error.code);
    failure.errno = error.errno;
    throw failure;
  }
}

function isFile(value) {
  return Boolean(value) && (value.apiName === 'Ti.Blob' || value.apiName === 'Ti.Filesystem.File');
}

// Of "https://host:port/path" the host; "https://*.example.com" too.
function hostOf(text) {
  const parts = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)(?::\d*)?(?:[/?#]|$)/i.exec(text);
  if (!parts) throw fail(Error, `Malformed URL string ${text}`);
  if (parts[1].toLowerCase() !== 'https') throw fail(Error, `Scheme must be https for URL ${text}`);
  const host = parts[2].replace(/\.$/, '');
  const ascii = host.startsWith('[') ? host.slice(1, -1).toLowerCase() : domainToASCII(host);
  if (ascii === '') throw fail(Error, `Malformed URL string ${text}`);
  return ascii;
}

function chainIndex(value) {
  if (value === undefined || value === null) return 0;
  const index = Number(value);
  if (!Number.isInteger(index)) throw fail(TypeError, `trustChainIndex must be an integer, not ${value}`);
  if (index < 0) throw fail(RangeError, `Cannot use negative trust-chain certificate-index ${index}`);
  return index;
}

function checkEntry(entry) {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) {
    throw fail(TypeError, 'Expected an object containing only the two keys: url and serverCertificate');
  }
  for (const key of Object.keys(entry)) {
    if (!KEYS.includes(key)) api.warn(`${MANAGER}: the key '${key}' is not known and ignored`);
  }
  if (typeof entry.url !== 'string') throw fail(TypeError, `Missing url property for ${MANAGER}`);
  if (typeof entry.serverCertificate !== 'string' && !isFile(entry.serverCertificate)) {
    throw fail(TypeError, `Missing serverCertificate property for ${MANAGER}`);
  }
}

function hashOf(source) {
  try {
    return native.spkiHash(read(source, 'certificate'));
  } catch (error) {
    if (error.code === 'TINET_ECERTIFICATE') error.message = `serverCertificate: ${error.message}`;
    throw error;
  }
}

function addIdentity(trust, host, entry) {
  const source = entry.clientCertificate;
  if (source === undefined || source === null) return;
  if (typeof source !== 'string' && !isFile(source)) throw fail(TypeError, 'Malformed clientCertificate property');
  if (typeof entry.clientPassword !== 'string') throw fail(Error, 'Could not find X509 client-certificate password');
  native.addClientCertificate(trust, host, read(source, 'client certificate'), entry.clientPassword);
}

function createX509CertificatePinningSecurityManager(entries) {
  if (arguments.length !== 1 || !Array.isArray(entries)) {
    throw fail(TypeError, `${MANAGER} needs an array of objects with the keys url and serverCertificate`);
  }
  if (entries.length === 0) throw fail(Error, 'pinnedUrlSet must have at least one PinnedURL object.');
  const trust = native.newTrust();
  const pinned = new Map(); // host -> key and place
  for (const entry of entries) {
    checkEntry(entry);
    const host = hostOf(entry.url);
    const index = chainIndex(entry.trustChainIndex);
    const pin = `${index} ${hashOf(entry.serverCertificate)}`;
    if (!pinned.has(host)) native.addPin(trust, host, pin.split(' ')[1], index);
    else if (pinned.get(host) !== pin) throw fail(Error, `A host name can only be pinned to one public key: ${host}`);
    pinned.set(host, pin);
    addIdentity(trust, host, entry);
  }
  return new SecurityManager(trust);
}

class HttpsModule extends Proxy {}
HttpsModule.apiName = 'appcelerator.https';
HttpsModule.titaniumName = 'TiHttpsModule';
HttpsModule.prototype.createX509CertificatePinningSecurityManager = createX509CertificatePinningSecurityManager;

// The addon's object of a manager; undefined if it is none.
function trustOf(manager) {
  return TRUST.get(manager);
}

module.exports = { module: new HttpsModule(), trustOf };
