'use strict';
// cookie.test.js - Titanium.Network.Cookie and the cookie methods of Ti.Network.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { Ti, home, lib, serve, watched, request } = require('./support');

const { Network } = Ti;
const SOME_DATE = '2027-01-31T23:59:59.000+0000';
const SOON = new Date(Date.now() + 60 * 86400 * 1000).toISOString().replace(/\.\d{3}Z$/, '.000+0000');

function warnings(t) {
  const list = [];
  const { warn } = Ti.API;
  Ti.API.warn = (text) => list.push(text);
  t.after(() => { Ti.API.warn = warn; });
  return list;
}

function cookie(values) {
  return Network.createCookie({ name: 'n', value: 'v', domain: 'example.org', path: '/', ...values });
}

test.beforeEach(() => {
  Network.removeAllHTTPCookies();
  Network.removeAllSystemCookies();
});

test('a cookie is a proxy with its name', () => {
  const c = cookie();
  assert.equal(c.apiName, 'Ti.Network.Cookie');
  assert.ok(c instanceof Network.Cookie);
  assert.equal(c.getName(), 'n');
  c.setValue('w');
  assert.equal(c.value, 'w');
  assert.deepEqual([c.secure, c.httponly, c.version, c.maxAge, c.expiryDate], [false, false, 0, -1, undefined]);
});

test('the name is given at creation, never later', (t) => {
  const said = warnings(t);
  const c = cookie();
  c.name = 'other';
  assert.equal(c.name, 'n');
  assert.match(said[0], /read-only/);
});

test('values become strings, null and undefined unset', () => {
  const c = cookie({ value: 5, path: null, secure: 1, httponly: 0 });
  assert.deepEqual([c.value, c.path, c.secure, c.httponly], ['5', undefined, true, false]);
  c.domain = undefined;
  assert.equal(c.domain, undefined);
});

test('every form of an expiry date', (t) => {
  const said = warnings(t);
  const c = cookie();
  for (const [given, read] of [
    [new Date(Date.UTC(2027, 0, 31, 23, 59, 59)), SOME_DATE],
    [SOME_DATE, SOME_DATE],
    ['2027-02-01T01:59:59.000+0200', SOME_DATE],
    ['2027-02-01T01:59:59+02:00', SOME_DATE],
    ['2027-01-31T23:59:59Z', SOME_DATE],
    ['Sun, 31 Jan 2027 23:59:59 GMT', SOME_DATE],
    ['2027-01-31T23:59:59.5+0000', '2027-01-31T23:59:59.500+0000'],
    [null, undefined],
  ]) {
    c.expiryDate = given;
    assert.equal(c.expiryDate, read, String(given));
  }
  assert.equal(said.length, 0);
  for (const given of ['tomorrow', '2027-13-01T00:00:00Z', 'x', {}]) {
    c.expiryDate = SOME_DATE;
    c.expiryDate = given;
    assert.equal(c.expiryDate, undefined, String(given));
  }
  assert.equal(said.length, 4);
  c.expiryDate = SOME_DATE;
  assert.equal(new Date(c.expiryDate).getTime(), Date.UTC(2027, 0, 31, 23, 59, 59));
});

test('maxAge is whole seconds, negative is not set', () => {
  const c = cookie();
  for (const [given, read] of [[5, 5], [5.9, 5], ['7', 7], [-3, -1], [null, -1], ['x', -1], [0, 0]]) {
    c.maxAge = given;
    assert.equal(c.maxAge, read, String(given));
  }
});

test('isValid looks at name, value, path and domain', () => {
  assert.ok(cookie().isValid());
  assert.ok(cookie({ value: '' }).isValid());
  assert.ok(cookie({ value: ' padded ' }).isValid());
  assert.ok(cookie({ domain: '.example.org' }).isValid());
  assert.ok(cookie({ domain: undefined, originalUrl: 'https://example.org/x' }).isValid());
  assert.ok(cookie({ domain: '127.0.0.1' }).isValid());
  for (const wrong of [{ name: '' }, { name: undefined }, { name: 'a=b' }, { name: ' a' }, { name: 'a;b' }, { value: undefined },
    { value: 'a;b' }, { value: 'a\nb' }, { path: undefined }, { path: 'x' }, { domain: undefined }, { domain: '' },
    { domain: undefined, originalUrl: 'ftp://example.org' }, { domain: 'a b' }]) {
    assert.equal(cookie(wrong).isValid(), false, JSON.stringify(wrong));
  }
});

