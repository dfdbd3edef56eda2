'use strict';
// http_handlers.test.js - what handlers may do and throw, and in which context
// they run; what stays of a client that is used again.

const test = require('node:test');
const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { Ti, lib, serve, watched, request } = require('./support');

test('an exception in any handler is uncaught, and the others still come', async (t) => {
  const url = await serve(t, (req, res) => {
    if (req.url === '/') res.writeHead(307, { Location: '/x' });
    res.end('x');
  });
  // In a process of its own: here the runner would take them for its test's.
  const script = `const Ti = require(${JSON.stringify(path.join(lib, 'index.js'))});
    const seen = new Set();
    const caught = new Set();
    process.on('uncaughtException', (error) => caught.add(error.message));
    const client = Ti.Network.createHTTPClient();
    for (const name of ['onreadystatechange', 'ondatastream', 'onsendstream', 'onredirect']) {
      client[name] = (e) => {
        if (e.readyState === 1) return; // that one comes from inside open
        seen.add(name);
        throw new Error(name);
      };
    }
    client.onload = () => setImmediate(() => {
      console.log(client.responseText, [...seen].sort().join(), [...caught].sort().join());
    });
    client.open('PUT', '${url}');
    client.send('body');`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  const status = await new Promise((done) => child.on('exit', done));
  const all = 'ondatastream,onreadystatechange,onredirect,onsendstream';
  assert.deepEqual([status, out], [0, `x ${all} ${all}\n`]);
});

test('what onreadystatechange throws inside open and abort leaves them', async (t) => {
  const url = await serve(t, () => {});
  const client = Ti.Network.createHTTPClient({ onreadystatechange() { throw new RangeError('mine'); } });
  assert.throws(() => client.open('GET', url), RangeError);
  assert.equal(client.readyState, 1, 'it was opened all the same');
  client.send();
  assert.throws(() => client.abort(), RangeError);
  assert.equal(client.readyState, 4);
});

test('a thrown value need not be an object', () => {
  for (const value of ['text', 7, null, undefined]) {
    const client = Ti.Network.createHTTPClient({ onreadystatechange() { throw value; } });
    let caught = 'nothing';
    try {
      client.open('GET', 'http://127.0.0.1/');
    } catch (error) {
      caught = error;
    }
    assert.equal(caught, value);
  }
});

test('of two calls inside each other, each gets what was thrown inside it', async (t) => {
  const url = await serve(t, () => {});
  const inner = Ti.Network.createHTTPClient({ onreadystatechange() { throw new Error('inner'); } });
  let innerError = null;
  const outer = Ti.Network.createHTTPClient({
    onreadystatechange() {
      try {
        inner.open('GET', url);
      } catch (error) {
        innerError = error;
      }
      throw new Error('outer');
    },
  });
  assert.throws(() => outer.open('GET', url), { message: 'outer' });
  assert.equal(innerError.message, 'inner');
});

test('promises and process.nextTick run between two events', async (t) => {
  const url = await serve(t, (req, res) => res.end('x'));
  const order = [];
  await new Promise((done) => {
    const client = Ti.Network.createHTTPClient({
      onreadystatechange(e) {
        order.push(e.readyState);
        Promise.resolve().then(() => order.push(`promise${e.readyState}`));
        process.nextTick(() => order.push(`tick${e.readyState}`));
      },
      onload() {
        order.push('load');
        done();
      },
    });
    client.open('GET', url);
    client.send();
  });
  const after = order.slice(order.indexOf(2));
  assert.deepEqual(after, [2, 'tick2', 'promise2', 3, 'tick3', 'promise3', 4, 'tick4', 'promise4', 'load']);
});

