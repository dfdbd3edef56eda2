'use strict';
// http_client.test.js - states, callbacks, payloads and the response.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const zlib = require('node:zlib');
const { Ti, lib, serve, watched, request, echo } = require('./support');

test('the constants stand on the class and on every instance', () => {
  const client = Ti.Network.createHTTPClient();
  const want = { UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 };
  for (const name of Object.keys(want)) {
    assert.equal(client[name], want[name]);
    assert.equal(Ti.Network.HTTPClient[name], want[name]);
    assert.throws(() => { client[name] = 9; }, TypeError);
  }
});

test('a new client has the documented defaults', () => {
  const client = Ti.Network.createHTTPClient();
  assert.equal(client.readyState, 0);
  assert.equal(client.status, 0);
  assert.equal(client.statusText, null);
  assert.equal(client.responseText, null);
  assert.equal(client.responseData, null);
  assert.equal(client.responseXML, null);
  assert.equal(client.responseDictionary, null);
  assert.equal(client.responseArray, null);
  assert.deepEqual(client.responseHeaders, {});
  assert.equal(client.allResponseHeaders, '');
  assert.equal(client.getAllResponseHeaders(), '');
  assert.equal(client.getAllRequestHeaders(), '');
  assert.equal(client.location, null);
  assert.equal(client.connectionType, null);
  assert.equal(client.connected, false);
  assert.equal(client.timeout, 15000);
  assert.equal(client.timeoutForResource, 604800000);
  assert.equal(client.waitsForConnectivity, false);
  assert.equal(client.autoRedirect, true);
  assert.equal(client.autoEncodeUrl, true);
  assert.equal(client.cache, false);
  assert.equal(client.enableKeepAlive, false);
  assert.equal(client.withCredentials, false);
  assert.equal(client.validatesSecureCertificate, undefined);
  assert.equal(client.file, undefined);
  assert.equal(client.apiName, 'Ti.Network.HTTPClient');
  assert.equal(String(client), '[object TiNetworkHTTPClient]');
  assert.doesNotThrow(() => JSON.stringify(client));
});

test('every property has its accessor methods', () => {
  const client = Ti.Network.createHTTPClient();
  client.setTimeout(77);
  assert.equal(client.timeout, 77);
  assert.equal(client.getTimeout(), 77);
  assert.equal(client.getReadyState(), 0);
  assert.equal(client.setReadyState, undefined);
  const handler = () => {};
  client.setOnload(handler);
  assert.equal(client.onload, handler);
  client.setOndatastream(handler);
  assert.equal(client.getOndatastream(), handler);
});

test('a get tells its story in order', async (t) => {
  const url = await serve(t, (req, res) => res.end('hello'));
  const client = watched();
  const outcome = client.outcome();
  client.open('GET', url);
  assert.deepEqual(client.story, [1], 'OPENED comes from inside open');
  assert.equal(client.connected, true);
  assert.equal(client.location, url);
  assert.equal(client.connectionType, 'GET');
  client.send();
  assert.deepEqual(client.story, [1], 'nothing comes from inside send');
  const e = await outcome;
  assert.deepEqual(client.story, [1, 2, 3, 'down1', 4, 'load']);
  assert.deepEqual({ type: e.type, success: e.success, code: e.code, error: e.error }, {
    type: 'load', success: true, code: 0, error: undefined,
  });
  assert.equal(e.source, client);
  assert.equal(client.status, 200);
  assert.equal(client.statusText, 'OK');
  assert.equal(client.responseText, 'hello');
  assert.equal(client.connected, false);
});

test('this is the client in every callback', async (t) => {
  const url = await serve(t, (req, res) => {
    if (req.url === '/') res.writeHead(302, { Location: '/x' });
    res.end('x');
  });
  const seen = new Set();
  const client = Ti.Network.createHTTPClient();
  for (const name of ['onreadystatechange', 'ondatastream', 'onsendstream', 'onredirect']) {
    client[name] = function (e) {
      assert.equal(this, client);
      assert.equal(e.source, client);
      seen.add(`${name}:${e.type}`);
    };
  }
  await new Promise((done) => {
    client.onload = function () {
      assert.equal(this, client);
      done();
    };
    client.open('PUT', url);
    client.send('body');
  });
  assert.deepEqual([...seen].sort(), [
    'ondatastream:datastream', 'onreadystatechange:readystatechange', 'onsendstream:sendstream',
    'onredirect:redirect',
  ].sort());
});

