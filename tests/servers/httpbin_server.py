"""httpbin_server.py - httpbin on a port of loopback: `httpbin_server.py PORT`."""

import sys

import httpbin
from werkzeug.serving import WSGIRequestHandler, run_simple

WSGIRequestHandler.protocol_version = "HTTP/1.1"
run_simple("127.0.0.1", int(sys.argv[1]), httpbin.app, threaded=True)
