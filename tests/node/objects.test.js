'use strict';
// objects.test.js - the Titanium objects around the network.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-objects-'));
process.env.XDG_DATA_HOME = path.join(home, 'data');
process.env.XDG_CACHE_HOME = path.join(home, 'cache');
test.after(() => fs.rmSync(home, { recursive: true }));

const { Ti, lib } = require('./support');
const { Proxy } = require(path.join(lib, 'proxy.js'));

function run(script, options = {}) {
  return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', ...options });
}

test('require gives Titanium without touching globals, register installs them', () => {
  const index = JSON.stringify(path.join(lib, 'index.js'));
  const register = JSON.stringify(path.join(lib, 'register.js'));
  const { stdout, stderr } = run(`const before = Reflect.ownKeys(globalThis).length;
    require(${index});
    console.log(Reflect.ownKeys(globalThis).length === before, typeof Ti);
    require(${register});
    console.log(typeof Ti, Ti === Titanium, typeof L, typeof alert, String.format('%s-%03d', 'a', 7));`);
  assert.equal(stdout, 'true undefined\nobject true function function a-007\n', stderr);
});

test('listeners run in order on a copy; one added twice is called twice', () => {
  const p = new Proxy();
  const heard = [];
  const twice = () => heard.push('twice');
  p.addEventListener('e', (event) => {
    heard.push([event.type, event.source === p, event.bubbles, event.cancelBubble]);
    p.removeEventListener('e', twice);
  });
  p.addEventListener('e', twice);
  p.addEventListener('e', twice);
  p.fireEvent('e');
  assert.deepEqual(heard, [['e', true, false, false], 'twice', 'twice']);
  p.fireEvent('e');
  assert.equal(heard.filter((h) => h === 'twice').length, 3);
  assert.throws(() => p.addEventListener('e', 1), TypeError);
});

test('an exception in a listener is uncaught and stops nobody else', () => {
  const { status, stdout } = run(`const { Proxy } = require(${JSON.stringify(path.join(lib, 'proxy.js'))});
    const p = new Proxy();
    process.on('uncaughtException', (error) => { console.log('uncaught', error.message); process.exitCode = 3; });
    p.addEventListener('e', () => { throw new Error('mine'); });
    p.addEventListener('e', () => console.log('second'));
    p.fireEvent('e');`);
  assert.deepEqual([status, stdout], [3, 'second\nuncaught mine\n']);
});

test('Blob: memory, file, text, append', () => {
  const blob = Ti.Blob.fromBuffer(Buffer.from('grüße'), 'text/plain');
  assert.equal(blob.length, 7);
  assert.equal(blob.size, 7);
  assert.equal(blob.text, 'grüße');
  assert.equal(String(blob), 'grüße');
  assert.equal(blob.nativePath, undefined);
  blob.append(Ti.Blob.fromBuffer(Buffer.from('!')));
  assert.equal(blob.text, 'grüße!');
  assert.equal(Ti.Blob.fromBuffer(Buffer.from([0xff, 0])).text, null);
  assert.throws(() => blob.imageAsResized(1, 1), { code: 'ERR_TINET_NOT_SUPPORTED' });
  const file = path.join(home, 'blob.txt');
  const backed = Ti.Blob.fromPath(file, 'text/plain');
  fs.writeFileSync(file, 'later'); // read when asked, not before
  assert.equal(backed.text, 'later');
  assert.equal(backed.file.nativePath, `file://${file}`);
});

test('Filesystem: paths, reading, writing, listing', () => {
  const dir = Ti.Filesystem.getFile(home, 'files');
  assert.equal(dir.createDirectory(), true);
  const file = Ti.Filesystem.getFile(dir.nativePath, 'a.txt');
  assert.equal(file.exists(), false);
  assert.equal(file.read(), null);
  assert.equal(file.write('one'), true);
  assert.equal(file.append(Ti.Blob.fromBuffer(Buffer.from(' two'))), true);
  assert.equal(file.read().text, 'one two');
  assert.equal(file.size, 7);
  assert.equal(file.extension(), 'txt');
  assert.equal(file.name, 'a.txt');
  assert.equal(file.parent.nativePath, dir.nativePath);
  assert.equal(file.copy(`${dir.nativePath}/b.txt`), true);
  assert.deepEqual(dir.getDirectoryListing(), ['a.txt', 'b.txt']);
  assert.equal(file.rename('c.txt'), true);
  assert.equal(file.name, 'c.txt');
  assert.equal(file.deleteFile(), true);
  assert.equal(file.deleteFile(), false);
  assert.equal(dir.deleteDirectory(), false);
  assert.equal(dir.deleteDirectory(true), true);
  assert.equal(Ti.Filesystem.getFile(`file://${home}`).isDirectory(), true);
  assert.equal(Ti.Filesystem.getFile('rel').resolve(), path.resolve('rel'));
  for (const name of ['applicationDataDirectory', 'applicationCacheDirectory', 'applicationSupportDirectory', 'tempDirectory']) {
    assert.ok(fs.statSync(Ti.Filesystem[name]).isDirectory(), name);
  }
  const temporary = Ti.Filesystem.createTempFile();
  assert.equal(temporary.isFile(), true);
  temporary.deleteFile();
});

