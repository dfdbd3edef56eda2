#!/usr/bin/env python3
"""Runs the benchmarks side by side and prints one table.

Each row is one job.  The programs take turns, round after round, so that a
change of the machine's mood hits all of them, and the median is shown.  CPU is
user and system time of the client alone.  Ratio is to bare libcurl.
"""
import argparse
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MIB = 1 << 20
BULK = 256 * MIB


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def run_client(command):
    """One run: what the client printed, with the wall time of the process."""
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.monotonic() - start
    if done.returncode != 0:
        sys.exit('%s: %s' % (' '.join(command), done.stderr.strip()[:300]))
    result = json.loads(done.stdout)
    result['process_wall'] = wall
    return result


def hashed_store(folder):
    """The system's certificates and ours, as a hashed folder."""
    store = os.path.join(folder, 'store')
    os.mkdir(store)
    for name in os.listdir('/etc/ssl/certs'):
        if name.endswith('.0'):
            os.symlink(os.path.realpath('/etc/ssl/certs/' + name),
                       os.path.join(store, name))
    cert = os.path.join(folder, 'cert.pem')
    digest = subprocess.run(['openssl', 'x509', '-noout', '-hash', '-in', cert],
                            capture_output=True, text=True, check=True)
    os.symlink(cert, os.path.join(store, digest.stdout.strip() + '.0'))
    return store


