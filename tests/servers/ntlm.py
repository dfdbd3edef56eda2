"""ntlm.py - the server's side of NTLM (MS-NLMP): a challenge, and the check of an
answer to it.  It speaks NTLMv2 only."""

import hashlib
import hmac
import struct

CHALLENGE = bytes.fromhex("0123456789abcdef")
FLAGS = 0x00000001 | 0x00000200 | 0x00080000 | 0x00800000  # Unicode, NTLM, session security, target info


def md4(data):
    """RFC 1320; Python's own comes and goes with OpenSSL's legacy provider."""
    mask = 0xFFFFFFFF
    rotate = lambda x, n: ((x << n) | (x >> (32 - n))) & mask
    length = len(data) * 8
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + struct.pack("<Q", length)
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    rounds = (
        (lambda x, y, z: (x & y) | (~x & z), 0, list(range(16)), (3, 7, 11, 19)),
        (lambda x, y, z: (x & y) | (x & z) | (y & z), 0x5A827999,
         [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1,
         [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], (3, 9, 11, 15)),
    )
    for at in range(0, len(data), 64):
        words = struct.unpack("<16I", data[at:at + 64])
        a, b, c, d = state
        for function, constant, order, shifts in rounds:
            for i, k in enumerate(order):
                a = rotate((a + (function(b, c, d) & mask) + words[k] + constant) & mask, shifts[i % 4])
                a, b, c, d = d, a, b, c
        state = [(x + y) & mask for x, y in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


assert md4(b"abc").hex() == "a448017aaf21d8525fc10ae87aa6729d"


def type_of(message):
    """1, 2 or 3; 0 if it is no message of NTLM."""
    if message[:8] != b"NTLMSSP\0" or len(message) < 12:
        return 0
    return struct.unpack("<I", message[8:12])[0]


def challenge(target="SERVER"):
    name = target.encode("utf-16-le")
    info = struct.pack("<HH", 2, len(name)) + name + struct.pack("<HH", 0, 0)
    head = 56
    return (b"NTLMSSP\0" + struct.pack("<IHHII", 2, len(name), len(name), head, FLAGS) + CHALLENGE + b"\0" * 8 +
            struct.pack("<HHI", len(info), len(info), head + len(name)) + b"\0" * 8 + name + info)


def field(message, at):
    length, _, offset = struct.unpack("<HHI", message[at:at + 8])
    return message[offset:offset + length]


def who(message, password):
    """(domain, user) of a third message whose proof is right, else None."""
    proof, domain, user = field(message, 20), field(message, 28), field(message, 36)
    is_unicode = struct.unpack("<I", message[60:64])[0] & 1
    coding = "utf-16-le" if is_unicode else "latin-1"
    domain, user = domain.decode(coding), user.decode(coding)
    key = hmac.new(md4(password.encode("utf-16-le")), (user.upper() + domain).encode("utf-16-le"), hashlib.md5).digest()
    want = hmac.new(key, CHALLENGE + proof[16:], hashlib.md5).digest()
    return (domain, user) if proof[:16] == want else None
