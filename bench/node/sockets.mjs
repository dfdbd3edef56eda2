// sockets.mjs - sockets from JavaScript: Socket.TCP beside node:net, in one run.
//
//   node bench/node/sockets.mjs BUILD [ROUNDS] [SCALE]
//
// The server is in JavaScript, its load a C program; the two take turns, each run
// in a process of its own, and the best of each is compared: what else a machine
// does only ever takes away.
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [build, rounds = '9', scale = '1'] = process.argv.slice(2);
const env = { ...process.env, TINET_ADDON_DIR: path.resolve(build, 'bindings', 'node') };
const load = path.resolve(build, 'bench', 'socket_bench');
const JOBS = [
  ['64-byte echo, 1 connection', 'echo', 1, 30000],
  ['64-byte echo, 64 connections', 'echo', 64, 192000],
  ['512 MiB received', 'sink', 1, 512],
];

function lines(child) {
  let text = '';
  const waiting = [];
  child.stdout.on('data', (part) => {
    text += part;
    while (text.includes('\n') && waiting.length > 0) {
      const at = text.indexOf('\n');
      waiting.shift()(JSON.parse(text.slice(0, at)));
      text = text.slice(at + 1);
    }
  });
  return () => new Promise((done) => {
    waiting.push(done);
    child.stdout.emit('data', '');
  });
}

async function once(library, [, kind, connections, n]) {
  const server = spawn(process.execPath, [path.join(here, 'socket_server.mjs'), library, kind, String(connections)], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const next = lines(server);
  const { port } = await next();
  const count = Math.max(connections, Math.round(n * Number(scale)));
  const start = process.hrtime.bigint();
  const done = spawnSync(load, [kind, String(port), String(connections), String(count)]);
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  if (done.status !== 0) throw new Error(`the load failed: ${done.status} ${done.stderr}`);
  const { cpu } = await next();
  return { rate: count / wall, cpu: cpu / count };
}


for (const job of JOBS) {
  const results = { tinet: [], net: [] };
  for (let i = 0; i < Number(rounds); i++) {
    for (const library of ['tinet', 'net']) results[library].push(await once(library, job));
  }
  const best = { rate: Math.max, cpu: Math.min };
  const of = (library, key) => best[key](...results[library].map((r) => r[key]));
  const unit = job[1] === 'echo' ? 'echoes/s' : 'MiB/s';
  console.log(`${job[0].padEnd(30)} tinet ${Math.round(of('tinet', 'rate'))} ${unit}, ${(of('tinet', 'cpu') * 1e6).toFixed(2)} us CPU;  ` +
    `node:net ${Math.round(of('net', 'rate'))}, ${(of('net', 'cpu') * 1e6).toFixed(2)} us;  ratio ${(of('tinet', 'rate') / of('net', 'rate')).toFixed(2)} in rate, ` +
    `${(of('tinet', 'cpu') / of('net', 'cpu')).toFixed(2)} in CPU`);
}
