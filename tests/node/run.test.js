'use strict';
// run.test.js - projects and files as `tinet run` runs them.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { lib } = require('./support');

const TIAPP = `<?xml version="1.0"?>
<ti:app xmlns:ti="http://ti.appcelerator.org">
  <id>org.example.app</id><name>App</name><version>2.1</version><guid>11111111-2222-3333-4444-555555555555</guid>
  <property name="feed.url" type="string">http://example.org/</property>
  <property name="feed.size" type="int">7</property>
  <property name="feed.on" type="bool">true</property>
</ti:app>`;

// Writes the files of a project and runs it (or `start` in it).
function run(t, files, { start = '', args = [] } = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-run-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  for (const name of Object.keys(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), files[name]);
  }
  const env = { ...process.env, XDG_DATA_HOME: path.join(dir, '.data'), XDG_CACHE_HOME: path.join(dir, '.cache') };
  return spawnSync(process.execPath, [path.join(lib, 'run.js'), ...args, path.join(dir, start)], {
    encoding: 'utf8', env, timeout: 60000,
  });
}

function project(t, app, more = {}, options = {}) {
  return run(t, { 'tiapp.xml': TIAPP, 'Resources/app.js': app, ...more }, options);
}

test('a project has its globals and what tiapp.xml says', (t) => {
  const { stdout, stderr, status } = project(t, `
    Ti.API.info(Ti === Titanium, Ti.App.id, Ti.App.name, Ti.App.version, Ti.App.guid);
    Ti.API.info(Ti.App.Properties.getString('feed.url'), Ti.App.Properties.getInt('feed.size'), Ti.App.Properties.getBool('feed.on'));
    Ti.API.info(__filename, __dirname, typeof module, typeof exports, typeof setTimeout, L('greeting'), L('none', 'x'));`,
  { 'i18n/en/strings.xml': '<resources><string name="greeting">Hello</string></resources>' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split('\n'), [
    '[INFO] true org.example.app App 2.1 11111111-2222-3333-4444-555555555555',
    '[INFO] http://example.org/ 7 true',
    '[INFO] /app.js / object object function Hello x',
  ]);
});

test('require follows the rules of Titanium', (t) => {
  const { stdout, stderr } = project(t, `
    Ti.API.info([require('/lib/a'), require('./lib/a'), require('lib/a'), require('/lib/data.json').n, require('/pack'),
      require('/folder'), require('dep'), require('/lib/a') === require('./lib/a')].join());
    Ti.API.info(require('/cycle/one').name, require('/cycle/two').seen);`, {
    'Resources/lib/a.js': 'module.exports = "a" + require("./sub/b");',
    'Resources/lib/sub/b.js': 'exports = module.exports = "b" + require("../c").c;',
    'Resources/lib/c.js': 'exports.c = __filename;',
    'Resources/lib/data.json': '{"n": 5}',
    'Resources/pack/package.json': '{"main": "start"}',
    'Resources/pack/start.js': 'module.exports = "packed";',
    'Resources/folder/index.js': 'module.exports = "indexed";',
    'Resources/node_modules/dep/index.js': 'module.exports = "dependency";',
    'Resources/cycle/one.js': 'exports.name = "one"; exports.two = require("./two");',
    'Resources/cycle/two.js': 'exports.seen = require("./one").name;',
  });
  assert.equal(stderr, '');
  assert.equal(stdout, '[INFO] ab/lib/c.js,ab/lib/c.js,ab/lib/c.js,5,packed,indexed,dependency,true\n[INFO] one one\n');
});

test('a missing module is named, with who wanted it', (t) => {
  const { status, stderr } = project(t, 'require("/lib/none");');
  assert.equal(status, 1);
  assert.match(stderr, /Couldn't find module: \/lib\/none for \/app\.js/);
});

test('an uncaught error prints its stack and ends with status 1', (t) => {
  const { status, stdout, stderr } = project(t, `
    Ti.App.addEventListener('uncaughtException', (e) => Ti.API.info('event', e.message));
    setTimeout(function later() { throw new Error('broken'); }, 1);
    setTimeout(() => Ti.API.info('never'), 2000);`);
  assert.equal(status, 1);
  assert.match(stderr, /^\[ERROR\] Error: broken\n\s+at .*later .*\/app\.js:3:/);
  assert.equal(stdout, '[INFO] event broken\n');
});

test('an error while app.js loads, a syntax error, a rejected promise', (t) => {
  const thrown = project(t, '\n\nnull.x;');
  assert.equal(thrown.status, 1);
  assert.match(thrown.stderr, /\/app\.js:3/);
  const syntax = project(t, 'let a = ;');
  assert.equal(syntax.status, 1);
  assert.match(syntax.stderr, /app\.js:1[\s\S]*SyntaxError/);
  const rejected = project(t, 'Promise.reject(new Error("no"));');
  assert.equal(rejected.status, 1);
  assert.match(rejected.stderr, /Error: no/);
});

test('it ends by itself when nothing is pending', (t) => {
  const { status, stdout } = project(t, 'setTimeout(() => Ti.API.info("done"), 5);');
  assert.deepEqual([status, stdout], [0, '[INFO] done\n']);
});

test('one file runs without a project', (t) => {
  const { status, stdout } = run(t, { 'one.js': 'Ti.API.info(Ti.App.id, require("/two"));', 'two.js': 'module.exports = 2;' }, { start: 'one.js' });
  assert.deepEqual([status, stdout], [0, '[INFO] one 2\n']);
});

test('the log level filters', (t) => {
  const { stdout, stderr } = project(t, 'Ti.API.debug("d"); Ti.API.info("i"); Ti.API.error("e");', {}, { args: ['--log-level', 'error'] });
  assert.deepEqual([stdout, stderr], ['', '[ERROR] e\n']);
});

test('what is no project is refused with status 2', (t) => {
  const empty = run(t, { 'x.txt': '' });
  assert.equal(empty.status, 2);
  assert.match(empty.stderr, /no tiapp\.xml/);
  const noApp = run(t, { 'tiapp.xml': TIAPP });
  assert.equal(noApp.status, 2);
  assert.match(noApp.stderr, /app\.js is missing/);
  const broken = run(t, { 'tiapp.xml': '<ti:app>\n<id>a</name>', 'Resources/app.js': '' });
  assert.equal(broken.status, 2);
  assert.match(broken.stderr, /tiapp\.xml:2:\d+: /);
  const none = run(t, {}, { start: 'nowhere' });
  assert.equal(none.status, 2);
  assert.match(none.stderr, /no such file/);
  assert.equal(project(t, '', {}, { args: ['--log-level', 'loud'] }).status, 2);
});