test('a handler sees the AsyncLocalStorage of its send', async (t) => {
  const url = await serve(t, (req, res) => {
    if (req.url === '/1') setTimeout(() => res.end('x'), 20);
    else res.end('x');
  });
  const storage = new AsyncLocalStorage();
  const got = await Promise.all([1, 2, 3].map((n) => new Promise((done) => {
    storage.run(n, () => {
      const seen = [];
      const client = Ti.Network.createHTTPClient({
        onreadystatechange: () => seen.push(storage.getStore()),
        onload() {
          seen.push(storage.getStore());
          done(seen);
        },
      });
      client.open('GET', `${url}/${n}`);
      client.send();
    });
  })));
  for (const n of [1, 2, 3]) assert.deepEqual(new Set(got[n - 1]), new Set([n]));
});

test('open inside DONE drops the old outcome', async (t) => {
  const url = await serve(t, (req, res) => res.end(req.url));
  const story = [];
  await new Promise((done) => {
    const client = Ti.Network.createHTTPClient({
      onreadystatechange(e) {
        story.push(e.readyState);
        if (e.readyState === 4 && this.responseText === '/first') {
          this.open('GET', `${url}/second`);
          this.send();
        }
      },
      onload() {
        story.push(this.responseText);
        done();
      },
    });
    client.open('GET', `${url}/first`);
    client.send();
  });
  assert.deepEqual(story, [1, 2, 3, 4, 1, 2, 3, 4, '/second']);
});

test('abort inside each state ends the request there', async (t) => {
  const url = await serve(t, (req, res) => {
    res.write('part');
    setTimeout(() => res.end('end'), 20);
  });
  for (const state of [2, 3]) {
    const story = [];
    const client = Ti.Network.createHTTPClient({
      onreadystatechange(e) {
        story.push(e.readyState);
        if (e.readyState === state) this.abort();
      },
      onload: () => story.push('load'),
      onerror: () => story.push('error'),
    });
    client.open('GET', url);
    client.send();
    await new Promise((done) => setTimeout(done, 80));
    assert.deepEqual(story, state === 2 ? [1, 2, 4] : [1, 2, 3, 4]);
    assert.equal(client.readyState, 4);
  }
});

test('handlers may be set, changed and removed at any time', async (t) => {
  const url = await serve(t, (req, res) => res.end('x'));
  const story = [];
  await new Promise((done) => {
    const client = Ti.Network.createHTTPClient();
    client.open('GET', url);
    client.send();
    client.onreadystatechange = (e) => {
      story.push(e.readyState);
      if (e.readyState === 2) client.onreadystatechange = null;
    };
    client.onload = () => story.push('first');
    client.ondatastream = () => {
      client.onload = () => {
        story.push('second');
        done();
      };
    };
  });
  assert.deepEqual(story, [2, 'second']);
});

test('open resets the response and keeps the properties', async (t) => {
  const url = await serve(t, (req, res) => {
    res.setHeader('Content-Type', 'application/json');
    res.end('{"a":1}');
  });
  const client = watched({ timeout: 4321, mine: 'kept' });
  await request(client, 'POST', url, 'x');
  assert.deepEqual(client.responseDictionary, { a: 1 });
  client.open('PUT', `${url}/next`);
  assert.deepEqual(
    [client.readyState, client.status, client.statusText, client.responseText, client.responseData, client.responseXML,
      client.responseDictionary, client.responseArray, client.allResponseHeaders, client.location, client.connectionType,
      client.connected, client.timeout, client.mine],
    [1, 0, null, null, null, null, null, null, '', `${url}/next`, 'PUT', true, 4321, 'kept']);
  assert.deepEqual(client.responseHeaders, {});
});

test('a repeat resets at once and reports OPENED from the loop', async (t) => {
  const url = await serve(t, (req, res) => res.end('x'));
  const client = watched();
  await request(client, 'GET', url);
  client.story.length = 0;
  const outcome = client.outcome();
  client.send();
  assert.deepEqual([client.readyState, client.status, client.responseText, client.story.length], [1, 0, null, 0]);
  await outcome;
  assert.deepEqual(client.story, [1, 2, 3, 'down1', 4, 'load']);
});

