#!/usr/bin/env python3
"""Writes start.onnx: a logistic regression on thirty measurements that knows nothing yet, all numbers zero.

    python3 start.py

It needs nothing but Python: the few messages of ONNX that it takes are written out here.
"""

import pathlib
import struct

FEATURES, CLASSES = 30, 2


def number(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def field(at, value):
    """An integer, or bytes, a text or a message with their length."""
    if isinstance(value, int):
        return number(at << 3) + number(value)
    value = value.encode() if isinstance(value, str) else value
    return number(at << 3 | 2) + number(len(value)) + value


def zeros(name, *dims):
    count = 1
    for dim in dims:
        count *= dim
    data = struct.pack(f"<{count}f", *[0.0] * count)
    return b"".join(field(1, dim) for dim in dims) + field(2, 1) + field(8, name) + field(9, data)


def value(name, width):
    shape = field(1, field(2, "rows")) + field(1, field(1, width))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def node(kind, inputs, output):
    return b"".join(field(1, name) for name in inputs) + field(2, output) + field(3, kind) + field(4, kind)


graph = b"".join([
    field(1, node("Gemm", ["measurements", "weights", "bias"], "scores")),
    field(1, node("Softmax", ["scores"], "probabilities")),
    field(2, "start"),
    field(5, zeros("weights", FEATURES, CLASSES)),
    field(5, zeros("bias", CLASSES)),
    field(11, value("measurements", FEATURES)),
    field(12, value("probabilities", CLASSES)),
])
model = field(1, 8) + field(2, "examples/federated/start.py") + field(7, graph) + field(8, field(1, "") + field(2, 17))
pathlib.Path(__file__).with_name("start.onnx").write_bytes(model)
