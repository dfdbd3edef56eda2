// app.ts - code that has to compile, and lines that must not.
import tinet = require('tinet');
import pinning = require('tinet/https');

const client: Titanium.Network.HTTPClient = tinet.Network.createHTTPClient({
  timeout: 5000,
  onload() {
    const text: string = client.responseText;
    const list: any[] | null = client.responseArray;
    tinet.API.info(text + String(list));
  },
  onerror: (e) => {
    const code: number | undefined = e.code;
    const reason: string | undefined = e.reason;
    tinet.API.error(`${code} ${reason} ${e.tls?.expectedSpki} ${e.ats?.key} ${e.ats?.reasons[0].text}`);
  },
});
tinet.Network.atsPolicy = 'enforce';
client.timeoutForResource = 1000;
client.waitsForConnectivity = true;
client.onredirect = (e) => tinet.API.info(e.source.location);
client.open('GET', 'https://example.com/');
client.setRequestHeader('X-A', '1');
client.send({ a: 1 });
const headers: string = client.getAllRequestHeaders();
tinet.Network.httpURLFormatter = (url) => (url === '' ? null : url);
tinet.API.info(headers);

const cookie: Titanium.Network.Cookie = tinet.Network.createCookie({ name: 'a', value: '1', domain: 'example.com', path: '/' });
tinet.Network.addHTTPCookie(cookie);
const found: Titanium.Network.Cookie[] = tinet.Network.getHTTPCookies('example.com', '/', 'a');
tinet.API.info(String(found.length));
client.clearCookies('example.com');
const pinned = tinet.Network.createHTTPClient({
  securityManager: pinning.createX509CertificatePinningSecurityManager([{ url: 'https://example.com', serverCertificate: 'a.der', trustChainIndex: 1 }]),
  tlsVersion: tinet.Network.TLS_VERSION_1_3,
});
pinned.username = 'me';

const socket: Titanium.Network.Socket.TCP = tinet.Network.Socket.createTCP({ host: 'localhost', port: 5 });
socket.tls = { ca: 'ca.pem', alpn: 'chat' };
socket.drain = (e) => tinet.API.info(String(e.socket.writableLength));
socket.shutdown();
socket.blockingTimeout = 1000;
socket.closed = (e) => tinet.API.info(String(e.socket.isConnected()));
socket.error = (e) => tinet.API.info(`${e.code} ${e.detail} ${e.tls?.reason}`);

const udp: Titanium.Network.Socket.UDP = tinet.Network.Socket.createUDP({
  started: (e) => tinet.API.info(String(e.port)),
  data(e) { udp.sendString(e.port, e.address, e.stringData, (sent) => tinet.API.info(String(sent.bytesProcessed))); },
});
udp.start({ port: 0, group: '239.1.2.3', interface: 'eth0' });
udp.sendBytes({ data: [1, 2], port: 9 });
udp.addEventListener('data', (e) => tinet.API.info(String(e.truncated)));
udp.joinGroup('239.1.2.3', 'eth0');
const legacy: Titanium.Network.TCPSocket = (tinet.Network as any).createTCPSocket('localhost', 80);
legacy.write('text', 1);

const service = tinet.Network.createBonjourService('a', '_a._tcp', 'local.');
service.txtRecord = { color: 'blue', flag: true };
service.publish(socket, (error, success) => tinet.API.info(`${error} ${success}`));
service.addEventListener('rename', (e) => tinet.API.info(`${e.oldName} ${e.name}`));
const browser = tinet.Network.createBonjourBrowser('_a._tcp', 'local.');
browser.interfaceName = 'eth0';
browser.addEventListener('servicefound', (e) => tinet.API.info(String(e.service.addresses)));
browser.addEventListener('updatedservices', (e) => tinet.API.info(String(e.services)));
service.stopAsync().then((success: boolean) => tinet.API.info(String(success)));

const bytes: Titanium.Buffer = tinet.createBuffer({ length: 4 });
bytes[0] = 255;
const stream: Titanium.IOStream = tinet.Stream.createStream({ mode: tinet.Stream.MODE_READ, source: bytes });
stream.read(bytes, (e) => tinet.API.info(String(e.bytesProcessed)));
const nRead: number = stream.read(bytes, 0, 4);
tinet.API.info(String(nRead + tinet.Codec.decodeNumber({ source: bytes, type: tinet.Codec.TYPE_INT })));

// @ts-expect-error the timeout is a number
client.timeout = 'long';
// @ts-expect-error read-only
client.status = 200;
// @ts-expect-error there is no such method
client.post('https://example.com/');
// @ts-expect-error a datagram's bytes are no text
udp.sendBytes(9, 'localhost', 'text');