test('what is added is found, as a copy', () => {
  const c = cookie({ domain: '.example.org', expiryDate: SOON, secure: true, httponly: true, comment: 'why', version: 1 });
  Network.addHTTPCookie(c);
  c.value = 'changed';
  const [found, ...rest] = Network.getHTTPCookies('www.example.org', '/deep', 'n');
  assert.equal(rest.length, 0);
  assert.deepEqual(
    [found.name, found.value, found.domain, found.path, found.secure, found.httponly, found.comment, found.version, found.expiryDate],
    ['n', 'v', '.example.org', '/', true, true, 'why', 1, SOON]);
  assert.ok(found.maxAge > 1000);
  found.value = 'mine';
  assert.equal(Network.getHTTPCookies('example.org', '/', null)[0].value, 'v');
  Network.addHTTPCookie(found);
  assert.deepEqual(Network.allHTTPCookies.map((x) => x.value), ['mine']);
});

test('domains, paths and names are matched as documented', () => {
  Network.addHTTPCookie(cookie({ name: 'host', domain: 'example.org' }));
  Network.addHTTPCookie(cookie({ name: 'all', domain: '.example.org' }));
  Network.addHTTPCookie(cookie({ name: 'deep', domain: 'example.org', path: '/a/b' }));
  const names = (...args) => Network.getHTTPCookies(...args).map((c) => c.name);
  assert.deepEqual(names('example.org', '/a/b/c', null), ['deep', 'host', 'all']);
  assert.deepEqual(names('EXAMPLE.org', '/', null), ['host', 'all']);
  assert.deepEqual(names('.example.org', '/', null), ['all']);
  assert.deepEqual(names('www.example.org', null, null), ['all']);
  assert.deepEqual(names('www.example.org'), ['all']);
  assert.deepEqual(names('example.org', '/', 'host'), ['host']);
  assert.deepEqual(names('example.org', '/', 'HOST'), []);
  assert.deepEqual(names('other.org', '/', null), []);
  assert.deepEqual(Network.getHTTPCookiesForDomain('example.org').map((c) => c.name), ['deep', 'host', 'all']);
});

test('a missing domain is a TypeError, nothing found an array', () => {
  for (const wrong of [undefined, null, '']) {
    assert.throws(() => Network.getHTTPCookies(wrong, '/', 'n'), TypeError);
    assert.throws(() => Network.getHTTPCookiesForDomain(wrong), TypeError);
    assert.throws(() => Network.removeHTTPCookie(wrong, '/', 'n'), TypeError);
    assert.throws(() => Network.removeHTTPCookiesForDomain(wrong), TypeError);
    assert.throws(() => Network.getSystemCookies(wrong, '/', 'n'), TypeError);
  }
  assert.throws(() => Network.removeHTTPCookie('a.org', '/', null), TypeError);
  assert.deepEqual(Network.getHTTPCookies('nothing.example', '/', null), []);
  assert.deepEqual(Network.allHTTPCookies, []);
  assert.deepEqual(Network.getAllHTTPCookies(), []);
});

test('a domain that is a URL stands for its host', (t) => {
  const said = warnings(t);
  Network.addHTTPCookie(cookie());
  assert.equal(Network.getHTTPCookies('https://example.org/x', '/', null).length, 1);
  assert.match(said[0], /is a URL/);
});

test('what isValid accepts can be added', (t) => {
  const said = warnings(t);
  for (const value of ['', ' padded ', '"quoted"', 'a=b', 'a,b', 'b\u00fccher']) {
    Network.addHTTPCookie(cookie({ value }));
    assert.deepEqual(Network.allHTTPCookies.map((c) => c.value), [value]);
    Network.removeAllHTTPCookies();
  }
  assert.deepEqual(said, []);
});

test('what is no cookie, and what cannot be one', (t) => {
  const said = warnings(t);
  for (const wrong of [{}, null, 'a=b', undefined]) assert.throws(() => Network.addHTTPCookie(wrong), TypeError);
  for (const wrong of [{ name: undefined }, { domain: undefined }, { domain: '.co.uk' }, { name: '__Host-x' }, { value: 'a;b' }]) {
    Network.addHTTPCookie(cookie(wrong));
  }
  assert.equal(said.length, 5, said.join('\n'));
  assert.deepEqual(Network.allHTTPCookies, []);
});

test('expired or maxAge 0 removes the stored one', () => {
  for (const end of [{ maxAge: 0 }, { expiryDate: '2001-01-01T00:00:00.000+0000' }]) {
    Network.addHTTPCookie(cookie());
    Network.addHTTPCookie(cookie(end));
    assert.deepEqual(Network.allHTTPCookies, []);
  }
  Network.addHTTPCookie(cookie({ maxAge: 100, expiryDate: '2001-01-01T00:00:00.000+0000' }));
  assert.equal(Network.allHTTPCookies.length, 1, 'maxAge goes first');
});

