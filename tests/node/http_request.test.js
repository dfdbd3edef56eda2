'use strict';
// http_request.test.js - bodies, redirects, files, re-use, synchronous requests.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { Ti, serve, watched, request, echo, readBody } = require('./support');

function folder(t) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-node-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

async function sent(url, method, ...body) {
  const client = watched();
  await request(client, method, url, ...body);
  return client.responseDictionary;
}

test('each kind of body arrives with its type', async (t) => {
  const url = await serve(t, echo);
  const file = path.join(folder(t), 'story.json');
  fs.writeFileSync(file, '{}');
  const FORM = 'application/x-www-form-urlencoded';
  const BYTES = 'application/octet-stream';
  const cases = [
    ['text é', FORM, Buffer.from('text é').toString('latin1')],
    [42, FORM, '42'],
    [true, FORM, 'true'],
    [new Date(0), FORM, '1970-01-01T00:00:00.000Z'],
    [Ti.Blob.fromBuffer(Buffer.from('blob'), 'image/png'), 'image/png', 'blob'],
    [Ti.Blob.fromBuffer(Buffer.from('blob')), BYTES, 'blob'],
    [Ti.Filesystem.getFile(file), 'application/json', '{}'],
    [Ti.createBuffer({ value: 'buffer' }), BYTES, 'buffer'],
    [Buffer.from('node'), BYTES, 'node'],
    [new Uint8Array([65, 66]), BYTES, 'AB'],
    [{ a: 'x y', b: 1, c: null, d: undefined, e: false }, FORM, 'a=x+y&b=1&e=false'],
    [{ list: [1, 'two'], nested: { k: 1 } }, FORM, 'list=%5B1%2C%22two%22%5D&nested=%7B%22k%22%3A1%7D'],
    [{ when: new Date(0) }, FORM, 'when=1970-01-01T00%3A00%3A00.000Z'],
  ];
  for (const [given, type, want] of cases) {
    const got = await sent(url, 'POST', given);
    assert.equal(got.headers['content-type'], type);
    assert.equal(got.body, want);
    assert.equal(Number(got.headers['content-length']), want.length);
  }
});

test('no body: Content-Length 0 for POST, PUT and PATCH, nothing for others', async (t) => {
  const url = await serve(t, echo);
  for (const method of ['POST', 'PUT', 'PATCH']) {
    const got = await sent(url, method);
    assert.equal(got.headers['content-length'], '0', method);
    assert.equal(got.headers['content-type'], undefined);
  }
  for (const method of ['DELETE', 'OPTIONS']) {
    assert.equal((await sent(url, method)).headers['content-length'], undefined, method);
    assert.equal((await sent(url, method, 'x')).body, 'x', method);
  }
});

test('a file dictionary is multipart', async (t) => {
  const url = await serve(t, echo);
  const file = path.join(folder(t), 'ph"oto.png');
  fs.writeFileSync(file, 'PNG');
  const got = await sent(url, 'POST', {
    title: 'ü',
    meta: { a: 1 },
    'na"me': Ti.Filesystem.getFile(file),
    blobs: [Ti.Blob.fromBuffer(Buffer.from('1'), 'text/plain'), Ti.Blob.fromBuffer(Buffer.from('2'), 'text/plain')],
  });
  const [, boundary] = /^multipart\/form-data; boundary=(.+)$/.exec(got.headers['content-type']);
  const body = Buffer.from(got.body, 'latin1').toString('utf8');
  const parts = body.split(`--${boundary}`);
  assert.equal(parts.length, 7);
  assert.equal(parts[1], '\r\nContent-Disposition: form-data; name="title"\r\n\r\nü\r\n');
  assert.equal(parts[2],
    '\r\nContent-Disposition: form-data; name="meta"\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{"a":1}\r\n');
  assert.equal(parts[3],
    '\r\nContent-Disposition: form-data; name="na%22me"; filename="ph%22oto.png"\r\nContent-Type: image/png\r\n\r\nPNG\r\n');
  assert.match(parts[4], /name="blobs"; filename="\d+\.txt"\r\nContent-Type: text\/plain\r\n\r\n1\r\n$/);
  assert.match(parts[5], /\r\n\r\n2\r\n$/);
  assert.equal(parts[6], '--\r\n');
});

test('a dictionary given to GET becomes query parameters', async (t) => {
  const url = await serve(t, echo);
  assert.equal((await sent(`${url}/s?a=1`, 'GET', { q: 'x y&z', n: null, u: 'é' })).url, '/s?a=1&q=x%20y%26z&u=%C3%A9');
  assert.equal((await sent(`${url}/s`, 'GET', 'dropped')).body, '');
});

