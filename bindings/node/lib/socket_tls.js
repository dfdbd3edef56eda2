'use strict';
// socket_tls.js - the extension `tls` of Socket.TCP, checked: a mistake in it must not
// become a connection without TLS.

const { mistake } = require('./proxy');

const CLIENT = ['ca', 'serverName'];
const SERVER = ['cert', 'key', 'passphrase', 'clientCa'];

function isText(value) {
  return typeof value === 'string';
}

function checked(tls, names) {
  const options = {};
  for (const name of names) {
    const value = tls[name];
    if (value === undefined || value === null) continue;
    if (!isText(value)) throw mistake(TypeError, `Socket.TCP: tls.${name} must be a string`);
    options[name] = value;
  }
  options.alpn = [tls.alpn === undefined || tls.alpn === null ? [] : tls.alpn].flat();
  if (!options.alpn.every(isText)) throw mistake(TypeError, 'Socket.TCP: tls.alpn must be a string or an array of strings');
  return options;
}

// For connect(); null = without.  ti: Titanium.Network.Socket.TCP.secure
function clientOptions({ tls, secure }) {
  if (tls === undefined || tls === null || tls === false) return secure === true ? { alpn: [] } : null;
  if (tls === true) return { alpn: [] };
  if (typeof tls !== 'object') throw mistake(TypeError, 'Socket.TCP: tls must be true or an object');
  const options = checked(tls, CLIENT);
  options.rejectUnauthorized = tls.rejectUnauthorized !== false;
  if (tls.securityManager) options.trust = require('./https').trustOf(tls.securityManager);
  if (tls.securityManager && !options.trust) throw mistake(TypeError, 'Socket.TCP: tls.securityManager is no security manager');
  return options;
}

// For listen(); null = without.
function serverOptions({ tls, secure }) {
  if (tls === undefined || tls === null || tls === false) {
    if (secure === true) require('./api').warn('Socket.TCP: `secure` is for connect(); listening with TLS needs tls: {cert, key}');
    return null;
  }
  if (typeof tls !== 'object' || !tls.cert || !tls.key) throw mistake(TypeError, 'Socket.TCP: listening with TLS needs tls: {cert, key}');
  return checked(tls, SERVER);
}

module.exports = { clientOptions, serverOptions };
