#!/usr/bin/env python3
"""`tinet ats diagnose` on this machine: one host, many hosts, hosts that stall.

One host is to take less than half a second, nscurl's sixteen loads in its
place.  A thousand hosts are to take as long as the slowest of them and their
work, and as much memory as a hundred.  The servers are an nginx, and a socket
that is never answered.
"""
import os
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(ROOT, 'tests', 'cli'), os.path.join(ROOT, 'tests', 'servers')]

NGINX = '''
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log; user root;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096; ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {leaf.certificate}; ssl_certificate_key {leaf.key};
  }}
}}'''


def run(tinet, *args):
    """(seconds, seconds of the processor, KiB at most)"""
    started = time.monotonic()
    child = subprocess.Popen([tinet, 'ats', 'diagnose', *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def row(title, measured):
    print('%-52s %7.2f s %8.2f s %8d KiB' % (title, *measured), flush=True)


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else 'build')
    os.environ['TINET_BUILD'] = build
    from ats_servers import HOST, home, pki, remove_home  # they look for the build
    import lib

    tinet = os.path.join(build, 'cli', 'tinet')
    leaf = pki.leaf('bench')
    silent = socket.create_server(('127.0.0.1', 0), backlog=4096)

    def command(port):
        path = os.path.join(home, 'bench.conf')
        lib.write(path, NGINX.format(home=home, port=port, leaf=leaf))
        return [lib.need_program('nginx'), '-p', home, '-c', path]

    def hosts(n, every=0):
        path = os.path.join(home, 'hosts')
        names = ['localhost:%d' % (silent.getsockname()[1] if every and i % every == 0 else port) for i in range(n)]
        lib.write(path, '\n'.join(names) + '\n')
        return ['--hosts', path, '--no-direct', '--sni', HOST, '--cacert', pki.root.certificate, '--jobs', '64',
                '--html', os.path.join(home, 'page.html'), '--junit', os.path.join(home, 'report.xml')]

    print('%-52s %9s %10s %12s' % ('', 'time', 'processor', 'memory'))
    try:
        with lib.server(command, home, 'nginx') as port:
            one = [run(tinet, *hosts(1)) for _ in range(11)]
            row('1 host, median of 11', [statistics.median(column) for column in zip(*one)])
            for n in (100, 1000, 5000):
                row('%d hosts, --quick' % n, run(tinet, *hosts(n), '--quick'))
            row('1000 hosts, the whole matrix', run(tinet, *hosts(1000)))
            row('1000 hosts, 50 stall, --timeout 3 --quick', run(tinet, *hosts(1000, 20), '--timeout', '3', '--quick'))
    finally:
        remove_home()


if __name__ == '__main__':
    main()
