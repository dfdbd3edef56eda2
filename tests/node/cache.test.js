'use strict';
// cache.test.js - HTTPClient.cache, as an app sees it.

const test = require('node:test');
const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { Ti, home, lib, serve, watched, request } = require('./support');

// A server that counts; `headers(req)` are those of each answer.
async function counting(t, headers) {
  const seen = [];
  const url = await serve(t, (req, res) => {
    seen.push(req.headers);
    const given = headers(req);
    if (given === 304) return res.writeHead(304, { 'Cache-Control': 'max-age=0', ETag: '"v"' }).end();
    for (const name of Object.keys(given)) res.setHeader(name, given[name]);
    return res.end(`answer ${seen.length}`);
  });
  return { url, seen };
}

async function get(url, properties) {
  const client = watched(properties);
  const e = await request(client, 'GET', url);
  assert.equal(e.success, true, e.error);
  return client;
}

test('without cache every request goes out and says so', async (t) => {
  const { url, seen } = await counting(t, () => ({ 'Cache-Control': 'max-age=100' }));
  for (const cache of [undefined, false]) {
    for (let i = 0; i < 2; i++) await get(url, { cache });
  }
  assert.equal(seen.length, 4);
  assert.deepEqual([seen[0]['cache-control'], seen[0].pragma], ['no-cache', 'no-cache']);
});

test('a fresh answer comes from the cache with the normal events', async (t) => {
  const { url, seen } = await counting(t, () => ({ 'Cache-Control': 'max-age=100', 'X-Mine': 'kept', 'Set-Cookie': 'c=1' }));
  const first = await get(url, { cache: true });
  const second = await get(url, { cache: true });
  assert.equal(seen.length, 1);
  assert.equal(seen[0]['cache-control'], undefined);
  assert.deepEqual([first.responseText, second.responseText], ['answer 1', 'answer 1']);
  assert.equal(second.status, 200);
  assert.match(second.getResponseHeader('Age'), /^\d+$/);
  assert.equal(second.getResponseHeader('X-Mine'), 'kept');
  assert.deepEqual(second.story.filter((s) => s !== 'down1' && s !== 'down-1'), [1, 2, 3, 4, 'load']);
  await get(url); // one that does not want it
  assert.equal(seen.length, 2);
});

test('a stale answer is validated and shown as 200', async (t) => {
  const { url, seen } = await counting(t, (req) => (req.headers['if-none-match'] ? 304 : { 'Cache-Control': 'max-age=0', ETag: '"v"' }));
  await get(url, { cache: true });
  const second = await get(url, { cache: true });
  assert.deepEqual([seen.length, second.status, second.responseText], [2, 200, 'answer 1']);
  assert.equal(seen[1]['if-none-match'], '"v"');
});

test('a change by POST makes the stored answer invalid', async (t) => {
  const { url, seen } = await counting(t, () => ({ 'Cache-Control': 'max-age=100' }));
  await get(url, { cache: true });
  const client = watched();
  await request(client, 'POST', url, 'change');
  await get(url, { cache: true });
  assert.equal(seen.length, 3);
});

test('a request with validators or a range of its own passes by', async (t) => {
  const { url, seen } = await counting(t, () => ({ 'Cache-Control': 'max-age=100' }));
  await get(url, { cache: true });
  for (const name of ['If-None-Match', 'If-Modified-Since', 'Range']) {
    const client = watched({ cache: true });
    const outcome = client.outcome();
    client.open('GET', url);
    client.setRequestHeader(name, name === 'Range' ? 'bytes=0-1' : '"x"');
    client.send();
    await outcome;
  }
  assert.equal(seen.length, 4);
});

test('a target file is filled from the cache', async (t) => {
  const { url, seen } = await counting(t, () => ({ 'Cache-Control': 'max-age=100' }));
  await get(url, { cache: true });
  const target = path.join(home, 'from-cache');
  await get(url, { cache: true, file: target });
  assert.equal(seen.length, 1);
  assert.equal(fs.readFileSync(target, 'utf8'), 'answer 1');
});

test('another process of the application finds it', async (t) => {
  const { url, seen } = await counting(t, () => ({ 'Cache-Control': 'max-age=100' }));
  const script = path.join(home, 'reader.js');
  fs.writeFileSync(script, `
    const { Network } = require(${JSON.stringify(path.join(lib, 'index.js'))});
    const c = Network.createHTTPClient({ cache: true, onload() { console.log(this.responseText); }, onerror(e) { console.log(e.error); } });
    c.open('GET', ${JSON.stringify(url)});
    c.send();`);
  const run = async () => (await promisify(execFile)(process.execPath, [script])).stdout;
  assert.deepEqual([await run(), await run()], ['answer 1\n', 'answer 1\n']);
  assert.equal(seen.length, 1);
  assert.equal(Ti.Network.createHTTPClient().cache, false);
});
