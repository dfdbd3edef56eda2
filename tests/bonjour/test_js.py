#!/usr/bin/env python3
"""Titanium.Network.BonjourBrowser and BonjourService between two machines, both
generations, and the example: Node processes in two namespaces, no daemon.

Needs the right to make namespaces (root); says so otherwise.
"""

import json
import os
import sys

from test_namespaces import BUILD, ROOT, Machine, Program, join, tap

TINET = os.path.join(BUILD, "cli", "tinet")
os.environ["TINET_ADDON_DIR"] = os.path.join(BUILD, "bindings", "node")
HEAD = """
const Ti = require(%s);
const say = (...words) => console.log(...words);
const told = (e) => `${e.type} ${e.success} ${e.code} ${e.error} ${e.message}`;
""" % json.dumps(os.path.join(ROOT, "bindings", "node", "lib", "index.js"))
# A service of the new generation, and an echo behind it.
ECHO = HEAD + """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0, accepted(e) {
  const b = Ti.createBuffer({ length: 100 });
  e.inbound.read(b, (r) => { e.inbound.write(b, 0, r.bytesProcessed, () => {}); });
  server.accept({});
} });
server.listen(); server.accept({});
const service = Ti.Network.createBonjourService({ name: 'Echo', type: '_techo._tcp', txtRecord: { color: 'blue', flag: true }, subtypes: ['_room'] });
service.addEventListener('publish', (e) => say('event', told(e)));
service.publish(server, (error, success) => say('published', error, success, service.name, service.isLocal));
process.stdin.on('data', () => service.stop((error, success) => { say('stopped', error, success); server.close(); process.stdin.destroy(); }));
"""

tests = []


def test(fn):
    tests.append(fn)
    return fn


def node(machine, source):
    return Program(machine, "node", "-e", source)


def lines(program, n):
    return [program.next() for _ in range(n)]


@test
def the_new_generation_publishes_finds_resolves_and_connects(a, b):
    echo = node(a, ECHO)
    assert lines(echo, 2) == ["event publish true 0 undefined null", "published null true Echo true"], echo.seen
    finder = node(b, HEAD + """
const browser = Ti.Network.createBonjourBrowser({ serviceType: '_techo._tcp' });
browser.addEventListener('updatedServices', (e) => say('old spelling', e.services.length));
browser.addEventListener('updatedservices', (e) => {
  say('services', e.services.map((s) => `${s.name} ${s.type} ${s.domain} ${s.isLocal} ${s.socket}`).join());
  const [found] = e.services;
  if (!found) { browser.stopSearch(); say('searching', browser.isSearching); return; }
  found.addEventListener('resolve', (r) => say('event', told(r)));
  found.resolve(20, (error, success) => {
    say('resolved', error, success, found.socket.apiName, found.socket.state, found.socket.port > 0, found.addresses.join().includes('10.9.8.1'), JSON.stringify(found.txtRecord));
    try { found.resolve(); } catch (thrown) { say(thrown.message); }
    found.socket.connected = () => {
      found.socket.write(Ti.createBuffer({ value: 'hello' }), () => {});
      const b = Ti.createBuffer({ length: 100 });
      found.socket.read(b, (r) => { say('echo', b.toString().slice(0, r.bytesProcessed)); found.socket.close(); });
    };
    found.socket.error = (e) => say(e.error);
    found.socket.connect();
  });
});
browser.search();
say('searching', browser.isSearching);
""")
    got = lines(finder, 7)
    assert got == [
        "searching true",
        "old spelling 1",
        "services Echo _techo._tcp. local. false undefined",
        "event resolve true 0 undefined null",
        'resolved null true Ti.Network.Socket.TCP 1 true true {"color":"blue","flag":true}',
        "Attempt to re-resolve service",
        "echo hello",
    ], got
    echo.process.stdin.write("stop\n")
    echo.process.stdin.flush()
    assert echo.next() == "stopped null true"
    assert lines(finder, 3) == ["old spelling 0", "services ", "searching false"]
    assert finder.process.wait(30) == 0 and echo.process.wait(30) == 0


