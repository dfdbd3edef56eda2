'use strict';
// cookie_flow.test.js - cookies on the way: redirects, errors, challenges, and the
// Cookie header of the application.

const test = require('node:test');
const assert = require('node:assert/strict');
const { Ti, serve, watched, request } = require('./support');

const { Network } = Ti;
const names = (host) => Network.getHTTPCookiesForDomain(host).map((c) => `${c.name}=${c.value}`).join('; ');

// A server that says which Cookie header each path has got.
async function site(t, routes) {
  const got = [];
  const url = await serve(t, (req, res) => {
    got.push(`${req.url} ${req.headers.cookie || '-'}`);
    const route = routes[req.url] || {};
    for (const [name, value] of Object.entries(route.headers || {})) res.setHeader(name, value);
    if (route.before) route.before(res);
    res.statusCode = route.status || 200;
    res.end('body');
  });
  return { url, got, other: url.replace('127.0.0.1', 'localhost') };
}

function send(client, url, cookies = []) {
  const outcome = client.outcome();
  client.open('GET', url);
  for (const value of cookies) client.setRequestHeader('Cookie', value);
  client.send();
  return outcome;
}

test.beforeEach(() => Network.removeAllHTTPCookies());

test('Set-Cookie counts whatever the status', async (t) => {
  const { url } = await site(t, {
    '/401': { status: 401, headers: { 'Set-Cookie': 'a=401' } },
    '/404': { status: 404, headers: { 'Set-Cookie': 'b=404' } },
    '/500': { status: 500, headers: { 'Set-Cookie': 'c=500' } },
    '/204': { status: 204, headers: { 'Set-Cookie': 'd=204' } },
  });
  for (const status of [401, 404, 500, 204]) await request(watched(), 'GET', `${url}/${status}`);
  assert.equal(names('127.0.0.1'), 'a=401; b=404; c=500; d=204');
});

test('a followed redirect has set its cookies before the next hop, on the same and on another host', async (t) => {
  const routes = {};
  const { url, got, other } = await site(t, routes);
  routes['/login'] = { status: 302, headers: { Location: '/in', 'Set-Cookie': ['sid=1; Path=/', 'step=1; Path=/login'] } };
  routes['/in'] = { status: 303, headers: { Location: `${other}/there`, 'Set-Cookie': 'sid=2; Path=/' } };
  routes['/there'] = { status: 302, headers: { Location: '/last', 'Set-Cookie': 'far=3; Path=/' } };
  const client = watched();
  await request(client, 'GET', `${url}/login`);
  assert.deepEqual(got, ['/login -', '/in sid=1', '/there -', '/last far=3']);
  assert.equal(client.getResponseHeader('Set-Cookie'), null, 'that of followed redirects is not visible');
  assert.equal(names('localhost'), 'far=3');
});

test('cookies are stored before the headers are told, and not those of interim answers', async (t) => {
  const { url } = await site(t, {
    '/x': { headers: { 'Set-Cookie': 'a=1' }, before: (res) => res.writeEarlyHints({ link: '</s>; rel=preload', 'set-cookie': 'early=1' }) },
  });
  let seen;
  const client = watched({
    onreadystatechange(e) { if (e.readyState === 2) seen = names('127.0.0.1'); },
  });
  await request(client, 'GET', `${url}/x`);
  assert.equal(seen, 'a=1');
  assert.equal(names('127.0.0.1'), 'a=1');
});

test('a running request keeps the header it was sent with', async (t) => {
  const { url, got } = await site(t, {});
  const client = watched();
  const outcome = client.outcome();
  Network.addHTTPCookie(Network.createCookie({ name: 'a', value: '1', domain: '127.0.0.1' }));
  client.open('GET', `${url}/x`);
  client.send();
  await outcome;
  Network.removeAllHTTPCookies();
  await request(watched(), 'GET', `${url}/y`);
  assert.deepEqual(got, ['/x a=1', '/y -']);
});

test('an explicit header stays on its origin, and gives way to what a redirect has set', async (t) => {
  const routes = {};
  const { url, got, other } = await site(t, routes);
  routes['/a'] = { status: 302, headers: { Location: '/b', 'Set-Cookie': 'one=server; Path=/' } };
  routes['/b'] = { status: 302, headers: { Location: `${other}/c` } };
  Network.addHTTPCookie(Network.createCookie({ name: 'own', value: '1', domain: 'localhost' }));
  await send(watched(), `${url}/a`, ['one=app', 'two=app']);
  assert.deepEqual(got, ['/a one=app; two=app', '/b two=app; one=server', '/c own=1']);
  assert.equal(names('127.0.0.1'), 'one=server', 'explicit values never enter the store');
});

test('null sends none, and the answer is stored all the same', async (t) => {
  const { url, got } = await site(t, { '/x': { headers: { 'Set-Cookie': 'b=2' } } });
  Network.addHTTPCookie(Network.createCookie({ name: 'a', value: '1', domain: '127.0.0.1' }));
  await send(watched(), `${url}/x`, ['c=3', null]);
  await send(watched(), `${url}/y`);
  assert.deepEqual(got, ['/x -', '/y a=1; b=2']);
});

test('names are compared case-sensitively, the longest path and then the oldest goes first', async (t) => {
  const { url, got } = await site(t, {});
  const add = (name, path) => Network.addHTTPCookie(Network.createCookie({ name, value: '1', domain: '127.0.0.1', path }));
  add('b', '/');
  add('a', '/');
  add('long', '/deep/er');
  add('no', '/deeper');
  await send(watched(), `${url}/deep/er/x`, ['A=app']);
  assert.deepEqual(got, ['/deep/er/x A=app; long=1; b=1; a=1']);
});

test('cookies of an answer from the cache are not stored again', async (t) => {
  const { url } = await site(t, { '/x': { headers: { 'Set-Cookie': 'a=1', 'Cache-Control': 'max-age=60' } } });
  await request(watched({ cache: true }), 'GET', `${url}/x`);
  Network.removeAllHTTPCookies();
  const client = watched({ cache: true });
  await request(client, 'GET', `${url}/x`);
  assert.equal(client.getResponseHeader('Set-Cookie'), 'a=1');
  assert.ok(client.getResponseHeader('Age') !== null);
  assert.equal(names('127.0.0.1'), '');
});

test('withCredentials has no effect', async (t) => {
  const { url, got } = await site(t, { '/x': { headers: { 'Set-Cookie': 'a=1' } } });
  for (const withCredentials of [false, true]) {
    const client = watched({ withCredentials });
    assert.equal(client.withCredentials, withCredentials);
    await request(client, 'GET', `${url}/x`);
  }
  assert.deepEqual(got, ['/x -', '/x a=1']);
});
