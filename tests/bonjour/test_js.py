#!/usr/bin/env python3
"""Titanium.Network.BonjourBrowser and BonjourService between two machines, both
generations, and the example: Node processes in two namespaces, no daemon.

Needs the right to make namespaces (root); says so otherwise.
"""

import json
import os
import re
import sys
import tempfile

from daemon import System
from test_namespaces import BUILD, MDNS, ROOT, Machine, Program, join, join_by_ipv6, tap

TINET = os.path.join(BUILD, "cli", "tinet")
os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nowhere/bus"  # not this machine's daemon
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


# With sanitizers: Node is not built with them, so their runtime comes first, and
# what Node leaves behind at its end is not ours to report.
PRELOAD = os.environ.get("TINET_NODE_PRELOAD", "")
ENV = ["env", "LD_PRELOAD=" + PRELOAD, "TINET_PLAIN_LOAD=1", "ASAN_OPTIONS=detect_leaks=0"] if PRELOAD else []


def node(machine, source):
    return Program(machine, *ENV, "node", "-e", source)


def app(machine, *args):
    return Program(machine, *ENV, TINET, "run", *args)


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
attempt(() => network.createBonjourBrowser('_http._tcp,printer').search());
attempt(() => network.createBonjourBrowser('_http._tcp,_a,_b').search());
attempt(() => network.createBonjourBrowser({ serviceType: '_http._tcp', interfaceName: 'nosuch0' }).search());
attempt(() => network.createBonjourBrowser('_http._tcp\\0').search());
const numb = network.createBonjourBrowser({ isSearching: true });
say(numb.serviceType, numb.isSearching, numb.domain);
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
    assert lines(program, 17) == [
        "Service type not set undefined",
        *["Failed to search: BadArgumentError -72004"] * 6,
        "[WARN] BonjourBrowser: isSearching is read-only",
        "undefined false local.",
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
def operations_that_are_under_way(a, _b):
    program = node(a, HEAD + """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
const service = Ti.Network.createBonjourService({ name: 'Busy', type: '_tbusy._tcp' });
for (const name of ['publish', 'resolve', 'stop']) service.addEventListener(name, (e) => say('event', told(e)));
service.resolve(60, (error, success) => say('resolve', error.message, error.code, success));
service.publish(server, (error) => say('publish while resolving', error.message));
service.stop((error, success) => {
  say('stop', error, success);
  service.publish(server, (error, success) => {
    say('publish', error.message, success);
  });
  service.resolve((error) => say('resolve while publishing', error.message));
  service.stop(() => server.close());
});
""")
    assert lines(program, 9) == [
        "publish while resolving InProgress",
        "event resolve false -72005 Cancelled Cancelled",
        "resolve Cancelled -72005 false",
        "event stop true 0 undefined null",
        "stop null true",
        "resolve while publishing InProgress",
        "event publish false -72005 Cancelled Cancelled",
        "publish Cancelled false",
        "event stop true 0 undefined null",
    ], program.seen
    assert program.process.wait(30) == 0


@test
def a_txt_record_is_any_bytes_and_may_change(a, b):
    service = node(a, HEAD + """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
const service = Ti.Network.createBonjourService({ name: 'Txt', type: '_ttxt._tcp', txtRecord: { ...many, raw: Buffer.from([255, 0, 1]), Key: 'first', KEY: 'second', no: null } });
const attempt = (fn) => { try { fn(); } catch (e) { say(e.message, e.code); } };
service.publish(server, (error) => {
  say('published', error);
  attempt(() => { service.txtRecord = { long: 'x'.repeat(300) }; });
  attempt(() => { service.txtRecord = { 'a=b': 1 }; });
  say(service.txtRecord.Key);
});
process.stdin.on('data', () => { service.txtRecord = { changed: 'yes' }; say('changed'); });
process.stdin.on('end', () => { service.stop(() => server.close()); });
""")
    assert lines(service, 4) == ["published null", "BadArgumentError -72004", "BadArgumentError -72004", "first"], service.seen
    read = HEAD + """
const service = Ti.Network.createBonjourService({ name: 'Txt', type: '_ttxt._tcp', isLocal: false });
service.resolve(20, (error) => {
  const txt = service.txtRecord;
  if (txt.changed) say(JSON.stringify(txt));
  else say(Object.keys(txt).length, txt.k99, Buffer.isBuffer(txt.raw) && [...txt.raw].join(), txt.Key, txt.KEY, 'no' in txt);
});
"""
    assert node(b, read).next() == "102 99 255,0,1 first undefined false"
    service.process.stdin.write("change\n")
    service.process.stdin.flush()
    service.expect("changed")
    for _ in range(20):
        got = node(b, read).next()
        if "changed" in got:
            break
    assert got == '{"changed":"yes"}', got
    service.process.stdin.close()
    assert service.process.wait(30) == 0


@test
def a_later_claim_renames(a, b):
    source = """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
const service = Ti.Network.createBonjourService({ name: 'Split', type: '_tsplit._tcp' });
service.addEventListener('rename', (e) => say('rename', e.oldName, e.name, service.name, e.source === service));
service.publish(server, () => say('published', service.name));
process.stdin.on('data', () => { service.stop(() => { server.close(); process.stdin.destroy(); }); });
"""
    a.ip("link", "set", "cable0", "down")
    both = [node(machine, HEAD + source) for machine in (a, b)]
    for program in both:
        program.expect("published Split")
    a.ip("link", "set", "cable0", "up")
    a.ip("addr", "add", "fe80::1/64", "dev", "cable0", "nodad")
    a.ip("route", "add", "224.0.0.0/4", "dev", "cable0")
    first = Program.first_of(both, r"rename Split Split \(2\) Split \(2\) true")
    assert first in both
    for program in both:
        program.process.stdin.write("stop\n")
        program.process.stdin.close()
        assert program.process.wait(30) == 0


@test
def a_socket_of_datagrams_and_what_is_done_to_published_ones(a, b):
    program = node(a, HEAD + """
const udp = Ti.Network.Socket.createUDP({ port: 0 });
const service = Ti.Network.createBonjourService({ name: 'Udp', type: '_tudp._udp' });
const attempt = (fn) => { try { fn(); } catch (e) { say(e.message, e.code); } };
udp.addEventListener('started', () => {
  Ti.Network.createBonjourService({ name: 'Udp', type: '_tudp._tcp' }).publish(udp, (error) => say(error.message));
  service.publish(udp, (error) => {
    say('published', error, service.socket === udp);
    service.socket = null;
    say(service.socket === udp);
    udp.stop();
    attempt(() => service.publish(udp));
    service.stop(() => attempt(() => service.publish(udp)));
  });
});
attempt(() => service.publish(udp));
udp.start(0);
""")
    got = [program.next() for _ in range(8)]
    assert got == [
        "Attempt to publish service with a socket that is not listening -72004",
        "BadArgumentError",
        "published null true",
        "[WARN] BonjourService: socket is read-only; publish and resolve set it",
        "true",
        "[WARN] Ti.Network.Socket.UDP: closed while a BonjourService announces it; stop the service first",
        "Attempt to republish service undefined",
        "Attempt to publish service with a socket that is not listening -72004",
    ], got
    assert program.process.wait(30) == 0


@test
def port_5353_in_other_hands(a, b):
    holder = Program(b, sys.executable, MDNS, "cable1", "hold")
    holder.expect("held")
    program = node(b, HEAD + """
const browser = Ti.Network.createBonjourBrowser({ serviceType: '_http._tcp' });
try { browser.search(); } catch (e) { say(e.message, e.code, browser.isSearching); }
const server = Ti.Network.createTCPSocket({ hostName: 'INADDR_ANY', port: 0 });
server.listen();
const service = Ti.Network.createBonjourService({ name: 'x', type: '_http._tcp' });
service.publish(server, (error, success) => {
  say(error.message, error.code, success);
  try { service.publish(server); } catch (e) { say(e.message, e.code); }
  server.close();
});
""")
    assert lines(program, 3) == [
        "Failed to search: UnknownError -72000 false",
        "UnknownError -72000 false",
        "Failed to publish: UnknownError -72000",
    ], program.seen
    assert program.process.wait(30) == 0
    holder.end()


@test
def ipv6_alone_connects_and_a_service_is_resolved_again(_a, _b):
    a, b = Machine(), Machine()
    try:
        for machine in (a, b):
            machine.ip("link", "set", "lo", "up")
        join_by_ipv6(a, b)
        echo = node(a, ECHO)
        echo.expect("published null true Echo true")
        finder = node(b, HEAD + """
const browser = Ti.Network.createBonjourBrowser({ serviceType: '_techo._tcp' });
browser.addEventListener('servicefound', ({ service }) => {
  service.resolve((error) => {
    const { socket } = service;
    say('at', service.addresses.join(), service.interfaceName, service.hostName === socket.host);
    service.stop();
    say(service.socket, service.addresses, service.interfaceName);
    service.resolve((error) => say('again', error, service.socket.port === socket.port, service.socket !== socket));
    socket.connected = () => {
      socket.write(Ti.createBuffer({ value: 'six' }), () => {});
      const buffer = Ti.createBuffer({ length: 100 });
      socket.read(buffer, (r) => { say('echo', buffer.toString().slice(0, r.bytesProcessed)); socket.close(); browser.stopSearch(); });
    };
    socket.error = (e) => say(e.error);
    socket.connect();
  });
});
browser.search();
""")
        got = [finder.next() for _ in range(4)]
        assert got[:2] == ["at fe80::1%cable1 cable1 true", "undefined undefined undefined"], got
        assert set(got[2:]) == {"again null true true", "echo six"}, got
        assert finder.process.wait(30) == 0
        echo.process.stdin.write("stop\n")
        echo.process.stdin.close()
    finally:
        Program.kill_all()
        a.close()
        b.close()


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
def when_no_back_end_is_left_it_is_told(a, b):
    """The daemon is another machine's, and here somebody has port 5353 for himself."""
    system = System(a, "alpha")
    holder = Program(b, sys.executable, MDNS, "cable1", "hold")
    try:
        holder.expect("held")
        system.start()
        program = Program(b, *ENV, "env", "DBUS_SYSTEM_BUS_ADDRESS=" + system.address, "node", "-e", HEAD + """
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
const service = Ti.Network.createBonjourService({ name: 'Lost', type: '_tlost._tcp' });
const browser = Ti.Network.createBonjourBrowser({ serviceType: '_tlost._tcp' });
let nLeft = 2;
const over = (what) => { say(what); if (--nLeft === 0) server.close(); };
browser.addEventListener('servicefound', (e) => say('found', e.service.name));
browser.addEventListener('error', (e) => over(`browser ${told(e)} ${browser.isSearching}`));
service.addEventListener('error', (e) => over(`service ${told(e)}`));
service.publish(server, () => { say('published', service.name); browser.search(); });
""")
        assert lines(program, 2) == ["published Lost", "found Lost"], program.seen
        system.kill_avahi()
        got = {line for line in lines(program, 3) if not line.startswith("[WARN]")}
        want = "error false -72000 UnknownError undefined"
        assert got == {"service " + want, "browser " + want + " false"}, got
        assert program.process.wait(30) == 0
    finally:
        system.close()
        holder.process.stdin.close()


STRICT_TIAPP = """<?xml version="1.0" encoding="UTF-8"?>
<ti:app xmlns:ti="http://ti.tidev.io">
  <id>org.example.strict</id><name>Strict</name>
  <property name="tinet.bonjour.strict" type="bool">%s</property>
  <ios><plist><dict>
    <key>NSLocalNetworkUsageDescription</key><string>to find others</string>
    <key>NSBonjourServices</key><array><string>_declared._tcp</string><string>no type</string></array>
  </dict></plist></ios>
</ti:app>
"""
STRICT_APP = """
const attempt = (type) => { const b = Ti.Network.createBonjourBrowser({ serviceType: type }); try { b.search(); Ti.API.info(type + ' may'); b.stopSearch(); } catch (e) { Ti.API.info(e.message + ' ' + e.code); } };
attempt('_declared._tcp.');
attempt('_other._tcp');
const server = Ti.Network.Socket.createTCP({ host: 'INADDR_ANY', port: 0 });
server.listen();
const service = Ti.Network.createBonjourService({ name: 'x', type: '_other._tcp' });
service.publish(server, (error) => { Ti.API.info('published ' + (error && error.message)); service.stop(); server.close(); });
"""


@test
def in_strict_mode_a_project_declares_its_types(a, _b):
    for is_strict, want in (("true", [
        "_declared._tcp. may",
        "Failed to search: MissingRequiredConfigurationError -72008",
        "published MissingRequiredConfigurationError",
    ]), ("false", ["_declared._tcp. may", "_other._tcp may", "published null"])):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "Resources"))
            for name, text in (("tiapp.xml", STRICT_TIAPP % is_strict), ("Resources/app.js", STRICT_APP)):
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            program = app(a, folder)
            got = [line.replace("[INFO] ", "") for line in lines(program, 3)]
            assert got == want, got
            assert program.process.wait(30) == 0


