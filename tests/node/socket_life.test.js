'use strict';
// socket_life.test.js - sockets and what ends before them: objects that are collected,
// workers that are terminated, a process that exits.

const test = require('node:test');
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { lib } = require('./support');

// Runs a script in a Node of its own; `Ti`, `S`, `B(length)` and `nFds()` are there.
function run(script, ...options) {
  const head = `const Ti = require(${JSON.stringify(lib)}); const S = Ti.Network.Socket; const B = (length) => Ti.createBuffer({ length });
    const nFds = () => require('fs').readdirSync('/proc/self/fd').length; const sleep = (ms) => new Promise((done) => setTimeout(done, ms));\n`;
  return spawnSync(process.execPath, [...options, '-e', head + script], { encoding: 'utf8', timeout: 60000 });
}

function passes(result, output) {
  assert.deepEqual([result.status, result.signal, result.stdout.trim()], [0, null, output], result.stderr);
}

// A server on `server` that echoes what comes and never stops accepting.
const ECHO = `
  const server = S.createTCP({ host: '127.0.0.1' });
  server.accepted = (e) => {
    server.accept();
    const buffer = B(1000);
    const onRead = (r) => {
      collect();
      if (r.bytesProcessed < 0) return r.success && e.inbound.close();
      e.inbound.write(buffer, 0, r.bytesProcessed, () => {});
      e.inbound.read(buffer, onRead);
    };
    e.inbound.read(buffer, onRead);
  };
  server.listen();
  server.accept();
  const connected = () => new Promise((done, fail) => {
    const c = S.createTCP({ host: '127.0.0.1', port: server.port, connected: () => done(c), error: (e) => fail(new Error(e.error)) });
    c.connect();
  });`;

test('collected at every moment, sockets work and leave no descriptor', () => {
  passes(run(`
    const collect = () => gc();
    ${ECHO}
    (async () => {
      await connected().then((c) => c.close());
      await sleep(5);
      const before = nFds();
      for (let round = 0; round < 5; round++) {
        await Promise.all(Array.from({ length: 9 }, async (_, i) => {
          const c = await connected();
          collect();
          c.write(B(100), () => collect());
          await new Promise((done) => {
            const target = B(50);
            c.read(target, () => { target.release(); collect(); done(); });
          });
          if (i % 3) c.close(); // the others are forgotten
        }));
        const c = await connected();
        c.read(B(10), () => {});
        collect();
        c.write(B(10), () => {});
        collect();
        c.close();
      }
      let n = 0;
      await new Promise((done) => {
        const c = S.createTCP({ host: '127.0.0.1', port: 1, error() { collect(); if (++n < 20) c.connect(); else done(); collect(); } });
        c.connect();
      });
      for (let i = 0; i < 10; i++) {
        const udp = S.createUDP();
        await new Promise((done) => { udp.started = done; udp.start(0, '127.0.0.1'); });
        await new Promise((done) => { udp.data = () => { collect(); udp.stop(); collect(); done(); }; udp.sendString(udp.port, '127.0.0.1', 'x'); });
      }
      for (let i = 0; i < 200 && nFds() > before; i++) { collect(); await sleep(10); }
      console.log(nFds() <= before);
      server.close();
    })();`, '--expose-gc'), 'true');
});

test('a worker may end with sockets in every state', () => {
  passes(run(`
    const { Worker } = require('worker_threads');
    const script = 'const Ti = require(' + JSON.stringify(${JSON.stringify(lib)}) + ');' + ${JSON.stringify(`
      const S = Ti.Network.Socket;
      const B = (length) => Ti.createBuffer({ length });
      const { parentPort, workerData } = require('worker_threads');
      const kept = [];
      const server = S.createTCP({ host: '127.0.0.1', accepted(e) { server.accept(); kept.push(e.inbound); e.inbound.write(B(10 << 20), () => {}); } });
      server.listen();
      server.accept();
      const reader = S.createTCP({ host: '127.0.0.1', port: server.port, connected() { reader.read(B(10), () => reader.read(B(10 << 20), () => reader.read(B(1 << 30 >> 4), () => {}))); } });
      reader.connect();
      const closing = S.createTCP({ host: '127.0.0.1', port: server.port, connected() {
        closing.read(B(100), () => closing.write(B(100000), () => {
          closing.close(); // with much unread
          parentPort.postMessage('ready');
          if (workerData) process.exit();
        }));
      } });
      closing.connect();
      const udp = S.createUDP({ data() {} });
      udp.start(0);
      udp.sendString(9, 'no-such-host.invalid', 'x');
      const legacy = Ti.Network.createTCPSocket({ hostName: '127.0.0.1', port: 0 });
      legacy.listen();`)};
    (async () => {
      let before = 0;
      for (let i = 0; i < 6; i++) {
        const worker = new Worker(script, { eval: true, workerData: i % 2 });
        await new Promise((done, fail) => {
          worker.on('message', () => { if (i % 2 === 0) worker.terminate(); });
          worker.on('exit', done).on('error', fail);
        });
        if (i === 0) before = nFds();
      }
      console.log(nFds() <= before);
    })();`), 'true');
});

test('a process ends when it has only idle sockets, and may end with busy ones', () => {
  passes(run(`
    const kept = [];
    const server = S.createTCP({ host: '127.0.0.1', accepted(e) { kept.push(e.inbound); server.close(); } });
    server.listen();
    server.accept();
    const c = S.createTCP({ host: '127.0.0.1', port: server.port, connected() { kept.push(c); c.write(B(10), () => console.log('idle')); } });
    c.connect();`), 'idle');
  passes(run(`const collect = () => {}; ${ECHO}
    connected().then((c) => { c.read(B(10), () => {}); c.write(B(15 << 20), () => {}); console.log('busy'); setTimeout(() => process.exit(), 5); });`), 'busy');
});