test('removing is exact', () => {
  Network.addHTTPCookie(cookie({ domain: 'example.org' }));
  Network.addHTTPCookie(cookie({ domain: '.example.org' }));
  Network.addHTTPCookie(cookie({ domain: 'example.org', path: '/a' }));
  Network.removeHTTPCookie('example.org', null, 'n');
  assert.deepEqual(Network.allHTTPCookies.map((c) => c.domain + c.path), ['example.org/a', '.example.org/']);
  Network.removeHTTPCookie('EXAMPLE.org', '', 'n'); // the domain cookie, there being no other
  assert.deepEqual(Network.allHTTPCookies.map((c) => c.domain + c.path), ['example.org/a']);
  Network.removeHTTPCookiesForDomain('example.org');
  assert.deepEqual(Network.allHTTPCookies, []);
});

test('the two stores have nothing to do with each other', () => {
  Network.addSystemCookie(cookie({ maxAge: 1000 }));
  assert.equal(Network.getSystemCookies('example.org', '/', 'n').length, 1);
  assert.deepEqual(Network.allHTTPCookies, []);
  Network.removeSystemCookie('example.org', '/', 'n');
  assert.deepEqual(Network.getSystemCookies('example.org', '/', null), []);
});

test('HTTPClient sends and keeps cookies, and clears those of a host', async (t) => {
  const url = await serve(t, (req, res) => {
    res.setHeader('Set-Cookie', ['got=1; Max-Age=100; HttpOnly', 'session=2']);
    res.end(req.headers.cookie || 'none');
  });
  Network.addHTTPCookie(cookie({ name: 'mine', value: '0', domain: '127.0.0.1' }));
  const client = watched();
  await request(client, 'GET', url);
  assert.equal(client.responseText, 'mine=0');
  assert.equal(client.getResponseHeader('Set-Cookie'), 'got=1; Max-Age=100; HttpOnly, session=2');
  assert.deepEqual(client.responseHeaders['Set-Cookie'], ['got=1; Max-Age=100; HttpOnly', 'session=2']);
  await request(client, 'GET', url);
  assert.equal(client.responseText, 'mine=0; got=1; session=2');
  client.withCredentials = true;
  client.clearCookies(url + '/somewhere');
  await request(client, 'GET', url);
  assert.equal(client.responseText, 'none');
  for (const wrong of [undefined, null, '', 'http://', 'a b c://']) assert.throws(() => client.clearCookies(wrong), TypeError, String(wrong));
});

test('an explicit Cookie header wins, null sends none', async (t) => {
  const url = await serve(t, (req, res) => res.end(req.headers.cookie || 'none'));
  Network.addHTTPCookie(cookie({ name: 'a', value: 'store', domain: '127.0.0.1' }));
  Network.addHTTPCookie(cookie({ name: 'b', value: 'store', domain: '127.0.0.1' }));
  const sent = async (...values) => {
    const client = watched();
    const outcome = client.outcome();
    client.open('GET', url);
    for (const value of values) client.setRequestHeader('Cookie', value);
    client.send();
    await outcome;
    return client.responseText;
  };
  assert.equal(await sent(), 'a=store; b=store');
  assert.equal(await sent('a=own'), 'a=own; b=store');
  assert.equal(await sent('c=1', 'd=2'), 'c=1; d=2; a=store; b=store');
  assert.equal(await sent(null), 'none');
});

test('a second process finds the persistent cookie and not the session cookie', async (t) => {
  const script = path.join(home, 'app.js');
  fs.writeFileSync(script, `
    const { Network } = require(${JSON.stringify(path.join(lib, 'index.js'))});
    if (process.argv[2] === 'write') {
      Network.addHTTPCookie(Network.createCookie({ name: 'kept', value: '1', domain: 'example.org', path: '/', maxAge: 1000 }));
      Network.addHTTPCookie(Network.createCookie({ name: 'gone', value: '2', domain: 'example.org', path: '/' }));
      Network.addSystemCookie(Network.createCookie({ name: 'system', value: '3', domain: 'example.org', path: '/', maxAge: 1000 }));
    }
    console.log(JSON.stringify([Network.allHTTPCookies.map((c) => c.name), Network.getSystemCookies('example.org').map((c) => c.name)]));`);
  const run = (word) => JSON.parse(execFileSync(process.execPath, [script, word], { encoding: 'utf8' }));
  assert.deepEqual(run('write'), [['kept', 'gone'], ['system']]);
  assert.deepEqual(run('read'), [['kept'], ['system']]);
  const file = path.join(process.env.XDG_DATA_HOME, 'tinet', 'app', 'cookies.sqlite');
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  // another application of the same user sees the system store only
  assert.deepEqual(Network.allHTTPCookies, []);
  assert.deepEqual(Network.getSystemCookies('example.org').map((c) => c.name), ['system']);
});

