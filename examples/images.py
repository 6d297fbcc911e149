"""Networks of few layers trained by NumPy alone, for the examples with images, and written as ONNX files.

Deterministic: fixed seeds, one thread, one BLAS kernel; with the pinned requirements a second run writes the same bytes.
"""

import os

# Before numpy is loaded: the order of sums, and so the last bits of the weights, depend on these.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Haswell")

import gzip
import io
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

BATCH = 50
MNIST = Path(__file__).parent / "mnist" / "data"


def mnist():
    """The 10,000 images, 1 by 28 by 28 bytes each, and their digits."""

    def file(name, header):
        return np.frombuffer(gzip.decompress((MNIST / name).read_bytes()), np.uint8, offset=header)

    images = file("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    return images, file("t10k-labels-idx1-ubyte.gz", 8).astype(np.int64)


def split(count, held_out, seed):
    """Which rows are held out and which are trained with, each in order."""
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[:held_out]), np.sort(order[held_out:])


class Conv:
    def __init__(self, random, channels, features, kernel, pad):
        self.kernel, self.pad = kernel, pad
        fan = channels * kernel * kernel
        weight = random.normal(0, np.sqrt(2 / fan), (features, fan)).astype(np.float32)
        self.parameters = [weight, np.zeros(features, np.float32)]

    def forward(self, x):
        pad, kernel = self.pad, self.kernel
        self.shape = x.shape
        x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
        self.out = windows.shape[2:4]
        self.columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, self.parameters[0].shape[1])
        result = self.columns @ self.parameters[0].T + self.parameters[1]
        return result.reshape(len(x), *self.out, -1).transpose(0, 3, 1, 2)

    def backward(self, gradient):
        (count, channels, height, width), pad, kernel = self.shape, self.pad, self.kernel
        rows = gradient.transpose(0, 2, 3, 1).reshape(-1, len(self.parameters[1]))
        self.gradients = [rows.T @ self.columns, rows.sum(0)]
        columns = (rows @ self.parameters[0]).reshape(count, *self.out, channels, kernel, kernel)
        result = np.zeros((count, channels, height + 2 * pad, width + 2 * pad), np.float32)
        for i in range(kernel):
            for j in range(kernel):
                result[:, :, i : i + self.out[0], j : j + self.out[1]] += columns[..., i, j].transpose(0, 3, 1, 2)
        return result[:, :, pad : pad + height, pad : pad + width]


class Dense:
    def __init__(self, random, source, to):
        weight = random.normal(0, np.sqrt(2 / source), (to, source)).astype(np.float32)
        self.parameters = [weight, np.zeros(to, np.float32)]

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.parameters[0].T + self.parameters[1]

    def backward(self, gradient):
        self.gradients = [gradient.T @ self.x, gradient.sum(0)]
        return (gradient @ self.parameters[0]).reshape(self.shape)


class Relu:
    parameters = []

    def forward(self, x):
        self.positive = x > 0
        return x * self.positive

    def backward(self, gradient):
        return gradient * self.positive


class Pool:
    parameters = []

    def forward(self, x):
        count, channels, height, width = x.shape
        cells = x.reshape(count, channels, height // 2, 2, width // 2, 2)
        largest = cells.max((3, 5))
        self.shape, self.kept = x.shape, cells == largest[:, :, :, None, :, None]
        return largest

    def backward(self, gradient):
        return (self.kept * gradient[:, :, :, None, :, None]).reshape(self.shape).astype(np.float32)


def train(layers, images, labels, rates, random):
    """Adam on the cross entropy, an epoch for each rate; the images are bytes, which the network sees divided by 255."""
    moments = [[np.zeros((2, *part.shape), np.float32) for part in layer.parameters] for layer in layers]
    step = 0
    for rate in rates:
        for rows in np.split(random.permutation(len(images)), range(BATCH, len(images), BATCH)):
            x = images[rows].astype(np.float32) / 255
            for layer in layers:
                x = layer.forward(x)
            gradient = np.exp(x - x.max(1, keepdims=True))
            gradient /= gradient.sum(1, keepdims=True)
            gradient[np.arange(len(rows)), labels[rows]] -= 1
            gradient /= len(rows)
            for layer in reversed(layers):
                gradient = layer.backward(gradient)
            step += 1
            for layer, moment in zip(layers, moments):
                for index, part in enumerate(layer.parameters):
                    slope, (mean, square) = layer.gradients[index], moment[index]
                    mean += 0.1 * (slope - mean)
                    square += 0.001 * (slope * slope - square)
                    size = np.sqrt(square / (1 - 0.999**step)) + 1e-8
                    part -= rate * (mean / (1 - 0.9**step)) / size


def export(layers, name, shape):
    """The ONNX file. The division of pixels by 255 is folded into the first layer: the input is what the files hold."""
    constants, nodes = [], []
    counts = {"kernel": 0, "weight": 0, "feature": 0, "hidden": 0, "pool": 0}

    def number(what):
        counts[what] += 1
        return counts[what] - 1

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
        return name

    def add(operator, inputs, output, **attributes):
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    last, flat, scale = "image", len(shape) == 1, 255
    for layer in layers:
        if isinstance(layer, Conv):
            index, size = number("kernel"), layer.kernel
            weight, bias = layer.parameters
            weight = weight.reshape(len(bias), -1, size, size) / scale
            inputs = [last, constant(f"kernel{index}", weight), constant(f"offset{index}", bias)]
            last = add("Conv", inputs, f"sum{index}", kernel_shape=[size, size], pads=[layer.pad] * 4)
        elif isinstance(layer, Dense):
            if not flat:
                last, flat = add("Flatten", [last], "flat"), True
            index, (weight, bias) = number("weight"), layer.parameters
            inputs = [last, constant(f"weight{index}", weight / scale), constant(f"bias{index}", bias)]
            last = add("Gemm", inputs, f"score{index}", transB=1)
        elif isinstance(layer, Relu):
            what = "hidden" if flat else "feature"
            last = add("Relu", [last], f"{what}{number(what)}")
        else:
            index = number("pool")
            last = add("MaxPool", [last], f"pool{index}", kernel_shape=[2, 2], strides=[2, 2])
        if layer.parameters:
            scale = 1
    add("Softmax", [last], "probabilities", axis=1)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["images", *shape])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["images", 10])],
        constants,
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="averment examples", ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def accuracy(model, images, labels):
    """Of the ONNX file on these images."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    answers = session.run(None, {"image": images.astype(np.float32)})[0].argmax(1)
    return round(float((answers == labels).mean()), 6)


def archive(images):
    file = io.BytesIO()
    np.savez_compressed(file, image=images)
    return file.getvalue()


def text(value):
    return (json.dumps(value, indent=1) + "\n").encode()


def finish(here, outputs):
    """Writes the files beside the script, or with --check says which are not what is committed."""
    if "--check" not in sys.argv[1:]:
        for name, content in outputs.items():
            (here / name).write_bytes(content)
        return
    different = [name for name, content in outputs.items() if (here / name).read_bytes() != content]
    if different:
        sys.exit(f"not what is committed: {', '.join(different)}")