test('method names: standard ones in any case, others as given', async (t) => {
  const url = await serve(t, echo);
  assert.equal((await sent(url, 'post', 'x')).method, 'POST');
  assert.equal((await sent(url, 'PROPFIND')).method, 'PROPFIND');
});

test('autoEncodeUrl encodes piecewise and keeps escapes', async (t) => {
  const url = await serve(t, echo);
  assert.equal((await sent(`${url}/a b/ü?q=x y&p=%20#f`, 'GET')).url, '/a%20b/%C3%BC?q=x%20y&p=%20');
  const e = await request(watched({ autoEncodeUrl: false }), 'GET', `${url}/a b`);
  assert.equal(e.reason, 'TINET_EURL');
});

test('redirects: method, body, headers and the limit', async (t) => {
  const other = await serve(t, echo);
  const url = await serve(t, async (req, res) => {
    const [, status, where] = /^\/(\d+)\/?(.*)$/.exec(req.url) || [];
    await readBody(req);
    if (status === '999') res.writeHead(302, { Location: '/999' }).end();
    else res.writeHead(Number(status), { Location: where === 'other' ? `${other}/x` : '/200' }).end('moved');
  });
  const seen = {};
  for (const status of [301, 302, 303, 307, 308]) {
    const client = watched();
    const outcome = client.outcome();
    client.open('POST', `${url}/${status}/other`);
    client.setRequestHeader('Authorization', 'secret');
    client.setRequestHeader('X-Kept', '1');
    client.send('body');
    await outcome;
    const got = client.responseDictionary;
    seen[status] = [got.method, got.body, got.headers.authorization, got.headers['x-kept'], got.headers['content-type']];
    assert.equal(client.location, `${other}/x`);
    assert.equal(client.story.filter((s) => s === 'redirect').length, 1);
  }
  const get = ['GET', '', undefined, '1', undefined];
  const post = ['POST', 'body', undefined, '1', 'application/x-www-form-urlencoded'];
  assert.deepEqual(seen, { 301: get, 302: get, 303: get, 307: post, 308: post });
  const loop = await request(watched(), 'GET', `${url}/999`);
  assert.deepEqual([loop.code, loop.reason], [-1, 'TINET_EREDIRECT']);
  const client = watched({ autoRedirect: false });
  const e = await request(client, 'GET', `${url}/302`);
  assert.deepEqual([e.type, client.status, client.responseText], ['load', 302, 'moved']);
});

test('file: the target is there when onload comes, and as before after a failure', async (t) => {
  const dir = folder(t);
  const file = path.join(dir, 'out.txt');
  const url = await serve(t, (req, res) => {
    if (req.url === '/broken') {
      res.writeHead(200, { 'Content-Length': 100 });
      res.write('half');
      setTimeout(() => res.destroy(), 20);
    } else {
      res.setHeader('Content-Type', 'text/plain');
      res.end('whole');
    }
  });
  const client = watched({ file });
  await request(client, 'GET', url);
  assert.equal(fs.readFileSync(file, 'utf8'), 'whole');
  assert.equal(client.responseData.nativePath, `file://${file}`);
  assert.equal(client.responseData.mimeType, 'text/plain');
  assert.equal(client.responseText, 'whole');
  const e = await request(client, 'GET', `${url}/broken`);
  assert.equal(e.type, 'error');
  assert.equal(client.responseText, 'half', 'what came stays readable');
  assert.equal(fs.readFileSync(file, 'utf8'), 'whole');
  assert.deepEqual(fs.readdirSync(dir), ['out.txt']);
  const unwritable = watched({ file: Ti.Filesystem.getFile(dir) });
  assert.equal((await request(unwritable, 'GET', url)).code, 21);
});

test('abort reports DONE and nothing else, and the client can be used again', async (t) => {
  const url = await serve(t, (req, res) => (req.url === '/slow' ? undefined : res.end('x')));
  const client = watched();
  client.open('GET', `${url}/slow`);
  client.send();
  await new Promise((done) => setTimeout(done, 20));
  client.abort();
  assert.deepEqual(client.story, [1, 4]);
  client.abort();
  assert.deepEqual(client.story, [1, 4]);
  await request(client, 'GET', url);
  assert.deepEqual(client.story, [1, 4, 1, 2, 3, 'down1', 4, 'load']);
});

