'use strict';
// modules.js - require() with Titanium's rules, for the files of a project.
//
// '/lib/x' is Resources/lib/x; './x' and '../x' are relative to the file; 'x' is
// a native module, then node_modules, then Resources/x (as older apps write).
// A path may lack .js or .json, or be a folder with a package.json or index.

const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { builtinModules, createRequire } = require('module');
const { context } = require('./context');

const cache = new Map(); // file -> module

// Titanium's native modules.
const NATIVE = new Set(['ti.https', 'appcelerator.https']);

function isFile(file) {
  try {
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

function mainOf(folder) {
  try {
    const main = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).main;
    return typeof main === 'string' ? path.join(folder, main) : null;
  } catch {
    return null;
  }
}

function asFile(base) {
  return [base, `${base}.js`, `${base}.json`].find(isFile) || null;
}

// The file that `base` stands for, or null.
function locate(base) {
  const file = asFile(base);
  if (file) return file;
  const main = mainOf(base);
  return (main && (asFile(main) || asFile(path.join(main, 'index')))) || asFile(path.join(base, 'index'));
}

function inNodeModules(id, from) {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const found = path.basename(folder) === 'node_modules' ? null : locate(path.join(folder, 'node_modules', id));
    if (found) return found;
    if (folder === path.dirname(folder)) return null;
  }
}

function find(id, from) {
  if (id.startsWith('/')) {
    return locate(path.join(context.resourcesDirectory, id)) || (isFile(id) ? id : null);
  }
  if (id.startsWith('./') || id.startsWith('../') || id === '.' || id === '..') return locate(path.resolve(from, id));
  return inNodeModules(id, from) || locate(path.join(context.resourcesDirectory, id));
}

function notFound(id, parent) {
  const error = new Error(`Couldn't find module: ${id} for ${shown(parent)}`);
  error.code = 'MODULE_NOT_FOUND';
  return error;
}

// A file as a person knows it: from Resources on.
function shown(file) {
  const relative = path.relative(context.resourcesDirectory, file);
  return relative.startsWith('..') ? file : '/' + relative;
}

function compile(file, text) {
  const names = ['exports', 'require', 'module', '__filename', '__dirname'];
  return vm.compileFunction(text.replace(/^#!.*/, ''), names, { filename: file });
}

function loadJSON(file, text) {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    error.message = `${shown(file)}: ${error.message}`;
    throw error;
  }
}

// Runs the module once; a cycle sees what is exported so far.
function load(file) {
  const known = cache.get(file);
  if (known) return known.exports;
  const module = { exports: {}, id: shown(file), filename: file, loaded: false, children: [] };
  cache.set(file, module);
  try {
    const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    if (file.endsWith('.json')) {
      module.exports = loadJSON(file, text);
    } else {
      const run = compile(file, text);
      run.call(module.exports, module.exports, makeRequire(file), module, shown(file), path.posix.dirname(shown(file)));
    }
  } catch (error) {
    cache.delete(file);
    throw error;
  }
  module.loaded = true;
  return module.exports;
}

function nativeModule() {
  return require('./https').module;
}

function makeRequire(parent) {
  const from = path.dirname(parent);
  function require(id) {
    if (typeof id !== 'string' || id === '') throw new TypeError('require: a module id is expected');
    const file = find(id, from);
    if (file) return load(file);
    if (NATIVE.has(id)) return nativeModule();
    if (id === 'tinet') return globalThis.Ti;
    if (builtinModules.includes(id.replace(/^node:/, ''))) return createRequire(parent)(id);
    throw notFound(id, parent);
  }
  require.resolve = (id) => {
    const file = find(String(id), from);
    if (!file) throw notFound(id, parent);
    return file;
  };
  return require;
}

module.exports = { load, makeRequire, shown };
