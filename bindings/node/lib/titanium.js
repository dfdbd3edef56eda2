'use strict';
// titanium.js - the object behind `Ti` and `Titanium`.  Its modules are opened
// when first read: an app that only logs does not load the network.

const { Proxy, defineAccessors, defineConstants } = require('./proxy');
const { fill } = require('./missing');

const MODULES = {
  API: './api',
  App: './app',
  Codec: './codec',
  Filesystem: './filesystem',
  Network: './network',
  Platform: './platform',
  Stream: './stream',
  XML: './xml',
};

class Titanium extends Proxy {
  createBuffer(options) {
    const TiBuffer = require('./buffer');
    return new TiBuffer(options);
  }

  createProxy() {
    return new Proxy();
  }

  include() {
    throw new Error('Titanium.include was removed from Titanium in 8.0.0; use require()');
  }

  // ti: Titanium.userAgent
  get userAgent() {
    return require('./native').getUserAgent();
  }

  set userAgent(value) {
    require('./native').setUserAgent(value === undefined || value === null ? null : String(value));
  }
}

Titanium.apiName = 'Ti';
Titanium.titaniumName = 'Titanium';

const titanium = new Titanium();

for (const name of Object.keys(MODULES)) {
  Object.defineProperty(titanium, name, {
    get() {
      const module = require(MODULES[name]);
      fill(module, `Ti.${name}`);
      Object.defineProperty(titanium, name, { value: module, enumerable: true });
      return module;
    },
    enumerable: true,
    configurable: true,
  });
}
for (const [name, file] of [['Blob', './blob'], ['Buffer', './buffer'], ['Proxy', './proxy']]) {
  Object.defineProperty(titanium, name, {
    get() {
      const module = require(file);
      return name === 'Proxy' ? module.Proxy : module;
    },
    enumerable: true,
  });
}
defineConstants(titanium, {
  version: '12.2.0', // the documented behaviour that is followed
  buildDate: '2026/11/23 00:00',
  buildHash: require('../package.json').version,
});
defineAccessors(titanium, ['userAgent']);
defineAccessors(titanium, ['version', 'buildDate', 'buildHash'], true);
fill(titanium, 'Ti');

module.exports = titanium;