test('send again in DONE repeats the request with its body', async (t) => {
  let n = 0;
  const url = await serve(t, async (req, res) => {
    const body = await readBody(req);
    res.statusCode = ++n < 3 ? 503 : 200;
    res.end(`${n}:${body}:${req.headers['x-a']}`);
  });
  let left = 5;
  const client = watched();
  const outcome = new Promise((done) => {
    client.onload = done;
    client.onerror = function () {
      if (left-- > 0) this.send();
    };
  });
  client.open('POST', url);
  client.setRequestHeader('X-A', '1');
  client.send({ field: 'value' });
  await outcome;
  assert.equal(client.responseText, '3:field=value:1');
});

test('open and send while running are ignored', async (t) => {
  const url = await serve(t, (req, res) => setTimeout(() => res.end(req.url), 10));
  const client = watched();
  const outcome = client.outcome();
  const warn = Ti.API.warn;
  const warnings = [];
  Ti.API.warn = (text) => warnings.push(text);
  t.after(() => { Ti.API.warn = warn; });
  client.open('GET', `${url}/first`);
  client.send();
  client.open('GET', `${url}/second`);
  client.send();
  await outcome;
  assert.equal(client.responseText, '/first');
  assert.equal(warnings.length, 2);
  assert.match(warnings[0], /open/);
});

// A server for synchronous requests, which block this thread.
async function serveApart(t) {
  const worker = new Worker(
    `const http = require('http'); const { parentPort } = require('worker_threads');
     const server = http.createServer((req, res) => {
       if (req.url === '/404') res.statusCode = 404;
       if (req.url !== '/never') res.end(req.url);
     });
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true }
  );
  t.after(() => worker.terminate());
  const port = await new Promise((done) => worker.once('message', done));
  return `http://127.0.0.1:${port}`;
}

test('a synchronous request is over when send returns', async (t) => {
  const url = await serveApart(t);
  const client = watched();
  client.outcome();
  client.open('GET', `${url}/sync`, false);
  client.send();
  assert.deepEqual(client.story, [1, 4, 'load']);
  assert.equal(client.responseText, '/sync');
  client.open('GET', `${url}/404`, false);
  client.send();
  assert.deepEqual(client.story.slice(3), [1, 4, 'error']);
  client.timeout = 30;
  client.open('GET', `${url}/never`, false);
  client.send();
  assert.equal(client.status, 0);
  assert.equal(client.readyState, 4);
  await request(client, 'GET', `${url}/async`);
  assert.equal(client.responseText, '/async');
});

test('what a handler of a synchronous request throws leaves send', async (t) => {
  const url = await serveApart(t);
  const client = watched({ onload: () => { throw new Error('from onload'); } });
  client.open('GET', url, false);
  assert.throws(() => client.send(), /from onload/);
  assert.equal(client.readyState, 4);
});

test('a synchronous request inside the handler of another works', async (t) => {
  const url = await serveApart(t);
  let inner = null;
  const outer = watched({
    onload() {
      const client = watched();
      client.outcome();
      client.open('GET', `${url}/inner`, false);
      client.send();
      inner = client.responseText;
    },
  });
  outer.open('GET', `${url}/outer`, false);
  outer.send();
  assert.equal(inner, '/inner');
});

test('enableKeepAlive false closes the connection, the default does not', async (t) => {
  const sockets = new Set();
  const url = await serve(t, (req, res) => {
    sockets.add(req.socket);
    res.end();
  });
  await request(watched(), 'GET', url);
  await request(watched(), 'GET', url);
  assert.equal(sockets.size, 1);
  await request(watched({ enableKeepAlive: false }), 'GET', url);
  await request(watched(), 'GET', url);
  assert.equal(sockets.size, 2);
});

test('a running client lives without references, and its process ends by itself', async (t) => {
  const url = await serveApart(t);
  const script = `
    const Ti = require(${JSON.stringify(path.resolve(__dirname, '../../bindings/node/lib/index.js'))});
    (() => {
      const c = Ti.Network.createHTTPClient({ onload() { console.log('got ' + this.responseText); } });
      c.open('GET', '${url}/alive');
      c.send();
    })();
    global.gc();`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8', timeout: 60000 });
  assert.equal(stdout, 'got /alive\n', stderr);
  assert.equal(status, 0);
});

test('thousands of clients come and go', async (t) => {
  const url = await serve(t, (req, res) => res.end('x'));
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 200 }, () => request(watched(), 'GET', url)));
  }
});