@test
def the_old_generation_blocks_and_throws(a, b):
    server = node(a, HEAD + """
const socket = Ti.Network.createTCPSocket({ hostName: 'INADDR_ANY', port: 0 });
socket.addEventListener('read', (e) => { say('read', e.data.text); });
const service = Ti.Network.createBonjourService({ name: 'Old', type: '_told._tcp' });
try { service.publish(socket); } catch (e) { say(e.message, e.code); }
socket.listen();
service.addEventListener('publish', (e) => say('event', told(e)));
service.publish(socket);
say('published as', service.name);
try { service.publish(socket); } catch (e) { say(e.message); }
try { service.resolve(); } catch (e) { say(e.message); }
process.stdin.on('data', () => { service.stop(); socket.close(); process.stdin.destroy(); });
""")
    assert lines(server, 5) == [
        "Attempt to publish service with a socket that is not listening -72004",
        "published as Old",
        "Attempt to republish service",
        "Attempt to resolve published Bonjour service",
        "event publish true 0 undefined null",
    ], server.seen
    finder = node(b, HEAD + """
Ti.Network.createTCPSocket({});
const service = Ti.Network.createBonjourService({ name: 'Old', type: '_told._tcp', isLocal: false });
service.resolve(20);
say(service.socket.apiName, service.socket.hostName.endsWith('.local.'), service.socket.isValid);
service.socket.connect();
say('valid', service.socket.isValid);
service.socket.write('hi there');
service.socket.close();
const nobody = Ti.Network.createBonjourService({ name: 'Nobody', type: '_told._tcp', isLocal: false });
nobody.addEventListener('resolve', (e) => say('event', told(e)));
try { nobody.resolve({ timeout: 0.3, legacy: true }); } catch (e) { say(e.message, e.code); }
""")
    assert lines(finder, 4) == [
        "Ti.Network.TCPSocket true false",
        "valid true",
        "Did not resolve: TimeoutError -72007",
        "event resolve false -72007 TimeoutError TimeoutError",
    ], finder.seen
    assert finder.process.wait(30) == 0
    assert server.next() == "read hi there\0"
    server.process.stdin.write("stop\n")
    server.process.stdin.close()
    assert server.process.wait(30) == 0


@test
def names_that_are_taken(a, b):
    first = node(a, ECHO)
    first.expect("published null true Echo true")
    second = node(b, HEAD + """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
const strict = Ti.Network.createBonjourService({ name: 'Echo', type: '_techo._tcp', allowRename: false });
strict.publish(server, (error, success) => {
  say(error.message, error.code, success);
  const service = Ti.Network.createBonjourService({ name: 'Echo', type: '_techo._tcp' });
  service.publishAsync(server).then(() => {
    say(service.name);
    service.name = 'Other';
    say(service.name);
    service.publish(server, () => {});
  }).catch((thrown) => { say(thrown.message); service.stop(() => server.close()); });
});
strict.publish(server, (error) => say('twice', error.message));
""")
    assert lines(second, 3) == ["twice InProgress", "NameCollisionError -72001 false", "Echo (2)"], second.seen
    second.expect("Echo \\(2\\)")
    second.expect("Attempt to republish service")
    assert second.process.wait(30) == 0
    first.process.stdin.write("stop\n")
    first.process.stdin.close()
    first.process.wait(30)


@test
def what_is_wrong_is_said(a, _b):
    program = node(a, HEAD + """
const attempt = (fn) => { try { fn(); } catch (e) { say(e.message, e.code); } };
const { createBonjourBrowser: browse, createBonjourService: serve } = Ti.Network;
const network = Ti.Network;
attempt(() => network.createBonjourBrowser({}).search());
attempt(() => network.createBonjourBrowser('http').search());
attempt(() => network.createBonjourBrowser('_http._tcp', 'example.com').search());
const found = network.createBonjourService({ name: 'x', type: '_x._tcp', isLocal: false });
attempt(() => found.publish({}));
const own = network.createBonjourService('x', '_x._tcp');
attempt(() => own.publish());
attempt(() => own.publish({}));
attempt(() => own.publish(network.Socket.createTCP({ port: 5 })));
say(own.domain, own.isLocal, own.socket, own.apiName, network.createBonjourBrowser('_a._tcp').apiName);
network.createBonjourService({ type: '_x._tcp' }).resolve((error) => say(error.message, error.code));
own.stop((error, success) => say('stop', error, success));
found.resolve(60, (error) => say('cancelled', error.message));
found.stop();
""")
    assert lines(program, 11) == [
        "Service type not set undefined",
        "Failed to search: BadArgumentError -72004",
        "Failed to search: BadArgumentError -72004",
        "Attempt to republish discovered Bonjour service undefined",
        "Attempt to publish service with no associated socket undefined",
        "BonjourService.publish: the socket is neither a Socket.TCP nor a TCPSocket undefined",
        "Attempt to publish service with a socket that is not listening -72004",
        "local. true undefined Ti.Network.BonjourService Ti.Network.BonjourBrowser",
        "NotFoundError -72002",
        "stop null true",
        "cancelled Cancelled",
    ], program.seen
    assert program.process.wait(30) == 0


