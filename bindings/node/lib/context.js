'use strict';
// context.js - which application this is: what tiapp.xml said, where its files
// are.  One a process (or worker); set once by the runner, else the defaults.

const os = require('os');
const path = require('path');
const fs = require('fs');

const context = {
  id: 'tinet',
  name: 'tinet',
  version: '1.0',
  publisher: '',
  url: '',
  description: '',
  copyright: '',
  guid: null,
  deployType: 'development',
  properties: [], // {name, type, value}
  bonjourServices: null, // in strict mode: the types that tiapp.xml declares
  projectDirectory: null,
  resourcesDirectory: process.cwd(),
};

function apply(values) {
  for (const key of Object.keys(values)) {
    if (values[key] !== undefined && values[key] !== null) context[key] = values[key];
  }
}

function xdg(variable, fallback) {
  const value = process.env[variable];
  return value && path.isAbsolute(value) ? value : path.join(os.homedir(), fallback);
}

// A folder of this application below an XDG base directory.
function folder(variable, fallback, ...parts) {
  const made = path.join(xdg(variable, fallback), 'tinet', context.id, ...parts);
  fs.mkdirSync(made, { recursive: true, mode: 0o700 });
  return made;
}

// What the stores of cookies and of the cache are named after: the application's
// id, outside of a project the program's name.
function storeId() {
  if (context.projectDirectory !== null || context.id !== 'tinet') return context.id;
  const program = path.basename(process.argv[1] || 'node').replace(/\.[cm]?js$/, '');
  return program.replace(/[^\w.-]/g, '_') || 'node';
}

module.exports = {
  context,
  storeId,
  apply,
  dataDirectory: () => folder('XDG_DATA_HOME', '.local/share', 'data'),
  supportDirectory: () => folder('XDG_DATA_HOME', '.local/share', 'support'),
  cacheDirectory: () => folder('XDG_CACHE_HOME', '.cache'),
  // Of the user, shared by all tinet applications.
  userFolder() {
    const made = path.join(xdg('XDG_DATA_HOME', '.local/share'), 'tinet');
    fs.mkdirSync(made, { recursive: true, mode: 0o700 });
    return made;
  },
};
