// app.js - who is there?  Discovery by UDP.
//
//   tinet run examples/sockets/beacon -- be NAME [PORT]
//   tinet run examples/sockets/beacon -- find PORT [HOST]
//
// A beacon answers a question with its name.  The question goes to HOST, without
// one to everybody on this network, by broadcast.

const QUESTION = 'who is there?';
const PATIENCE_MS = 1000;

const [mode, ...rest] = process.argv.slice(2);
const udp = Ti.Network.Socket.createUDP({
  error(e) {
    Ti.API.error(e.detail || e.error);
    process.exit(1);
  },
});

function be(name, port) {
  udp.started = (e) => Ti.API.info(`${name} is on port ${e.port}`);
  udp.data = (e) => {
    if (e.stringData !== QUESTION) return;
    Ti.API.info(`asked by ${e.address}`);
    udp.sendString(e.port, e.address, name);
  };
  udp.start({ port });
}

function find(port, host) {
  let found = 0;

  udp.data = (e) => {
    found++;
    Ti.API.info(`found ${e.stringData} at ${e.address}`);
  };
  udp.started = () => udp.sendString({ data: QUESTION, host, port });
  udp.start({ port: 0 });
  setTimeout(() => {
    udp.stop();
    process.exitCode = found > 0 ? 0 : 1;
    if (found === 0) Ti.API.warn('nobody is there');
  }, PATIENCE_MS);
}

if (mode === 'be' && rest[0]) {
  be(rest[0], Number(rest[1] || 0));
} else if (mode === 'find' && Number(rest[0]) > 0) {
  find(Number(rest[0]), rest[1]);
} else {
  Ti.API.error('say: be NAME [PORT], or find PORT [HOST]');
  process.exit(2);
}