@test
def types_and_subtypes_are_listed(a, b):
    echo = node(a, ECHO)
    echo.expect("published null true Echo true")
    program = node(b, HEAD + """
const types = Ti.Network.createBonjourBrowser({ serviceType: '_services._dns-sd._udp' });
types.addEventListener('updatedservices', (e) => { say('types', e.services.map((s) => s.type).join()); types.stopSearch(); next('_techo._tcp,_room'); });
types.search();
function next(serviceType) {
  const browser = Ti.Network.createBonjourBrowser({ serviceType });
  browser.addEventListener('servicefound', (e) => say('found', e.service.name));
  browser.addEventListener('updatedservices', () => browser.stopSearch());
  browser.search();
}
""")
    assert lines(program, 2) == ["types _techo._tcp.", "found Echo"], program.seen
    assert program.process.wait(30) == 0
    echo.process.stdin.write("stop\n")
    echo.process.stdin.close()
    echo.process.wait(30)


@test
def a_worker_that_ends_withdraws_its_service(a, b):
    browser = node(b, HEAD + """
const browser = Ti.Network.createBonjourBrowser({ serviceType: '_twork._tcp' });
browser.addEventListener('servicefound', (e) => say('found', e.service.name));
browser.addEventListener('servicelost', (e) => { say('lost', e.service.name); browser.stopSearch(); });
browser.search();
""")
    worker = node(a, """
const { Worker } = require('worker_threads');
const worker = new Worker(%s, { eval: true });
worker.on('message', () => setTimeout(() => worker.terminate(), 1500));
worker.on('exit', () => console.log('gone'));
""" % json.dumps(HEAD + """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
Ti.Network.createBonjourService({ name: 'W', type: '_twork._tcp' }).publish(server, () => require('worker_threads').parentPort.postMessage(1));
"""))
    assert lines(browser, 2) == ["found W", "lost W"], browser.seen
    assert worker.next() == "gone"
    assert browser.process.wait(30) == 0 and worker.process.wait(30) == 0


@test
def the_example_chats_between_two_machines(a, b):
    chat = os.path.join(ROOT, "examples", "bonjour", "chat")
    anna = Program(a, TINET, "run", chat, "--", "Anna")
    anna.expect(r".*here as Anna")
    ben = Program(b, TINET, "run", chat, "--", "Ben")
    anna.expect(r".*talking with Ben")
    ben.expect(r".*talking with somebody at 10.9.8.1")
    for speaker, hearer, text in ((anna, ben, "h\u00e9llo"), (ben, anna, "and back")):
        speaker.process.stdin.write(text + "\n")
        speaker.process.stdin.flush()
        hearer.expect(r".*they say: " + text)
    ben.process.stdin.close()
    anna.expect(r".*they have gone")
    ben.expect(r".*they have gone")
    assert anna.process.wait(30) == 0 and ben.process.wait(30) == 0


def main():
    out = tap.Writer()
    a, b = Machine(), Machine()
    try:
        if not (a.is_up and b.is_up):
            out.skip("Bonjour from JavaScript", "this user may not make network namespaces")
            return out.exit_status()
        join(a, b)
        for fn in tests:
            problems = []
            try:
                fn(a, b)
            except Exception as error:  # whatever it was, the next test still runs
                problems = ["%s: %s" % (type(error).__name__, error)]
            Program.kill_all()
            out.point(fn.__name__.replace("_", " "), problems)
    finally:
        a.close()
        b.close()
    return out.exit_status()


if __name__ == "__main__":
    sys.exit(main())
