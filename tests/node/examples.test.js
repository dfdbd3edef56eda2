'use strict';
// examples.test.js - the examples of sockets, as their readers run them.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { lib } = require('./support');

const folder = path.resolve(__dirname, '..', '..', 'examples', 'sockets');

// A running example: what it has printed, its input, its end.
function start(t, name, ...args) {
  const child = spawn(process.execPath, [path.join(lib, 'run.js'), path.join(folder, name), ...args]);
  const running = { child, out: '', ended: new Promise((done) => child.on('close', done)) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { running.out += data; });
  t.after(() => child.kill());
  running.says = async (pattern) => {
    for (let i = 0; i < 6000 && !pattern.test(running.out); i++) await new Promise((done) => setTimeout(done, 5));
    assert.match(running.out, pattern);
    return running.out.match(pattern)[1];
  };
  return running;
}

test('a chat: lines both ways, whole characters, and both ends', async (t) => {
  const anna = start(t, 'chat', 'listen');
  const ben = start(t, 'chat', 'connect', '127.0.0.1', await anna.says(/listening on port (\d+)/));
  await ben.says(/connected to (127\.0\.0\.1)/);
  await anna.says(/somebody came from (127\.0\.0\.1)/);
  anna.child.stdin.write('hello\nyou\n');
  await ben.says(/(they say: hello\n\[INFO\] they say: you)/);
  const word = Buffer.from('w\u00f6rld');
  ben.child.stdin.write(word.subarray(0, 2)); // half an o with its dots
  await new Promise((done) => setTimeout(done, 50));
  ben.child.stdin.write(word.subarray(2));
  ben.child.stdin.end();
  await anna.says(/(they say: w\u00f6rld)/);
  anna.child.stdin.end();
  assert.deepEqual([await ben.ended, await anna.ended], [0, 0]);
  await ben.says(/(they have gone)/);
});

test('a chat with nobody says why, and says how it is used', async (t) => {
  const lonely = start(t, 'chat', 'connect', '127.0.0.1', '1');
  assert.equal(await lonely.ended, 1);
  await lonely.says(/(127\.0\.0\.1: Connection refused)/);
  assert.equal(await start(t, 'chat').ended, 2);
});

test('a beacon is found, and its absence is noticed', async (t) => {
  const beacon = start(t, 'beacon', 'be', 'anna');
  const port = await beacon.says(/anna is on port (\d+)/);
  const seeker = start(t, 'beacon', 'find', port, 'localhost');
  assert.equal(await seeker.ended, 0);
  await seeker.says(/(found anna at 127\.0\.0\.1)/);
  beacon.child.kill();
  await beacon.ended;
  const late = start(t, 'beacon', 'find', port, '127.0.0.1');
  assert.equal(await late.ended, 1);
  await late.says(/(nobody is there)/);
});