test('progress carries counts, and the last is 1', async (t) => {
  const url = await serve(t, (req, res) => {
    req.resume();
    req.on('end', () => {
      res.setHeader('Content-Length', 300000);
      res.end(Buffer.alloc(300000, 'a'));
    });
  });
  const down = [];
  const up = [];
  const client = watched({ ondatastream: (e) => down.push(e), onsendstream: (e) => up.push(e) });
  await request(client, 'POST', url, 'x'.repeat(200000));
  for (const [list, total] of [[down, 300000], [up, 200000]]) {
    const last = list[list.length - 1];
    assert.equal(last.progress, 1);
    assert.equal(last.totalCount, total);
    assert.equal(last.totalSize, total);
    assert.equal(list.reduce((sum, e) => sum + e.size, 0), total);
  }
});

test('an unknown length is progress -1', async (t) => {
  const url = await serve(t, (req, res) => {
    res.write('part');
    setTimeout(() => res.end('end'), 5);
  });
  const progress = [];
  const client = watched({ ondatastream: (e) => progress.push([e.progress, e.totalCount]) });
  await request(client, 'GET', url);
  assert.ok(progress.length > 0);
  assert.ok(progress.every(([p, total]) => p === Ti.Network.PROGRESS_UNKNOWN && total === -1));
});

test('an HTTP error goes to onerror with its phrase', async (t) => {
  const url = await serve(t, (req, res) => {
    res.statusCode = 404;
    res.end('nothing here');
  });
  const client = watched();
  const e = await request(client, 'GET', url);
  assert.deepEqual([e.type, e.success, e.code, e.error, e.reason], ['error', false, 404, '404 : Not Found', 'TINET_EHTTPSTATUS']);
  assert.equal(client.responseText, 'nothing here');
  assert.equal(client.status, 404);
});

test('an HTTP error without onerror goes to onload', async (t) => {
  const url = await serve(t, (req, res) => {
    res.statusCode = 500;
    res.end();
  });
  const client = watched({ onerror: null });
  const e = await request(client, 'GET', url);
  assert.equal(e.type, 'load');
  assert.equal(client.status, 500);
});

test('a refused connection has the errno as code', async () => {
  const client = watched();
  const e = await request(client, 'GET', 'http://127.0.0.1:1/');
  assert.deepEqual([e.type, e.code, e.reason], ['error', 111, 'TINET_ECONNECT']);
  assert.match(e.error, /127\.0\.0\.1:1/);
  assert.deepEqual(client.story, [1, 4, 'error']);
  assert.equal(client.status, 0);
});

test('a timeout is -1001', async (t) => {
  const url = await serve(t, () => {});
  const e = await request(watched({ timeout: 30 }), 'GET', url);
  assert.deepEqual([e.code, e.reason], [-1001, 'TINET_ETIMEDOUT']);
  const all = await request(watched({ timeout: 0, timeoutForResource: 30 }), 'GET', url);
  assert.deepEqual([all.code, all.reason], [-1001, 'TINET_ETIMEDOUT']);
});

test('waitsForConnectivity ends with timeoutForResource', async () => {
  const client = watched({ waitsForConnectivity: true, timeoutForResource: 60 });
  const e = await request(client, 'GET', 'http://name.invalid/');
  assert.equal(e.code, -1001);
  assert.match(e.error, /timeoutForResource/);
});

test('an unsupported scheme and a malformed URL are reported by onerror', async () => {
  const scheme = await request(watched(), 'GET', 'ftp://example.com/');
  assert.deepEqual([scheme.code, scheme.reason], [-1, 'TINET_ESCHEME']);
  const url = await request(watched(), 'GET', 'http://a b:x/');
  assert.deepEqual([url.code, url.reason], [-1, 'TINET_EURL']);
});

test('headers are found in any case, repeated ones as a list', async (t) => {
  const url = await serve(t, (req, res) => {
    res.setHeader('X-One', 'a');
    res.setHeader('Set-Cookie', ['a=1', 'b=2']);
    res.end();
  });
  const client = watched();
  await request(client, 'GET', url);
  assert.equal(client.getResponseHeader('x-oNE'), 'a');
  assert.equal(client.getResponseHeader('set-cookie'), 'a=1, b=2');
  assert.equal(client.getResponseHeader('X-None'), null);
  assert.deepEqual(client.responseHeaders['Set-Cookie'], ['a=1', 'b=2']);
  assert.match(client.allResponseHeaders, /^X-One:a\nSet-Cookie:a=1\nSet-Cookie:b=2\n/);
  assert.equal(client.getAllResponseHeaders(), client.allResponseHeaders);
});

