#!/usr/bin/env python3
"""Content codings that are bombs, broken or unknown."""

import gzip
import sys
import zlib

from hostile import *

try:
    import brotli
except ImportError:
    brotli = None

suite = Hostile()
bad = suite.behaviour

MIB = 1024 * 1024


def coded(coding, data, *more):
    fields = [("Content-Encoding", coding), *more]
    return answering(response(headers=fields, body=data))


def zstd_frame(blocks, window=0x38):
    """A frame by hand: magic, no flags, window descriptor, blocks.

    0x38 is a window of 128 KiB: exponent 7, mantissa 0."""
    out = b"\x28\xb5\x2f\xfd\x00" + bytes([window])
    for i, (kind, size, data) in enumerate(blocks):
        header = (i == len(blocks) - 1) | kind << 1 | size << 3
        out += header.to_bytes(3, "little") + data
    return out


def zstd_zeros(n_blocks, window=0x38):
    return zstd_frame([(1, 128 * 1024, b"\0")] * n_blocks, window)


def zeros(n_bytes, level=9, wbits=31):
    packer = zlib.compressobj(level, zlib.DEFLATED, wbits)
    block = bytes(MIB)
    out = [packer.compress(block) for _ in range(n_bytes // MIB)]
    return b"".join(out) + packer.flush()


def stays_small(outcome):
    """What came in one piece (some 16 KiB) may become 1,000 times as much."""
    true(outcome.len <= 32 * MIB, outcome.len, "bytes were decoded")


bomb = zeros(64 * MIB)
bad("a bomb of gzip", coded("gzip", bomb), "TINET_EBOMB", check=stays_small)
bad("a bomb of gzip in gzip", coded("gzip, gzip", gzip.compress(bomb)), "TINET_EBOMB",
    check=stays_small)
bad("a bomb of gzip in two header fields",
    coded("gzip", gzip.compress(bomb), ("Content-Encoding", "gzip")), "TINET_EBOMB",
    check=stays_small)
bad("a bomb of deflate", coded("deflate", zeros(64 * MIB, wbits=15)), "TINET_EBOMB",
    check=stays_small)
bad("a bomb of deflate without its header", coded("deflate", zeros(64 * MIB, wbits=-15)),
    "TINET_EBOMB", check=stays_small)
bad("a bomb of zstd", coded("zstd", zstd_zeros(2000)), "TINET_EBOMB", check=stays_small)
if brotli:
    bad("a bomb of br", coded("br", brotli.compress(bytes(64 * MIB), quality=5)), "TINET_EBOMB",
        check=stays_small)
    bad("brotli with a large window", coded("br", b"\x11\x1e" + bytes(64)), "TINET_ECODING")
else:
    for name in ("a bomb of br", "brotli with a large window"):
        def no_brotli(driver):
            raise Skip("python3-brotli is not installed")
        suite.add(name, no_brotli)
bad("zstd with a window of 2 GiB", coded("zstd", zstd_zeros(1, window=21 << 3)), "TINET_ECODING")
bad("zstd with a window of 128 MiB", coded("zstd", zstd_zeros(1, window=17 << 3)), "TINET_ECODING")
bad("zstd with a window of 8 MiB", coded("zstd", zstd_zeros(1, window=13 << 3)), "load",
    check=body_is(bytes(128 * 1024)))
bad("a bomb in many gzip members", coded("gzip", gzip.compress(bytes(16 * MIB)) * 8), "TINET_EBOMB",
    "TINET_ECODING", check=stays_small)
bad("a small body may be packed as tightly as it likes", coded("gzip", zeros(MIB)), "load",
    check=body_is(bytes(MIB)))


def mapped_to_file(outcome):
    true(not os.path.exists(TARGET), "the target exists")
    equal([], [name for name in os.listdir(FOLDER) if name.endswith(".part")])


FOLDER = tempfile.mkdtemp(prefix="tinet-")
TARGET = os.path.join(FOLDER, "bomb")
bad("a bomb on its way to a file", coded("gzip", bomb), "TINET_EBOMB", check=mapped_to_file,
    save=TARGET)

# ---- broken ----

packed = gzip.compress(b"text " * 10000, mtime=0)
bad("gzip that is cut off", coded("gzip", packed[:-20]), "TINET_ECODING", "TINET_ETRUNCATED")
bad("gzip without its checksum", coded("gzip", packed[:-8]), "TINET_ECODING", "TINET_ETRUNCATED")
bad("gzip with a wrong checksum", coded("gzip", packed[:-8] + b"\0" * 4 + packed[-4:]),
    "TINET_ECODING")
bad("gzip with a bit turned over",
    coded("gzip", packed[:40] + bytes([packed[40] ^ 0x10]) + packed[41:]), "TINET_ECODING")
bad("text that says it is gzip", coded("gzip", b"not gzip at all"), "TINET_ECODING")
bad("text that says it is br", coded("br", b"\xffnot brotli at all"), "TINET_ECODING")
bad("text that says it is zstd", coded("zstd", b"not zstd at all"), "TINET_ECODING")
bad("text that says it is deflate", coded("deflate", b"\xff\xff\xff\xff not deflate"),
    "TINET_ECODING")
bad("zstd that is cut off", coded("zstd", zstd_zeros(3)[:-5]), "TINET_ECODING", "TINET_ETRUNCATED")
bad("zstd that asks for a dictionary", coded("zstd", b"\x28\xb5\x2f\xfd\x01\x38\x07\x01\0\0"),
    "TINET_ECODING")
bad("an empty body that says it is gzip", coded("gzip", b""), "load", "TINET_ECODING",
    "TINET_ETRUNCATED", check=body_is(b""))
bad("bytes after the end of gzip", coded("gzip", gzip.compress(b"text") + b"garbage"), "load",
    "TINET_ECODING", check=body_is(b"text"))
bad("a coding that nobody knows", coded("rot13", b"grkg"), "load", "TINET_ECODING",
    check=body_is(b"grkg"))
bad("a hundred codings", coded(", ".join(["gzip"] * 100), b"text"), "TINET_ECODING",
    "TINET_EPROTOCOL", "TINET_ELIMIT")
bad("HEAD with a coding and no body",
    answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"), "load",
    method="HEAD", check=body_is(b""))
bad("a 304 with a coding and no body",
    answering(b"HTTP/1.1 304 Not Modified\r\nContent-Encoding: gzip\r\n\r\n"), "load",
    check=body_is(b""))


@suite.test
def the_ceiling_on_decoded_bytes_is_a_setting(_):
    driver = Driver(options={"max_decoded_bytes": "100000"})
    noise = os.urandom(90000)
    with Threaded(coded("gzip", gzip.compress(noise))) as peer:
        outcome = driver.get("http://127.0.0.1:%d/" % peer.port)
        equal(noise, outcome.body_bytes)
    with Threaded(coded("gzip", gzip.compress(noise + noise))) as peer:
        outcome = driver.get("http://127.0.0.1:%d/" % peer.port)
        equal("TINET_EBOMB", outcome.error_name)
    with Threaded(answering(response(body=noise + noise))) as peer:
        outcome = driver.get("http://127.0.0.1:%d/" % peer.port)
        equal(180000, outcome.len, "what is not coded has no such ceiling: %s" % outcome)
    driver.end()


@suite.test
def the_ceiling_on_the_ratio_is_a_setting(_):
    driver = Driver(options={"max_decoded_ratio": "10"})
    with Threaded(coded("gzip", zeros(4 * MIB))) as peer:
        equal("TINET_EBOMB", driver.get("http://127.0.0.1:%d/" % peer.port).error_name)
    driver.end()


if __name__ == "__main__":
    try:
        sys.exit(suite.main())
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