test('send(null) repeats without the body, send() with it', async (t) => {
  const bodies = [];
  const url = await serve(t, (req, res) => {
    let text = '';
    req.setEncoding('utf8');
    req.on('data', (part) => { text += part; });
    req.on('end', () => {
      bodies.push(text);
      res.end();
    });
  });
  const client = watched();
  await request(client, 'POST', url, Ti.Blob.fromBuffer(Buffer.from('one')));
  for (const args of [[], [null], [], ['two']]) {
    const outcome = client.outcome();
    client.send(...args);
    await outcome;
  }
  assert.deepEqual(bodies, ['one', 'one', '', '', 'two']);
});

test('partial data while it is LOADING is not changed by later bytes', async (t) => {
  const url = await serve(t, (req, res) => {
    res.write('one');
    setTimeout(() => res.end('two'), 60);
  });
  let first = null;
  const client = watched({ ondatastream() { first = first || this.responseData; } });
  await request(client, 'GET', url);
  assert.equal(first.text, 'one');
  assert.equal(client.responseData.text, 'onetwo');
});

test('a NUL in a name, method or path is refused, in a URL encoded', async (t) => {
  const url = await serve(t, (req, res) => res.end(req.url));
  const client = watched();
  assert.throws(() => client.open('GE\0T', url), TypeError);
  const outcome = client.outcome();
  client.open('GET', `${url}/a\0b`);
  assert.throws(() => client.setRequestHeader('X\0Y', '1'), TypeError);
  client.file = '/tmp/a\0b';
  assert.throws(() => client.send(), TypeError);
  client.file = null;
  assert.throws(() => client.send({ 'a\0b': '1' }), TypeError);
  assert.equal(client.readyState, 1, 'a send that failed has changed nothing');
  client.send();
  await outcome;
  assert.equal(client.responseText, '/a%00b');
});

test('a long URL and a long header arrive whole', async (t) => {
  const url = await serve(t, (req, res) => res.end(`${req.url}|${req.headers['x-long']}`));
  for (const n of [200, 247, 248, 249, 250, 251, 252, 253, 254, 255, 256, 257, 300, 1500]) {
    const client = watched();
    const outcome = client.outcome();
    client.open('GET', `${url}/${'é'.repeat(n)}`);
    client.setRequestHeader('X-Long', 'v'.repeat(n));
    client.send();
    await outcome;
    assert.ok(client.responseText === `/${'%C3%A9'.repeat(n)}|${'v'.repeat(n)}`, `${n} characters`);
  }
});

test('the descriptor of a large body is closed with its last owner', () => {
  const script = `
    const fs = require('fs'), http = require('http');
    const Ti = require(${JSON.stringify(path.join(lib, 'index.js'))});
    const open = () => fs.readdirSync('/proc/self/fd').map((n) => {
      try { return fs.readlinkSync('/proc/self/fd/' + n); } catch { return ''; }
    }).filter((to) => /deleted/.test(to)).length;
    const server = http.createServer((q, r) => r.end(Buffer.alloc(1 << 20))).listen(0, '127.0.0.1', async () => {
      const get = () => new Promise((done) => {
        const c = Ti.Network.createHTTPClient({ onload() { done(this.responseData); } });
        c.open('GET', 'http://127.0.0.1:' + server.address().port);
        c.send();
      });
      let held = open() + ' ';
      for (let i = 0; i < 5; i++) if ((await get()).length !== 1 << 20) throw new Error('length');
      held += open() > 0 ? 'some ' : 'none ';
      for (let i = 0; i < 5; i++) {
        await new Promise((done) => setTimeout(done, 10));
        global.gc();
      }
      console.log(held + open());
      server.close();
    });`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8' });
  assert.equal(stdout, '0 some 0\n', stderr);
});

