'use strict';
// filesystem.js - Titanium.Filesystem and Filesystem.File.
//
// Paths are absolute, file:// URIs, or relative to Resources.  What the
// documentation says returns true or false does so; why it was false goes to
// the log at debug level.

const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { fileURLToPath, pathToFileURL } = require('url');
const Blob = require('./blob');
const context = require('./context');
const { FileStream, isMode } = require('./data_streams');
const { Proxy, defineAccessors, defineConstants } = require('./proxy');

function resolve(parts) {
  const joined = parts.map((part) => (part instanceof File ? part._path : String(part))).join('/');
  const plain = /^file:\/\//i.test(joined) ? fileURLToPath(joined) : joined;
  return path.resolve(context.context.resourcesDirectory, plain);
}

function attempt(what, action) {
  try {
    const result = action();
    return result === undefined ? true : result;
  } catch (error) {
    require('./api').debug(`${what}: ${error.message}`);
    return false;
  }
}

function bytesOf(data) {
  if (data instanceof Blob) return data._read();
  if (data instanceof File) return fs.readFileSync(data._path);
  if (data && data.apiName === 'Ti.Buffer') return data._bytes;
  if (Buffer.isBuffer(data)) return data;
  if (data === null || data === undefined) throw new TypeError('nothing to write');
  return Buffer.from(String(data), 'utf8');
}

class File extends Proxy {
  constructor(nativePath) {
    super();
    Object.defineProperty(this, '_path', { value: nativePath, writable: true });
  }

  get nativePath() { return pathToFileURL(this._path).href; }
  get name() { return path.basename(this._path); }
  get parent() { return new File(path.dirname(this._path)); }
  get symbolicLink() { return this._is((s) => s.isSymbolicLink(), fs.lstatSync); }
  get hidden() { return this.name.startsWith('.'); }
  get executable() { return this._may(fs.constants.X_OK); }
  get readonly() { return this.exists() && !this._may(fs.constants.W_OK); }
  get writable() { return this._may(fs.constants.W_OK); }
  get size() { return (this._stat() || { size: 0 }).size; }

  _stat(how = fs.statSync) {
    try {
      return how(this._path);
    } catch {
      return null;
    }
  }

  _is(test, how) {
    const stat = this._stat(how);
    return stat !== null && test(stat);
  }

  _may(mode) {
    try {
      fs.accessSync(this._path, mode);
      return true;
    } catch {
      return false;
    }
  }

  exists() { return this._stat() !== null; }
  isFile() { return this._is((s) => s.isFile()); }
  isDirectory() { return this._is((s) => s.isDirectory()); }
  extension() { return path.extname(this._path).slice(1); }
  resolve() { return this._path; }
  getProtectionKey() { return null; }
  setProtectionKey() { return false; }

  createdAt() { return (this._stat() || { birthtime: null }).birthtime; }
  modifiedAt() { return (this._stat() || { mtime: null }).mtime; }
  createTimestamp() { return (this._stat() || { birthtimeMs: 0 }).birthtimeMs; }
  modificationTimestamp() { return (this._stat() || { mtimeMs: 0 }).mtimeMs; }

  spaceAvailable() {
    try {
      const s = fs.statfsSync(this.isDirectory() ? this._path : path.dirname(this._path));
      return s.bavail * s.bsize;
    } catch {
      return 0;
    }
  }

  // A Blob that reads the file when asked; null if there is none.
  read() {
    return this.isFile() ? Blob.fromPath(this._path, mediaType(this._path)) : null;
  }

  write(data, append) {
    return attempt(`File.write ${this._path}`, () => {
      const bytes = bytesOf(data);
      if (append) fs.appendFileSync(this._path, bytes);
      else fs.writeFileSync(this._path, bytes);
    });
  }

  append(data) {
    return this.write(data, true);
  }

  createFile() {
    return attempt(`File.createFile ${this._path}`, () => fs.closeSync(fs.openSync(this._path, 'wx')));
  }

  createDirectory(recursive = true) {
    return attempt(`File.createDirectory ${this._path}`, () => {
      if (this.isDirectory()) return false;
      fs.mkdirSync(this._path, { recursive: recursive !== false });
      return true;
    });
  }

  deleteFile() {
    return attempt(`File.deleteFile ${this._path}`, () => fs.unlinkSync(this._path));
  }

  deleteDirectory(recursive = false) {
    return attempt(`File.deleteDirectory ${this._path}`, () => {
      if (!this.isDirectory()) return false;
      if (recursive) fs.rmSync(this._path, { recursive: true });
      else fs.rmdirSync(this._path);
      return true;
    });
  }

