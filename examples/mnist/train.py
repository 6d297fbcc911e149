"""Trains the LeNet of the MNIST example and writes the model and what tests and benches run it on.

    python train.py            trains, writes the outputs beside this file
    python train.py --check    trains, and fails if an output is not what is committed

LeNet-5 with ReLU and max pooling, in NumPy alone: the network is small, and nothing else is needed. Deterministic: a
fixed seed, one thread, one BLAS kernel; with the pinned requirements a second run writes the same bytes.
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

HERE = Path(__file__).parent
SEED = 0
HELD_OUT = 2000
CALIBRATION = 128
EPOCHS = 12
BATCH = 50
RATES = [1e-3] * 7 + [3e-4] * 3 + [1e-4] * 2


def read():
    def file(name, header):
        return np.frombuffer(gzip.decompress((HERE / "data" / name).read_bytes()), np.uint8, offset=header)

    images = file("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    return images, file("t10k-labels-idx1-ubyte.gz", 8).astype(np.int64)


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


def train(images, labels):
    random = np.random.default_rng(SEED)
    layers = [Conv(random, 1, 6, 5, 2), Relu(), Pool(), Conv(random, 6, 16, 5, 0), Relu(), Pool()]
    layers += [Dense(random, 400, 120), Relu(), Dense(random, 120, 84), Relu(), Dense(random, 84, 10)]
    moments = [[np.zeros((2, *part.shape), np.float32) for part in layer.parameters] for layer in layers]
    step = 0
    for epoch in range(EPOCHS):
        for rows in np.split(random.permutation(len(images)), range(BATCH, len(images), BATCH)):
            x = images[rows].astype(np.float32) / 255
            for layer in layers:
                x = layer.forward(x)
            # Adam on the cross entropy.
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
                    part -= RATES[epoch] * (mean / (1 - 0.9**step)) / size
    return [layer.parameters for layer in layers if layer.parameters]


def network(parameters):
    """The division of pixels by 255 is folded into the first layer, so that the input is what the files hold."""
    (w0, b0), (w1, b1), *dense = parameters
    constants, nodes = [], []

    def constant(name, array):
        constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
        return name

    def add(operator, inputs, output, **attributes):
        nodes.append(helper.make_node(operator, inputs, [output], **attributes))

    convolutions = [(w0.reshape(6, 1, 5, 5) / 255, b0, 2), (w1.reshape(16, 6, 5, 5), b1, 0)]
    last = "image"
    for index, (weight, bias, pad) in enumerate(convolutions):
        inputs = [last, constant(f"kernel{index}", weight), constant(f"offset{index}", bias)]
        add("Conv", inputs, f"sum{index}", kernel_shape=[5, 5], pads=[pad] * 4)
        add("Relu", [f"sum{index}"], f"feature{index}")
        last = f"pool{index}"
        add("MaxPool", [f"feature{index}"], last, kernel_shape=[2, 2], strides=[2, 2])
    add("Flatten", [last], "flat")
    last = "flat"
    for index, (weight, bias) in enumerate(dense):
        inputs = [last, constant(f"weight{index}", weight), constant(f"bias{index}", bias)]
        add("Gemm", inputs, f"score{index}", transB=1)
        last = f"score{index}"
        if index < 2:
            add("Relu", [last], f"hidden{index}")
            last = f"hidden{index}"
    add("Softmax", [last], "probabilities", axis=1)
    graph = helper.make_graph(
        nodes,
        "lenet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["images", 1, 28, 28])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["images", 10])],
        constants,
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="averment examples", ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def archive(images):
    file = io.BytesIO()
    np.savez_compressed(file, image=images)
    return file.getvalue()


def main():
    images, labels = read()
    order = np.random.default_rng(SEED).permutation(len(images))
    held_out, training = np.sort(order[:HELD_OUT]), np.sort(order[HELD_OUT:])
    model = network(train(images[training], labels[training]))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    answers = session.run(None, {"image": images[held_out].astype(np.float32)})[0].argmax(1)
    metrics = {
        "model": "LeNet-5 with ReLU and max pooling",
        "training_images": len(training),
        "evaluation_images": len(held_out),
        "accuracy": round(float((answers == labels[held_out]).mean()), 6),
    }
    outputs = {
        "model.onnx": model,
        "metrics.json": (json.dumps(metrics, indent=1) + "\n").encode(),
        "data/calibration.npz": archive(images[training[:CALIBRATION]]),
        "data/evaluation.npz": archive(images[held_out]),
        "data/evaluation-labels.npz": archive(labels[held_out].astype(np.uint8)),
    }
    if "--check" not in sys.argv[1:]:
        for name, content in outputs.items():
            (HERE / name).write_bytes(content)
        return
    different = [name for name, content in outputs.items() if (HERE / name).read_bytes() != content]
    if different:
        sys.exit(f"not what is committed: {', '.join(different)}")


main()
