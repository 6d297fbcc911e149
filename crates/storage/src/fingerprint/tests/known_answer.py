"""Writes known_answer.json: the fingerprint of a small folder, from docs/formats.md alone.

    pip install blake3 && python3 known_answer.py > known_answer.json
"""

import hashlib
import json
import struct

from blake3 import blake3

HASHES = {"sha256": lambda data: hashlib.sha256(data).digest(), "blake3": lambda data: blake3(data).digest()}


def tree(h, leaves):
    if not leaves:
        return h(b"")
    if len(leaves) == 1:
        return h(b"\0" + leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return h(b"\1" + tree(h, leaves[:k]) + tree(h, leaves[k:]))


def entry(kind, path, data):
    chunks = [data[i : i + 2**20] for i in range(0, len(data), 2**20)]
    roots = [bytes(32) if kind == 1 else tree(h, chunks) for h in HASHES.values()]
    name = path.encode()
    encoded = bytes([kind]) + struct.pack("<I", len(name)) + name + struct.pack("<Q", len(data)) + roots[0] + roots[1]
    shown = {
        "kind": ["file", "emptyFolder", "symlink"][kind],
        "path": path,
        "size": len(data),
        "sha256": "0x" + roots[0].hex(),
        "blake3": "0x" + roots[1].hex(),
    }
    return encoded, shown, len(data)


def root(entries):
    roots = [tree(h, [encoded for encoded, _, _ in entries]) for h in HASHES.values()]
    size = sum(length for _, _, length in entries)
    head = b"averment-fingerprint/1\0" + struct.pack("<QQ", len(entries), size)
    return "0x" + hashlib.sha256(head + roots[0] + roots[1]).hexdigest()


chunk = bytes(i % 251 for i in range(2**20 + 5))
entries = [
    entry(0, "a-b", b"x"),
    entry(0, "a/b", chunk),
    entry(0, "a0", b""),
    entry(1, "empty", b""),
    entry(2, "link", b"a/b"),
]
print(
    json.dumps(
        {
            "root": root(entries),
            "bytes": sum(length for _, _, length in entries),
            "emptyFolder": root([]),
            "entries": [shown for _, shown, _ in entries],
        },
        indent=1,
    )
)