@test
def the_example_chats_between_two_machines(a, b):
    chat = os.path.join(ROOT, "examples", "bonjour", "chat")
    anna = app(a, chat, "--", "Anna")
    anna.expect(r".*here as Anna")
    ben = app(b, chat, "--", "Ben")
    anna.expect(r".*talking with Ben")
    ben.expect(r".*talking with somebody at 10.9.8.1")
    for speaker, hearer, text in ((anna, ben, "h\u00e9llo"), (ben, anna, "and back"), (ben, anna, "bell \x07 \x1b[31m")):
        speaker.process.stdin.write(text + "\n")
        speaker.process.stdin.flush()
        hearer.expect(r".*they say: " + re.escape(re.sub("[\x07\x1b]", "?", text)))
    ben.process.stdin.close()
    anna.expect(r".*they have gone")
    ben.expect(r".*they have gone")
    assert anna.process.wait(30) == 0 and ben.process.wait(30) == 0
    assert not any("WARN" in line for line in anna.seen + ben.seen), anna.seen + ben.seen


def main():
    out = tap.Writer()
    a, b = Machine(), Machine()
    try:
        if not (a.is_up and b.is_up):
            out.skip("Bonjour from JavaScript", "this user may not make network namespaces")
            return out.exit_status()
        join(a, b)
        for fn in [t for t in tests if not sys.argv[1:] or t.__name__ in sys.argv[1:]]:
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