test('a worker that ends leaves no descriptor behind', async (t) => {
  const url = await serve(t, (req, res) => (req.url === '/never' ? res.write('x') : res.end('x')));
  const once = () => new Promise((done, fail) => {
    const worker = new Worker(`
      const { workerData, parentPort } = require('worker_threads');
      const Ti = require(workerData.index);
      const never = Ti.Network.createHTTPClient({ ondatastream: () => process.exit(0) });
      const c = Ti.Network.createHTTPClient({ onload() { never.open('GET', workerData.url + '/never'); never.send(); } });
      c.open('POST', workerData.url);
      c.send(Buffer.alloc(100000));`, { eval: true, workerData: { index: path.join(lib, 'index.js'), url } });
    worker.on('error', fail);
    worker.on('exit', done);
  });
  const count = () => fs.readdirSync('/proc/self/fd').filter((n) => {
    try {
      return /socket|eventpoll|eventfd|pipe/.test(fs.readlinkSync(`/proc/self/fd/${n}`));
    } catch {
      return false;
    }
  }).length;
  await once(); // whatever is opened once and kept
  await new Promise((done) => setTimeout(done, 50)); // the server's ends close
  const before = count();
  for (let i = 0; i < 5; i++) assert.equal(await once(), 0);
  for (let i = 0; i < 100 && count() > before; i++) await new Promise((done) => setTimeout(done, 20));
  assert.ok(count() <= before, `${count()} descriptors, ${before} before`);
});

test('every property has its accessor methods, read-only ones no setter', () => {
  const writable = ['onload', 'onerror', 'onreadystatechange', 'ondatastream', 'onsendstream', 'onredirect', 'timeout',
    'timeoutForResource', 'waitsForConnectivity', 'autoRedirect', 'autoEncodeUrl', 'cache', 'enableKeepAlive', 'file', 'username',
    'password', 'domain', 'validatesSecureCertificate', 'tlsVersion', 'securityManager', 'withCredentials'];
  const readOnly = ['readyState', 'status', 'statusText', 'responseText', 'responseData', 'responseXML', 'responseDictionary',
    'responseArray', 'responseHeaders', 'allResponseHeaders', 'location', 'connectionType', 'connected', 'apiName'];
  const client = Ti.Network.createHTTPClient();
  const method = (prefix, name) => client[prefix + name[0].toUpperCase() + name.slice(1)];
  for (const name of [...writable, ...readOnly]) {
    assert.ok(name in client, name);
    assert.equal(typeof method('get', name), 'function', name);
    assert.deepEqual(method('get', name).call(client), client[name], name);
  }
  for (const name of writable) assert.equal(typeof method('set', name), 'function', name);
  for (const name of readOnly) {
    assert.equal(method('set', name), undefined, name);
    assert.throws(() => { client[name] = 1; }, TypeError, name);
  }
});

test('a member of Ti.Network that is not there yet throws, also its event', () => {
  const listener = () => {};
  assert.throws(() => Ti.Network.addEventListener('change', listener), { code: 'ERR_TINET_NOT_SUPPORTED', message: /change/ });
  Ti.Network.addEventListener('mine', listener);
  Ti.Network.removeEventListener('mine', listener);
  for (const name of ['unregisterForPushNotifications', 'registerForPushNotifications']) {
    assert.throws(() => Ti.Network[name](), { code: 'ERR_TINET_NOT_SUPPORTED', message: new RegExp(`Ti\\.Network\\.${name}`) });
  }
  for (const name of ['networkType', 'networkTypeName', 'remoteDeviceUUID']) {
    assert.throws(() => Ti.Network[name], { code: 'ERR_TINET_NOT_SUPPORTED', message: new RegExp(`Ti\\.Network\\.${name}`) });
  }
});

test('the size above which a body goes to a file can be set', async (t) => {
  const url = await serve(t, (req, res) => res.end(Buffer.alloc(3000)));
  const script = `
    require(${JSON.stringify(path.join(lib, 'native.js'))}).setMaxBufferSize(1000);
    const Ti = require(${JSON.stringify(path.join(lib, 'index.js'))});
    const c = Ti.Network.createHTTPClient({ onload() { console.log(this.responseData.nativePath.slice(0, 21), this.responseData.length); } });
    c.open('GET', process.argv[1]);
    c.send();`;
  const child = spawn(process.execPath, ['-e', script, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (part) => { out += part; });
  await new Promise((done) => child.on('close', done));
  assert.equal(out, 'file:///proc/self/fd/ 3000\n');
});