test('without a home folder cookies are in memory, with one warning', () => {
  const script = `
    const { Network, API } = require(${JSON.stringify(path.join(lib, 'index.js'))});
    let n = 0;
    API.warn = () => n++;
    Network.addHTTPCookie(Network.createCookie({ name: 'a', value: '1', domain: 'example.org', path: '/', maxAge: 1000 }));
    const client = Network.createHTTPClient({ cache: true, onerror() {} });
    client.open('GET', 'http://127.0.0.1:1/', false);
    client.send();
    console.log(Network.allHTTPCookies.length, n);`;
  const env = { ...process.env, XDG_DATA_HOME: '/proc/nowhere', XDG_CACHE_HOME: '/proc/nowhere' };
  assert.equal(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', env }), '1 1\n');
});

test('damaged stores are begun afresh, and that is told', () => {
  const folder = fs.mkdtempSync(path.join(home, 'damaged-'));
  const script = path.join(folder, 'app.js');
  fs.writeFileSync(script, `
    const { Network, API } = require(${JSON.stringify(path.join(lib, 'index.js'))});
    const said = [];
    API.warn = (text) => { said.push(text); Network.allHTTPCookies; };
    Network.addHTTPCookie(Network.createCookie({ name: 'a', value: '1', domain: 'example.org', path: '/', maxAge: 1000 }));
    const client = Network.createHTTPClient({ cache: true, onerror() {} });
    client.open('GET', 'http://127.0.0.1:1/');
    client.send();
    console.log(JSON.stringify([Network.allHTTPCookies.length, ...said]));`);
  for (const file of ['cookies.sqlite', 'index.db']) {
    fs.mkdirSync(path.dirname(path.join(folder, 'tinet/app', file)), { recursive: true, mode: 0o700 });
    fs.writeFileSync(path.join(folder, 'tinet/app', file), 'this is no database'.repeat(1000));
  }
  const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder };
  const [n, ...said] = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8', env }));
  assert.equal(n, 1);
  assert.equal(said.length, 2, said.join('\n'));
  assert.match(said[0], /cookies\.sqlite.* fresh one/);
  assert.match(said[1], /index\.db.* fresh one/);
});

test('a worker shares the store of the process', async () => {
  Network.addHTTPCookie(cookie({ name: 'before' }));
  const worker = new Worker(`
    const { Network } = require(${JSON.stringify(path.join(lib, 'index.js'))});
    const { parentPort } = require('node:worker_threads');
    Network.addHTTPCookie(Network.createCookie({ name: 'inside', value: '1', domain: 'example.org', path: '/' }));
    parentPort.postMessage(Network.allHTTPCookies.map((c) => c.name));`, { eval: true });
  const ended = new Promise((done) => worker.once('exit', done));
  const seen = await new Promise((done, fail) => {
    worker.once('message', done);
    worker.once('error', fail);
  });
  await ended;
  assert.deepEqual(seen, ['before', 'inside']);
  assert.deepEqual(Network.allHTTPCookies.map((c) => c.name), ['before', 'inside']);
});

test('the application id of tiapp.xml and its guid reach server and store', async (t) => {
  const url = await serve(t, (req, res) => {
    res.setHeader('Set-Cookie', 'a=1; Max-Age=1000');
    res.end(req.headers['x-titanium-id'] || 'none');
  });
  const project = path.join(home, 'project');
  fs.mkdirSync(path.join(project, 'Resources'), { recursive: true });
  fs.writeFileSync(path.join(project, 'tiapp.xml'),
    '<ti:app xmlns:ti="http://ti.appcelerator.org"><id>org.example.shop</id><name>Shop</name><version>1</version><guid>11-22</guid></ti:app>');
  fs.writeFileSync(path.join(project, 'Resources', 'app.js'), `
    const c = Ti.Network.createHTTPClient({ onload() { console.log('got ' + this.responseText); } });
    c.open('GET', ${JSON.stringify(url)});
    c.send();`);
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, [path.join(lib, 'run.js'), project], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (part) => { out += part; });
  await new Promise((done) => child.on('close', done));
  assert.match(out, /got 11-22/);
  assert.ok(fs.existsSync(path.join(process.env.XDG_DATA_HOME, 'tinet', 'org.example.shop', 'cookies.sqlite')));
});
