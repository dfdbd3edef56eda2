'use strict';
// socket_random.test.js - random operations on both ends of connections: every byte
// arrives in its place, and every operation ends exactly once.

const test = require('node:test');
const assert = require('node:assert/strict');
const { Ti } = require('./support');

const { Socket } = Ti.Network;
const { CONNECTED } = Socket;

// mulberry32
function makeRandom(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

// Two connected sockets; each counts the bytes that it has sent and got.
async function pair() {
  const server = Socket.createTCP({ host: '127.0.0.1' });
  const inbound = new Promise((done) => { server.accepted = (e) => done(e.inbound); });
  server.listen();
  server.accept();
  const client = Socket.createTCP({ host: '127.0.0.1', port: server.port });
  await new Promise((done, fail) => {
    client.connected = done;
    client.error = fail;
    client.connect();
  });
  const ends = [client, await inbound];
  server.close();
  for (const end of ends) Object.assign(end, { blockingTimeout: 5, nSent: 0, nGot: 0, nErrors: 0, error() { end.nErrors++; } });
  return ends;
}

function makeActions(below, tally) {
  const bytes = (end, n) => {
    const buffer = Ti.createBuffer({ length: n });
    for (let i = 0; i < n; i++) buffer[i] = end.nSent + i;
    return buffer;
  };
  const check = (end, buffer, offset, n) => {
    for (let i = 0; i < n; i++) if (buffer[offset + i] !== ((end.nGot + i) & 255)) tally.wrong.push(`byte ${end.nGot + i}`);
    end.nGot += n;
  };
  // Counts a call that was not refused and that its callback comes once.
  const counted = (ask, then) => {
    let nCalls = 0;
    ask((e) => {
      tally.nPending--;
      if (++nCalls > 1) tally.wrong.push('a callback came twice');
      else then(e);
    });
    tally.nPending++;
    tally.nAll++;
  };
  const again = (end, depth, odds) => { if (depth < 3 && below(odds) === 0) act(end, depth + 1); };
  const actions = {
    read(end, depth) {
      const [offset, n] = [below(10), 1 + below(3000)];
      const buffer = Ti.createBuffer({ length: offset + n });
      counted((callback) => end.read(buffer, offset, n, callback), (e) => {
        if (e.success && e.bytesProcessed > 0) check(end, buffer, offset, e.bytesProcessed);
        again(end, depth, 3);
      });
    },
    write(end, depth) {
      const buffer = bytes(end, 1 + below(20000));
      counted((callback) => end.write(buffer, callback), () => again(end, depth, 4));
      end.nSent += buffer.length;
      buffer.clear();
    },
    writeNow(end) {
      end.nSent += end.write(bytes(end, 1 + below(5000)));
    },
    // Its bytes come after those of reads whose callbacks are still to come.
    readNow(end) {
      const buffer = Ti.createBuffer({ length: 1 + below(4000) });
      const n = end.read(buffer);
      if (n > 0) counted((callback) => end.read(Ti.createBuffer(), callback), () => check(end, buffer, 0, n));
    },
    shutdown(end) { if (below(5) === 0) end.shutdown(); },
    close(end) { if (below(12) === 0) end.close(); },
  };
  const names = ['read', 'read', 'read', 'write', 'write', 'write', 'writeNow', 'readNow', 'readNow', 'shutdown', 'close'];
  const act = (end, depth) => {
    try {
      actions[names[below(names.length)]](end, depth);
    } catch (error) {
      if (error.name !== 'StreamException' && error.name !== 'TiSocketError') throw error; // of its state, or of time
    }
  };
  return act;
}

test('random operations: bytes in their places, each operation once', async () => {
  const seed = Number(process.env.TINET_SEED || 20262);
  console.log(`# seed ${seed}`);
  const below = makeRandom(seed);
  const tally = { nPending: 0, nAll: 0, wrong: [] }; // what a callback throws would not be this test's
  const act = makeActions(below, tally);
  for (let round = 0; round < 6; round++) {
    const ends = await pair();
    for (let i = 0; i < 150; i++) {
      act(ends[below(2)], 0);
      if (below(4) === 0) await new Promise((done) => setImmediate(done));
    }
    for (const end of ends) if (end.state === CONNECTED) end.close();
    for (let i = 0; i < 2000 && tally.nPending > 0; i++) await new Promise((done) => setTimeout(done, 5));
    assert.deepEqual([tally.nPending, tally.wrong.slice(0, 3)], [0, []]);
    assert.ok(ends.every((end) => end.nErrors <= 1));
  }
  assert.ok(tally.nAll > 100);
});