  copy(destination) {
    return attempt(`File.copy ${this._path}`, () => fs.copyFileSync(this._path, resolve([destination])));
  }

  move(destination) {
    return attempt(`File.move ${this._path}`, () => {
      const target = resolve([destination]);
      try {
        fs.renameSync(this._path, target);
      } catch (error) {
        if (error.code !== 'EXDEV') throw error;
        fs.copyFileSync(this._path, target);
        fs.unlinkSync(this._path);
      }
      this._path = target;
    });
  }

  // As the ports do: a name beside, the object then stands for the new one.
  rename(name) {
    return attempt(`File.rename ${this._path}`, () => {
      const target = path.resolve(path.dirname(this._path), String(name));
      fs.renameSync(this._path, target);
      this._path = target;
    });
  }

  getDirectoryListing() {
    try {
      return fs.readdirSync(this._path).sort();
    } catch {
      return null;
    }
  }

  // ti: Titanium.Filesystem.File.open
  open(mode) {
    if (!isMode(mode)) throw new TypeError('Filesystem.File.open: the mode is MODE_READ, MODE_WRITE or MODE_APPEND');
    return new FileStream(this._path, mode);
  }

  toString() {
    return this._path;
  }
}

File.apiName = 'Ti.Filesystem.File';
File.titaniumName = 'TiFile';
defineAccessors(File.prototype,
  ['nativePath', 'name', 'parent', 'symbolicLink', 'executable', 'readonly', 'writable', 'size', 'hidden'], true);

// fooAsync(..., callback): a promise of foo's result, and the callback with it.
for (const name of ['createDirectory', 'deleteDirectory', 'getDirectoryListing', 'copy', 'move', 'deleteFile']) {
  File.prototype[name + 'Async'] = function (...args) {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : null;
    return new Promise((done) => setImmediate(done)).then(() => {
      const value = this[name](...args);
      const success = value !== false && value !== null;
      if (callback) callback({ success, value, code: success ? 0 : -1 });
      return value;
    });
  };
}

function mediaType(file) {
  try {
    return require('./native').mediaType(file);
  } catch {
    return undefined; // without the addon a type is not known
  }
}

function temporary(make) {
  const name = path.join(os.tmpdir(), `tinet-${crypto.randomBytes(8).toString('hex')}`);
  make(name);
  return new File(name);
}

class Filesystem extends Proxy {
  getFile(...parts) {
    if (parts.length === 0 || parts[0] === null || parts[0] === undefined) {
      throw new TypeError('Titanium.Filesystem.getFile: a path is expected');
    }
    return new File(resolve(parts));
  }

  getAsset(...parts) {
    const file = this.getFile(...parts);
    return file.read();
  }

  createTempFile() {
    return temporary((name) => fs.closeSync(fs.openSync(name, 'wx', 0o600)));
  }

  createTempDirectory() {
    return temporary((name) => fs.mkdirSync(name, { mode: 0o700 }));
  }

  isExternalStoragePresent() { return false; }
  isExternalStorageAvailable() { return false; }
  hasStoragePermissions() { return true; }

  openStream(mode, ...parts) {
    if (parts.length === 0) throw new TypeError('Filesystem.openStream: a path is expected');
    return new File(resolve(parts)).open(mode);
  }

  get applicationDataDirectory() { return context.dataDirectory() + '/'; }
  get applicationSupportDirectory() { return context.supportDirectory() + '/'; }
  get applicationCacheDirectory() { return context.cacheDirectory() + '/'; }
  get tempDirectory() { return os.tmpdir() + '/'; }
  get resourcesDirectory() { return context.context.resourcesDirectory + '/'; }
  get applicationDirectory() { return (context.context.projectDirectory || context.context.resourcesDirectory) + '/'; }
  get userDirectory() { return os.homedir() + '/'; }
}

Filesystem.apiName = 'Ti.Filesystem';
Filesystem.titaniumName = 'TiFilesystem';
Filesystem.prototype.File = File;
defineConstants(Filesystem.prototype, {
  separator: '/', lineEnding: '\n', MODE_READ: 0, MODE_WRITE: 1, MODE_APPEND: 2,
});
defineAccessors(Filesystem.prototype, ['applicationDataDirectory', 'applicationSupportDirectory', 'applicationCacheDirectory',
  'tempDirectory', 'resourcesDirectory', 'applicationDirectory', 'userDirectory', 'separator', 'lineEnding'], true);

module.exports = new Filesystem();