test('JSON is a dictionary or an array, XML a document, else null', async (t) => {
  const bodies = {
    '/object': ['application/json', '{"a":1}'],
    '/array': ['application/json', '[1,2]'],
    '/xml': ['text/xml', '<feed><item>one</item></feed>'],
    '/broken': ['text/xml', '<feed><item></feed>'],
    '/binary': ['image/png', '<a/>'],
  };
  const url = await serve(t, (req, res) => {
    res.setHeader('Content-Type', bodies[req.url][0]);
    res.end(bodies[req.url][1]);
  });
  const client = watched();
  await request(client, 'GET', `${url}/object`);
  assert.deepEqual(client.responseDictionary, { a: 1 });
  assert.equal(client.responseArray, null);
  await request(client, 'GET', `${url}/array`);
  assert.deepEqual(client.responseArray, [1, 2]);
  assert.equal(client.responseDictionary, null);
  await request(client, 'GET', `${url}/xml`);
  assert.equal(client.responseXML.documentElement.getElementsByTagName('item').item(0).text, 'one');
  assert.equal(client.responseXML, client.responseXML, 'made once');
  await request(client, 'GET', `${url}/broken`);
  assert.equal(client.responseXML, null);
  assert.equal(client.responseDictionary, null);
  await request(client, 'GET', `${url}/binary`);
  assert.equal(client.responseXML, null);
});

test('text is decoded by its charset and content coding', async (t) => {
  const url = await serve(t, (req, res) => {
    if (req.url === '/latin') {
      res.setHeader('Content-Type', 'text/plain; charset=iso-8859-2');
      res.end(Buffer.from([0xb9]));
    } else if (req.url === '/bytes') {
      res.end(Buffer.from([0xe9]));
    } else {
      const coding = req.url.slice(1);
      const pack = { gzip: zlib.gzipSync, deflate: zlib.deflateSync, br: zlib.brotliCompressSync }[coding];
      res.setHeader('Content-Encoding', coding);
      res.end(pack('päckchen'));
    }
  });
  const client = watched();
  await request(client, 'GET', `${url}/latin`);
  assert.equal(client.responseText, 'š');
  await request(client, 'GET', `${url}/bytes`);
  assert.equal(client.responseText, 'é');
  for (const coding of ['gzip', 'deflate', 'br']) {
    await request(client, 'GET', `${url}/${coding}`);
    assert.equal(client.responseText, 'päckchen', coding);
  }
});

test('responseData is a Blob of the type, empty for an empty body', async (t) => {
  const url = await serve(t, (req, res) => {
    res.setHeader('Content-Type', 'image/png; x=1');
    res.end(req.url === '/empty' ? '' : Buffer.from([1, 2, 3]));
  });
  const client = watched();
  await request(client, 'GET', url);
  assert.equal(client.responseData.apiName, 'Ti.Blob');
  assert.equal(client.responseData.mimeType, 'image/png');
  assert.deepEqual([...new Uint8Array(client.responseData.toArrayBuffer())], [1, 2, 3]);
  await request(client, 'GET', `${url}/empty`);
  assert.equal(client.responseData.length, 0);
  assert.equal(client.responseText, null);
});

test('a large body is in a file without a name', async (t) => {
  const big = Buffer.alloc(2 * 1024 * 1024, 'abc');
  const url = await serve(t, (req, res) => res.end(big));
  const client = watched();
  await request(client, 'GET', url);
  const blob = client.responseData;
  assert.equal(blob.length, big.length);
  assert.match(blob.nativePath, /^file:\/\/\/proc\/self\/fd\/\d+$/);
  assert.equal(blob.file, null);
  assert.equal(Buffer.compare(Buffer.from(blob.toArrayBuffer()), big), 0);
  assert.equal(client.responseText.length, big.length);
});

