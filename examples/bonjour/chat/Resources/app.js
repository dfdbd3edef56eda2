// app.js - two programs find each other by Bonjour and chat; neither knows an
// address, and no daemon is needed.
//
//   tinet run examples/bonjour/chat -- Anna      in one terminal, or machine
//   tinet run examples/bonjour/chat -- Ben       in another
//
// What is typed goes to the other, line by line; the end of the input ends it.

const TYPE = '_tinetchat._tcp';
const me = process.argv[2] || `guest ${process.pid}`;

function fail(event) {
  Ti.API.error(event.error);
  process.exit(1);
}

// Names and lines come from strangers: nothing in them is to steer a terminal.
function safe(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '?');
}

// ---- talking ----

function talk(socket, name) {
  const heard = Ti.createBuffer();

  Ti.API.info(`talking with ${safe(name)}`);
  browser.stopSearch();
  service.stop();
  server.close(); // after it: nobody is sent here any more
  Ti.Stream.pump(socket, (e) => {
    if (e.bytesProcessed > 0) heard.append(e.buffer);
    const lines = heard.toString().split('\n');
    const rest = e.bytesProcessed < 0 ? '' : lines.pop();
    lines.filter((line) => line !== '').forEach((line) => Ti.API.info(`they say: ${safe(line)}`));
    heard.length = 0;
    heard.append(Ti.createBuffer({ value: rest }));
    if (e.bytesProcessed < 0) {
      Ti.API.info('they have gone');
      socket.close();
      process.stdin.destroy();
    }
  }, 4096, true);
  process.stdin.on('data', (bytes) => {
    if (socket.isWritable()) socket.write(Ti.createBuffer({ value: String(bytes) }), () => {});
  });
  process.stdin.on('end', () => {
    if (socket.isWritable()) socket.shutdown();
  });
}

// ---- finding ----

const server = Ti.Network.Socket.createTCP({
  host: 'INADDR_ANY', // other machines are to reach it
  port: 0,
  accepted(e) {
    e.inbound.error = fail;
    talk(e.inbound, `somebody at ${e.inbound.host}`);
  },
  error: fail,
});
server.listen();
server.accept({});

const service = Ti.Network.createBonjourService({ name: me, type: TYPE });
service.publish(server, (error) => {
  if (error) fail({ error: error.message });
  else Ti.API.info(`here as ${service.name}`);
});

// Of two, the one whose name comes first connects.
const browser = Ti.Network.createBonjourBrowser({ serviceType: TYPE });
let isBusy = false;
browser.addEventListener('updatedservices', (e) => {
  const other = e.services.find((found) => found.name !== service.name);
  if (!other || isBusy || !(service.name < other.name)) return;
  isBusy = true;
  other.resolve(10, (error) => {
    if (error) {
      fail({ error: error.message });
      return;
    }
    const { socket } = other;
    socket.connected = () => talk(socket, other.name);
    socket.error = fail;
    socket.connect();
  });
});
browser.search();
