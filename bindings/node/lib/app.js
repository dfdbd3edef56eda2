'use strict';
// app.js - Titanium.App and Titanium.App.Properties.

const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { Proxy, defineAccessors } = require('./proxy');
const { context, dataDirectory, supportDirectory } = require('./context');

const READERS = {
  Bool: (value) => value === true || value === 'true' || value === 1 || value === '1',
  Double: Number,
  Int: (value) => Math.trunc(Number(value)),
  String,
  List: (value) => (Array.isArray(value) ? value : []),
  Object: (value) => value,
};

// A default from tiapp.xml, by its type attribute.
function typed(property) {
  switch (property.type) {
    case 'bool':
    case 'boolean':
      return READERS.Bool(property.value);
    case 'int':
    case 'double':
    case 'number':
      return Number(property.value);
    default:
      return property.value;
  }
}

// Written beside and renamed, so that a crash leaves the old or the new file.
function writeAtomically(file, text) {
  const temporary = `${file}.${process.pid}.${crypto.randomBytes(4).toString('hex')}`;
  fs.writeFileSync(temporary, text, { mode: 0o600 });
  fs.renameSync(temporary, file);
}

class Properties extends Proxy {
  _values() {
    if (!this._loaded) {
      let stored = {};
      try {
        stored = JSON.parse(fs.readFileSync(this._file(), 'utf8'));
      } catch (error) {
        if (error.code !== 'ENOENT') {
          require('./api').warn(`${this._file()} cannot be read, the properties start empty: ${error.message}`);
        }
      }
      const defaults = Object.fromEntries(context.properties.map((p) => [p.name, typed(p)]));
      Object.defineProperty(this, '_loaded', { value: { defaults, stored } });
    }
    return this._loaded;
  }

  _file() {
    return path.join(dataDirectory(), 'properties.json');
  }

  _get(name, fallback, read) {
    const { defaults, stored } = this._values();
    const key = String(name);
    if (Object.hasOwn(stored, key)) return read(stored[key]);
    if (Object.hasOwn(defaults, key)) return read(defaults[key]);
    return fallback === undefined ? null : fallback;
  }

  _set(name, value) {
    const { stored } = this._values();
    const key = String(name);
    if (value === null || value === undefined) {
      if (!Object.hasOwn(stored, key)) return;
      delete stored[key];
    } else {
      stored[key] = value;
    }
    writeAtomically(this._file(), JSON.stringify(stored));
    this.fireEvent('change', { property: key, value });
  }

  hasProperty(name) {
    const { defaults, stored } = this._values();
    return Object.hasOwn(stored, String(name)) || Object.hasOwn(defaults, String(name));
  }

  listProperties() {
    const { defaults, stored } = this._values();
    return [...new Set([...Object.keys(defaults), ...Object.keys(stored)])];
  }

  removeProperty(name) {
    this._set(name, null);
  }

  removeAllProperties() {
    const { stored } = this._values();
    for (const key of Object.keys(stored)) delete stored[key];
    writeAtomically(this._file(), '{}');
    this.fireEvent('change', {});
  }
}

for (const type of Object.keys(READERS)) {
  Properties.prototype['get' + type] = function (name, fallback) {
    return this._get(name, fallback, READERS[type]);
  };
  Properties.prototype['set' + type] = function (name, value) {
    this._set(name, value);
  };
}
Properties.apiName = 'Ti.App.Properties';
Properties.titaniumName = 'TiAppProperties';

class App extends Proxy {
  // Stable for this installation of the application.
  get installId() {
    const file = path.join(supportDirectory(), 'install-id');
    try {
      return fs.readFileSync(file, 'utf8').trim();
    } catch {
      const id = crypto.randomUUID();
      writeAtomically(file, id);
      return id;
    }
  }
}

const FROM_TIAPP = ['id', 'name', 'version', 'publisher', 'url', 'description', 'copyright', 'guid', 'deployType'];
for (const name of FROM_TIAPP) {
  Object.defineProperty(App.prototype, name, { get() { return context[name]; }, enumerable: true });
}

const sessionId = crypto.randomUUID();
Object.defineProperties(App.prototype, {
  sessionId: { get: () => sessionId, enumerable: true },
  keyboardVisible: { get: () => false, enumerable: true },
  Properties: { value: new Properties(), enumerable: true },
});
App.apiName = 'Ti.App';
App.titaniumName = 'TiApp';
defineAccessors(App.prototype, [...FROM_TIAPP, 'sessionId', 'installId', 'keyboardVisible'], true);

module.exports = new App();