def start_nghttpd(folder):
    """An HTTP/2 server with a file of 1 KiB, or (None, None)."""
    if shutil.which('nghttpd') is None:
        return None, None
    root = os.path.join(folder, 'www')
    os.mkdir(root)
    with open(os.path.join(root, '1k'), 'w', encoding='ascii') as f:
        f.write('x' * 1024)
    port = free_port()
    process = subprocess.Popen(
        ['nghttpd', '-d', root, '-a', '127.0.0.1', str(port),
         folder + '/key.pem', folder + '/cert.pem'],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(('127.0.0.1', port)) == 0:
                return process, port
        time.sleep(0.02)
    process.terminate()
    process.wait()
    return None, None


def jobs(plain, tls, h2_port, folder, store, scale):
    """(title, unit, arguments) of each row."""
    ca = ['--ca-file', folder + '/cert.pem']
    out = ['--out', folder + '/out.bin']
    big = '%s/big/%d' % (plain, BULK)

    def n(count):
        return str(max(1, int(count * scale)))

    rows = [
        ('1 KiB GET, c=1', 'us', ['get', plain + '/1k', n(20000), '1']),
        ('1 KiB GET, c=64', 'us', ['get', plain + '/1k', n(80000), '64']),
        ('1 KiB GET, TLS, c=1', 'us', ['get', tls + '/1k', n(15000), '1'] + ca),
        ('1 KiB GET, TLS, c=64', 'us',
         ['get', tls + '/1k', n(60000), '64'] + ca),
    ]
    if h2_port is not None:
        rows.append(('1 KiB GET, HTTP/2, 64 streams', 'us',
                     ['get', 'https://127.0.0.1:%d/1k' % h2_port, n(30000),
                      '64'] + ca))
    rows += [
        ('256 MiB, discarded', 's/GB', ['discard', big, n(4), '1']),
        ('256 MiB to a file', 's/GB', ['file', big, n(2), '1'] + out),
        ('256 MiB upload', 's/GB',
         ['upload', plain + '/sink', n(4), '1', '--upload', str(BULK)]),
        ('one cold HTTPS GET', 'ms',
         ['get', tls + '/1k', '1', '1', '--ca-path', store]),
    ]
    return rows


def cost(unit, result, args):
    """The number of a row: CPU, or for the cold start the wall time."""
    if unit == 'us':
        return result['cpu'] / result['done'] * 1e6
    if unit == 'ms':
        return result['process_wall'] * 1e3
    return result['cpu'] / (BULK * int(args[2])) * 1e9


def measure_row(programs, unit, args, rounds):
    costs = {name: [] for name, _ in programs}
    rates = {name: [] for name, _ in programs}
    peaks = {name: 0 for name, _ in programs}
    for _ in range(rounds):
        for name, program in programs:
            result = run_client([program] + args)
            costs[name].append(cost(unit, result, args))
            rates[name].append(result['done'] / result['wall'])
            peaks[name] = max(peaks[name], result['rss_kib'])
    return {name: (statistics.median(costs[name]),
                   statistics.median(rates[name]), peaks[name])
            for name, _ in programs}


def print_row(title, unit, programs, row):
    base = row[programs[0][0]][0]
    for name, _ in programs:
        value, rate, peak = row[name]
        shown = '%9.0f/s' % rate if unit == 'us' else ' ' * 11
        print('%-30s %-12s %s %9.3f %-5s %6.2fx %8.1f MiB' %
              (title, name, shown, value, unit, value / base, peak / 1024),
              flush=True)
        title = ''


def run_node(build, plain, tls, folder):
    """The JavaScript half, if it is there: it prints its own table."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'node',
                          'run.mjs')
    if not os.path.exists(script) or shutil.which('node') is None:
        print('bench/node/run.mjs or node is missing: no JavaScript part')
        return 0
    env = dict(os.environ, BENCH_URL=plain, BENCH_TLS_URL=tls,
               BENCH_CA_FILE=folder + '/cert.pem',
               BENCH_BUILD=os.path.abspath(build))
    return subprocess.run(['node', script], env=env).returncode


def run_cache(args, bench, plain, folder):
    """The cache in memory and on disk against the network on loopback."""
    program = os.path.join(bench, 'cache_bench')
    programs = [('network', program), ('memory', program), ('disk', program)]
    caches = {'network': [], 'memory': ['--out', 'memory'],
              'disk': ['--out', os.path.join(folder, 'cache')]}
    rows = [('cache: 1 KiB GET, c=1', 'us', '/1k?cached', 20000),
            ('cache: 256 MiB', 's/GB', '/big/%d?cached' % BULK, 4)]
    for title, unit, path, count in rows:
        if args.only not in title:
            continue
        costs = {name: [] for name, _ in programs}
        for _ in range(args.rounds):
            for name, _ in programs:
                job = ['get', plain + path, str(max(1, int(count * args.scale))), '1']
                costs[name].append(cost(unit, run_client([program] + job + caches[name]), job))
        print('%-30s' % title + '  '.join(
            '%s %.2f %s' % (name, statistics.median(values), unit)
            for name, values in costs.items()))


def cookie_work(path, n_cookies=100000, n_domains=10000, n_asked=100000):
    """Ten cookies a domain, in no order; look-ups of what is there."""
    rng = random.Random(20260)
    lines = []
    for i in range(n_cookies):
        domain = 'shop%d.example%d.com' % (i % n_domains, i % n_domains % 700)
        more = rng.choice(['', '; Secure', '; HttpOnly', '; Domain=' + domain,
                           '; Path=/a'])
        lines.append('https://%s/a/b\tname%d=%s; Max-Age=1000000%s' % (
            domain, i // n_domains, '%032x' % rng.getrandbits(128), more))
    rng.shuffle(lines)
    asked = []
    for _ in range(n_asked):
        i = rng.randrange(n_domains)
        asked.append('https://shop%d.example%d.com/a/b/c' % (i, i % 700))
    with open(path, 'w') as f:
        f.write('\n'.join(lines) + '\n\n' + '\n'.join(asked) + '\n')


def run_cookies(args, bench, port, folder):
    """100,000 cookies over 10,000 domains in five jars."""
    if args.only not in 'cookies':
        return
    work = os.path.join(folder, 'cookies.txt')
    cookie_work(work)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'node',
                          'cookies.mjs')
    jars = {
        'tinet, in memory': [os.path.join(bench, 'cookie_bench'), work],
        'tinet, with its file': [os.path.join(bench, 'cookie_bench'), work,
                                 os.path.join(folder, 'jar.sqlite')],
        'libsoup, in memory': [os.path.join(bench, 'cookie_soup'), work],
        'libsoup, with its file': [os.path.join(bench, 'cookie_soup'), work,
                                   os.path.join(folder, 'soup.sqlite')],
        'libcurl': [os.path.join(bench, 'cookie_curl'), work, port],
        'tough-cookie': ['node', '--expose-gc', script, work],
    }
    rows = {name: [] for name in jars}
    for _ in range(args.rounds):
        for name, command in jars.items():
            for leftover in ('jar.sqlite', 'soup.sqlite'):
                for suffix in ('', '-wal', '-shm'):
                    path = os.path.join(folder, leftover + suffix)
                    if os.path.exists(path):
                        os.remove(path)
            if not shutil.which(command[0]):
                continue
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True,
                                  timeout=300)
            rows[name].append(json.loads(done.stdout))
    print('100,000 cookies, 10,000 domains   insert us   look-up us   bytes a cookie')
    checks = {r['check'] for results in rows.values() for r in results} - {0}
    if len(checks) > 1:
        print('the jars do not agree on what is sent: %s' % sorted(checks))
    for name, results in rows.items():
        if not results:
            print('%-32s is not installed' % name)
            continue
        of = lambda key: statistics.median(r[key] for r in results)
        print('%-32s %10.2f %12.2f %16.0f' % (
            name, of('insert_us'), of('lookup_us'), of('bytes') / 100000))


ATS_ENTRY = ('<key>%s</key><dict><key>NSIncludesSubdomains</key><true/>'
             '<key>NSExceptionMinimumTLSVersion</key><string>TLSv1.1</string>'
             '</dict>\n')


def ats_files(folder):
    """An Info.plist and a tiapp.xml of 1 MB, and one with 1,000 exceptions."""
    def dictionary(n):
        return ('<key>NSAppTransportSecurity</key><dict>'
                '<key>NSExceptionDomains</key><dict>%s</dict></dict>'
                % ''.join(ATS_ENTRY % ('shop%d.example%d.com' % (i, i % 7))
                          for i in range(n)))

    plist = '<plist version="1.0"><dict>%s</dict></plist>'
    tiapp = ('<ti:app xmlns:ti="http://ti.tidev.io"><id>a.b</id><name>a</name>'
             '<version>1</version><ios><plist><dict>%s</dict></plist></ios>'
             '</ti:app>')
    n = MIB // len(ATS_ENTRY % 'shop1000.example1.com')
    paths = []
    for name, text in (('big.plist', plist % dictionary(n)),
                       ('tiapp.xml', tiapp % dictionary(n)),
                       ('many.plist', plist % dictionary(1000))):
        paths.append(os.path.join(folder, name))
        with open(paths[-1], 'w') as f:
            f.write(text)
    return paths


def run_ats(args, bench, folder):
    """The policy engine of App Transport Security."""
    if args.only not in 'ats':
        return
    command = [os.path.join(bench, 'ats_bench')] + ats_files(folder)
    rows = [json.loads(subprocess.run(command, stdout=subprocess.PIPE,
                                      check=True).stdout)
            for _ in range(args.rounds)]
    of = lambda key: statistics.median(row[key] for row in rows)
    print('ATS, %d exceptions: %.2f us a decision; 1 MB Info.plist %.0f ms, '
          'tiapp.xml %.0f ms' % (rows[0]['entries'], of('decide_us'),
                                 of('plist_ms'), of('tiapp_ms')))


def run_ats_requests(args, bench, tls, folder):
    """What judging adds to a request over TLS 1.3: fresh, and pooled."""
    if args.only not in 'ats':
        return
    program = os.path.join(bench, 'tinet_bench')
    ca = ['--ca-file', os.path.join(folder, 'cert.pem')]
    for title, count, more in (('fresh', 1500, ['--close', '1']),
                               ('pooled', 15000, [])):
        costs = {'0': [], '1': []}
        for i in range(max(args.rounds, 5)):
            for ats in ('01' if i % 2 else '10'):
                job = ['get', tls + '/1k', str(max(1, int(count * args.scale))),
                       '1'] + ca + more + ['--ats', ats]
                costs[ats].append(cost('us', run_client([program] + job), job))
        off, on = (statistics.median(costs[key]) for key in '01')
        print('ATS, %s request over TLS: %.1f us of CPU without, %.1f with, '
              '%.3f x' % (title, off, on, on / off))


def run_sockets(args, bench):
    """Sockets beside bare libuv, and from JavaScript beside node:net."""
    if args.only not in 'sockets':
        return
    print('sockets, C', flush=True)
    subprocess.run([os.path.join(bench, 'socket_bench'), str(args.rounds)],
                   check=True)
    subprocess.run([os.path.join(bench, 'socket_idle')], check=True)
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'node',
                          'sockets.mjs')
    if shutil.which('node') is None:
        print('node is missing: no sockets from JavaScript')
        return
    print('sockets, JavaScript', flush=True)
    subprocess.run(['node', script, args.build, str(args.rounds),
                    str(args.scale)], check=True)


def run_all(args, folder):
    bench = os.path.join(args.build, 'bench')
    programs = [('bare libcurl', os.path.join(bench, 'bare_curl')),
                ('tinet', os.path.join(bench, 'tinet_bench'))]
    server = subprocess.Popen([os.path.join(bench, 'bench_server'), folder],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    h2 = None
    try:
        ports = server.stdout.readline().split()
        plain = 'http://127.0.0.1:' + ports[0]
        tls = 'https://127.0.0.1:' + ports[1]
        h2, h2_port = start_nghttpd(folder)
        if h2 is None:
            print('nghttpd is missing: no HTTP/2 row')
        store = hashed_store(folder)
        for title, unit, job in jobs(plain, tls, h2_port, folder, store,
                                     args.scale):
            if args.only not in title:
                continue
            rounds = args.rounds * 3 if unit == 'ms' else args.rounds
            row = measure_row(programs, unit, job, rounds)
            print_row(title, unit, programs, row)
        run_cache(args, bench, plain, folder)
        run_sockets(args, bench)
        run_cookies(args, bench, ports[0], folder)
        run_ats(args, bench, folder)
        run_ats_requests(args, bench, tls, folder)
        return 0 if args.only else run_node(args.build, plain, tls, folder)
    finally:
        server.stdin.close()
        server.wait()
        if h2 is not None:
            h2.terminate()
            h2.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('build', help='the Meson build folder')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--scale', type=float, default=1.0,
                        help='fewer or more requests a run')
    parser.add_argument('--only', default='', help='rows with this in the title')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run_all(args, folder)


if __name__ == '__main__':
    sys.exit(main())