test('the default headers are those of the documentation', async (t) => {
  const url = await serve(t, echo);
  const client = watched();
  await request(client, 'GET', url);
  const { headers } = client.responseDictionary;
  assert.match(headers['user-agent'], /^Titanium\/12\.2\.0 \(Linux; .*;\) tinet\//);
  assert.equal(headers['x-requested-with'], 'XMLHttpRequest');
  assert.match(headers['accept-encoding'], /gzip/);
  assert.equal(headers['cache-control'], 'no-cache');
  assert.equal(headers['content-type'], undefined);
});

test('setRequestHeader joins, replaces defaults and removes', async (t) => {
  const url = await serve(t, echo);
  const client = watched();
  const outcome = client.outcome();
  client.open('GET', url);
  client.setRequestHeader('X-A', 1);
  client.setRequestHeader('x-a', 'two');
  client.setRequestHeader('User-Agent', 'me');
  client.setRequestHeader('X-Requested-With', null);
  client.setRequestHeader('Cookie', 'a=1');
  client.setRequestHeader('Cookie', 'b=2');
  assert.equal(client.getAllRequestHeaders(), 'X-A:1, two\nUser-Agent:me\nCookie:a=1; b=2');
  client.send();
  await outcome;
  const { headers } = client.responseDictionary;
  assert.equal(headers['x-a'], '1, two');
  assert.equal(headers['user-agent'], 'me');
  assert.equal(headers['x-requested-with'], undefined);
  assert.equal(headers.cookie, 'a=1; b=2');
});

test('bad arguments are thrown at once', () => {
  const client = Ti.Network.createHTTPClient();
  assert.throws(() => client.send(), /open\(\) first/);
  assert.throws(() => client.open('GET'), /URL/);
  assert.throws(() => client.open('GET', ''), /URL/);
  assert.throws(() => client.open('G T', 'http://a/'), TypeError);
  assert.throws(() => client.open('', 'http://a/'), TypeError);
  client.open('GET', 'http://a/');
  assert.throws(() => client.setRequestHeader('X'), TypeError);
  assert.throws(() => client.setRequestHeader('a b', 'c'), TypeError);
  assert.throws(() => client.setRequestHeader('a', 'b\r\nc: d'), TypeError);
  assert.throws(() => client.setRequestHeader('a', 'b\0c'), TypeError);
  client.file = 12;
  assert.throws(() => client.send(), TypeError);
});

test('what is not there yet says so and names the member', () => {
  assert.throws(() => Ti.Network.online, { code: 'ERR_TINET_NOT_SUPPORTED', message: /Ti\.Network\.online/ });
});

test('own properties stay and read back; applyProperties assigns', () => {
  const client = Ti.Network.createHTTPClient({ mine: 1 });
  client.applyProperties({ timeout: 5, yours: 2 });
  assert.deepEqual([client.mine, client.yours, client.timeout], [1, 2, 5]);
  client.withCredentials = true;
  assert.equal(client.withCredentials, true);
  assert.equal(client.bubbleParent, true);
  assert.equal(client.lifecycleContainer, null);
});

test('listeners hear what fireEvent says', () => {
  const client = Ti.Network.createHTTPClient();
  const heard = [];
  const listener = (e) => heard.push([e.type, e.x, e.source === client]);
  client.addEventListener('mine', listener);
  client.fireEvent('mine', { x: 1 });
  client.removeEventListener('mine', listener);
  client.fireEvent('mine', { x: 2 });
  assert.deepEqual(heard, [['mine', 1, true]]);
});

test('the user agent is one for the application', async (t) => {
  const url = await serve(t, echo);
  const usual = Ti.userAgent;
  t.after(() => { Ti.userAgent = null; });
  Ti.userAgent = 'mine/1';
  const client = watched();
  await request(client, 'GET', url);
  assert.equal(client.responseDictionary.headers['user-agent'], 'mine/1');
  Ti.userAgent = '';
  await request(client, 'GET', url);
  assert.equal(client.responseDictionary.headers['user-agent'], undefined);
  Ti.userAgent = null;
  assert.equal(Ti.userAgent, usual);
  assert.throws(() => { Ti.userAgent = 'a\r\nb'; }, TypeError);
});

test('components are encoded and decoded as documented', () => {
  const { Network } = Ti;
  assert.equal(Network.encodeURIComponent("a b&c/é'(*)!~"), encodeURIComponent("a b&c/é'(*)!~"));
  assert.equal(Network.decodeURIComponent('a%20b+%C3%A9'), 'a b+é');
  for (const bad of ['%', '%2', '%zz', '%FF', '%C3']) assert.equal(Network.decodeURIComponent(bad), null, bad);
  assert.equal(Network.encodeURIComponent(null), null);
  assert.equal(Network.encodeURIComponent(12), '12');
});

test('the URL formatter replaces the URL or cancels the request', async (t) => {
  const url = await serve(t, (req, res) => res.end(req.url));
  t.after(() => { Ti.Network.httpURLFormatter = null; });
  Ti.Network.httpURLFormatter = (given) => `${given}/formatted`;
  const client = watched();
  await request(client, 'GET', url);
  assert.equal(client.responseText, '/formatted');
  Ti.Network.httpURLFormatter = () => null;
  const other = watched();
  const e = await request(other, 'GET', url);
  assert.equal(e.code, -1);
  assert.equal(other.readyState, other.UNSENT);
});

test('an exception in a handler is uncaught and the next request works', async (t) => {
  const url = await serve(t, (req, res) => res.end('x'));
  const script = `const Ti = require(${JSON.stringify(path.join(lib, 'index.js'))});
    process.on('uncaughtException', (error) => {
      console.log('uncaught', error.message);
      const next = Ti.Network.createHTTPClient({ onload() { console.log(this.responseText); } });
      next.open('GET', '${url}');
      next.send();
    });
    const client = Ti.Network.createHTTPClient({ onload() { throw new Error('mine'); } });
    client.open('GET', '${url}');
    client.send();`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  const status = await new Promise((done) => child.on('exit', done));
  assert.deepEqual([status, out], [0, 'uncaught mine\nx\n']);
});
