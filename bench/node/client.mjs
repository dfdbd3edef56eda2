// client.mjs - one run of one client in a process of its own.
//
//   node client.mjs CLIENT get|file URL REQUESTS CONCURRENCY [OUT]
//
// Prints {"done", "failed", "bytes", "wall", "cpu", "rss_kib"} like the C ones.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';

const require = createRequire(import.meta.url);
const [client, mode, url, total, concurrency, out] = process.argv.slice(2);
const nRequests = Number(total);
const nParallel = Number(concurrency);

const count = { started: 0, done: 0, failed: 0, bytes: 0 };
let finished;

function measured() {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1e6, wall: performance.now() / 1e3 };
}

// As an application writes it: a new object for each request.
function tinet() {
  const Ti = require('../../bindings/node');
  const one = () => {
    const c = Ti.Network.createHTTPClient({
      onload() {
        count.bytes += out ? 0 : this.responseText.length;
        next();
      },
      onerror(e) {
        console.error(e.error);
        count.failed++;
        next();
      },
    });
    c.open('GET', url);
    if (out) c.file = out;
    c.send();
  };
  const next = () => {
    if (++count.done === nRequests) finished();
    else if (count.started < nRequests) begin();
  };
  const begin = () => {
    count.started++;
    one();
  };
  for (let i = 0; i < nParallel && count.started < nRequests; i++) begin();
}

// The others give promises; each of `nParallel` workers does one after another.
function withPromises(request) {
  const worker = async () => {
    while (count.started < nRequests) {
      count.started++;
      try {
        count.bytes += await request();
      } catch (error) {
        console.error(error);
        count.failed++;
      }
      if (++count.done === nRequests) finished();
    }
  };
  for (let i = 0; i < nParallel; i++) worker();
}

async function undici() {
  const { request } = require('../../bindings/node/node_modules/undici');
  withPromises(async () => {
    const { body } = await request(url);
    if (!out) return (await body.text()).length;
    await pipeline(body, fs.createWriteStream(out));
    return 0;
  });
}

function fetchApi() {
  withPromises(async () => {
    const response = await fetch(url);
    if (!out) return (await response.text()).length;
    await pipeline(Readable.fromWeb(response.body), fs.createWriteStream(out));
    return 0;
  });
}

function nodeHttp() {
  const library = url.startsWith('https:') ? https : http;
  const agent = new library.Agent({ keepAlive: true });
  withPromises(() => new Promise((resolve, reject) => {
    library.get(url, { agent }, (response) => {
      if (out) {
        pipeline(response, fs.createWriteStream(out)).then(() => resolve(0), reject);
        return;
      }
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => resolve(text.length));
      response.on('error', reject);
    }).on('error', reject);
  }));
}

const CLIENTS = { tinet, undici, fetch: fetchApi, 'node:http': nodeHttp };

function peakKib() {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}

const before = measured();
finished = () => {
  const after = measured();
  const result = {
    done: count.done,
    failed: count.failed,
    bytes: count.bytes,
    wall: after.wall - before.wall,
    cpu: after.cpu - before.cpu,
    rss_kib: peakKib(),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(count.failed ? 1 : 0));
};
CLIENTS[client]();
