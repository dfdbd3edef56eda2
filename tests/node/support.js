'use strict';
// support.js - what the tests of the addon share: a server and a request.

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

// Cookies and caches of a test are its own, never the user's.
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'tinet-home-'));
process.env.XDG_DATA_HOME = path.join(home, 'data');
process.env.XDG_CACHE_HOME = path.join(home, 'cache');
process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));

const lib = path.resolve(__dirname, '..', '..', 'bindings', 'node', 'lib');
const Ti = require(path.join(lib, 'index.js'));

// Starts a server on loopback; closed with the test.
async function serve(t, handler) {
  const server = http.createServer(handler);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

// A client whose story is told in `client.story`, and its one outcome.
function watched(properties) {
  const story = [];
  let settle;
  const client = Ti.Network.createHTTPClient(
    Object.assign(
      {
        onreadystatechange: (e) => story.push(e.readyState),
        ondatastream: (e) => story.push(`down${e.progress}`),
        onsendstream: (e) => story.push(`up${e.progress}`),
        onredirect: () => story.push('redirect'),
        onload(e) {
          story.push('load');
          settle(e);
        },
        onerror(e) {
          story.push('error');
          settle(e);
        },
      },
      properties
    )
  );
  client.story = story;
  client.outcome = () => new Promise((done) => { settle = done; });
  return client;
}

// Opens and sends; resolves with the payload of onload or onerror.
function request(client, method, url, ...body) {
  const outcome = client.outcome();
  client.open(method, url);
  client.send(...body);
  return outcome;
}

function readBody(req) {
  return new Promise((done) => {
    const parts = [];
    req.on('data', (part) => parts.push(part));
    req.on('end', () => done(Buffer.concat(parts)));
  });
}

// Answers with what arrived, as JSON.
async function echo(req, res) {
  const body = await readBody(req);
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, raw: req.rawHeaders, body: body.toString('latin1') }));
}

module.exports = { Ti, home, lib, serve, watched, request, readBody, echo };