test('File: the asynchronous forms give a promise and call back', async () => {
  const dir = Ti.Filesystem.getFile(home, 'async');
  const called = [];
  assert.equal(await dir.createDirectoryAsync(true, (e) => called.push(e.success)), true);
  assert.deepEqual(await dir.getDirectoryListingAsync(), []);
  assert.equal(await dir.deleteDirectoryAsync(), true);
  assert.deepEqual(called, [true]);
});

test('API: one line a call, WARN and ERROR on stderr, a level', () => {
  const api = JSON.stringify(path.join(lib, 'api.js'));
  const { stdout, stderr } = run(`const api = require(${api});
    api.info('a', 1, { b: 2 }, null); api.debug('d'); api.warn('w'); api.error('e'); api.log('info', 'l');
    api.setLevel('warn'); api.info('hidden'); api.error('shown');`);
  assert.equal(stdout, '[INFO] a 1 {"b":2} null\n[DEBUG] d\n[INFO] l\n');
  assert.equal(stderr, '[WARN] w\n[ERROR] e\n[ERROR] shown\n');
});

test('App.Properties persist, with their type and a change event', () => {
  const { Properties } = Ti.App;
  const changes = [];
  Properties.addEventListener('change', (e) => changes.push(e.property));
  Properties.setInt('n', 4);
  Properties.setBool('b', true);
  Properties.setList('l', [1, 2]);
  Properties.setObject('o', { a: 1 });
  Properties.setString('s', 'text');
  assert.equal(Properties.getInt('n'), 4);
  assert.equal(Properties.getBool('b', false), true);
  assert.deepEqual(Properties.getList('l'), [1, 2]);
  assert.equal(Properties.getString('none'), null);
  assert.equal(Properties.getString('none', 'x'), 'x');
  assert.equal(Properties.hasProperty('s'), true);
  const file = path.join(process.env.XDG_DATA_HOME, 'tinet', 'tinet', 'data', 'properties.json');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).s, 'text');
  Properties.removeProperty('s');
  assert.equal(Properties.hasProperty('s'), false);
  assert.deepEqual(Properties.listProperties().sort(), ['b', 'l', 'n', 'o']);
  assert.deepEqual(changes, ['n', 'b', 'l', 'o', 's', 's']);
});

test('App and Platform say what they are', () => {
  assert.equal(Ti.App.id, 'tinet');
  assert.equal(Ti.App.deployType, 'development');
  assert.equal(Ti.App.getName(), 'tinet');
  assert.equal(Ti.App.keyboardVisible, false);
  assert.equal(Ti.App.installId, Ti.App.installId);
  assert.equal(Ti.Platform.osname, 'linux');
  assert.equal(Ti.Platform.name, 'Linux');
  assert.equal(Ti.Platform.version, os.release());
  assert.equal(Ti.Platform.id, Ti.Platform.id);
  assert.match(Ti.Platform.createUUID(), /^[0-9a-f-]{36}$/);
  assert.equal(Ti.Platform.processorCount, os.cpus().length);
  assert.equal(Ti.version, '12.2.0');
});

test('what Titanium has and tinet has not throws and names the member', () => {
  assert.ok(Ti.UI, 'a test for the namespace works');
  assert.throws(() => Ti.UI.createWindow({}), { code: 'ERR_TINET_NOT_SUPPORTED', message: /^Ti\.UI\.createWindow is not available/ });
  assert.throws(() => Ti.UI.iOS.createTabbedBar(), { message: /Ti\.UI\.iOS\.createTabbedBar/ });
  assert.throws(() => Ti.Geolocation.getCurrentPosition(() => {}), { message: /Ti\.Geolocation\.getCurrentPosition/ });
  assert.throws(() => Ti.App.iOS.registerBackgroundService({}), { message: /Ti\.App\.iOS\.registerBackgroundService/ });
  assert.equal(Ti.Nonsense, undefined);
  assert.equal(Ti.UI.nonsense, undefined);
  assert.throws(() => Ti.include('x'), /removed/);
});
