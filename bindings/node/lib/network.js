'use strict';
// network.js - the module Titanium.Network.

const native = require('./native');
const Cookie = require('./cookie');
const HTTPClient = require('./http_client');
const { Proxy, defineAccessors, defineConstants, notSupported } = require('./proxy');

class Network extends Proxy {
  createHTTPClient(dictionary) {
    return new HTTPClient(dictionary);
  }

  createCookie(dictionary) {
    return new Cookie(dictionary);
  }

  createTCPSocket(...args) {
    return new (require('./tcp_socket'))(...args);
  }

  createBonjourBrowser(...args) {
    return new (require('./bonjour').BonjourBrowser)(...args);
  }

  createBonjourService(...args) {
    return new (require('./bonjour').BonjourService)(...args);
  }

  get BonjourBrowser() {
    return require('./bonjour').BonjourBrowser;
  }

  get BonjourService() {
    return require('./bonjour').BonjourService;
  }

  get Socket() {
    return require('./socket');
  }

  get TCPSocket() {
    return require('./tcp_socket');
  }

  // tinet: App Transport Security for requests that are sent from now on: 'off', 'enforce' (as Apple ships it), or
  // the path of a project, a tiapp.xml or an Info.plist.
  get atsPolicy() {
    return require('./ats').get();
  }

  set atsPolicy(value) {
    require('./ats').set(value);
  }

  get allHTTPCookies() {
    return require('./cookie_store').all();
  }

  addEventListener(name, listener) {
    if (name === 'change') throw notSupported("the event 'change' of Ti.Network"); // it would never come
    super.addEventListener(name, listener);
  }

  // ti: Titanium.Network.encodeURIComponent
  encodeURIComponent(value) {
    return value === undefined || value === null ? null : native.encodeComponent(String(value));
  }

  decodeURIComponent(value) {
    return value === undefined || value === null ? null : native.decodeComponent(String(value));
  }
}

Network.apiName = 'Ti.Network';
Network.titaniumName = 'TiNetwork';
Network.prototype.httpURLFormatter = null;

// ti: Titanium.Network
defineConstants(Network.prototype, {
  NETWORK_NONE: 0,
  NETWORK_WIFI: 1,
  NETWORK_MOBILE: 2,
  NETWORK_LAN: 3,
  NETWORK_UNKNOWN: 4,
  PROGRESS_UNKNOWN: -1,
  TLS_DEFAULT: 0,
  TLS_VERSION_1_0: 1,
  TLS_VERSION_1_1: 2,
  TLS_VERSION_1_2: 3,
  TLS_VERSION_1_3: 4,
  NOTIFICATION_TYPE_BADGE: 1,
  NOTIFICATION_TYPE_ALERT: 2,
  NOTIFICATION_TYPE_SOUND: 3,
  NOTIFICATION_TYPE_NEWSSTAND: 4,
  READ_MODE: 1,
  WRITE_MODE: 2,
  READ_WRITE_MODE: 3,
  INADDR_ANY: 'INADDR_ANY',
  // ti: Titanium.Network.Socket - the same states
  SOCKET_INITIALIZED: 1,
  SOCKET_CONNECTED: 2,
  SOCKET_LISTENING: 4,
  SOCKET_CLOSED: 8,
  SOCKET_ERROR: 16,
  Cookie,
  HTTPClient,
});

// The store is opened when it is first used.
for (const name of [
  'addHTTPCookie', 'getHTTPCookies', 'getHTTPCookiesForDomain', 'removeHTTPCookie', 'removeHTTPCookiesForDomain',
  'removeAllHTTPCookies', 'addSystemCookie', 'getSystemCookies', 'removeSystemCookie', 'removeAllSystemCookies',
]) {
  Network.prototype[name] = function (...args) {
    return require('./cookie_store').members[name](...args);
  };
}

// Members that tinet will have; until then they say so.
const METHODS = ['registerForPushNotifications', 'unregisterForPushNotifications'];
const PROPERTIES = [
  'online', 'networkType', 'networkTypeName', 'remoteDeviceUUID', 'remoteNotificationTypes',
  'remoteNotificationsEnabled',
];
for (const name of METHODS) {
  Network.prototype[name] = function () {
    throw notSupported(`Ti.Network.${name}`);
  };
}
for (const name of PROPERTIES) {
  Object.defineProperty(Network.prototype, name, {
    get() { throw notSupported(`Ti.Network.${name}`); },
    configurable: true,
  });
}

defineAccessors(Network.prototype, ['httpURLFormatter']);
defineAccessors(Network.prototype, ['online', 'networkType', 'networkTypeName', 'allHTTPCookies'], true);

const network = new Network();
HTTPClient.network = network;

module.exports = network;
