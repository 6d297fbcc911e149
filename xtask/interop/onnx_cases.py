"""Writes what the compiler's conformance test reads: `crates/compiler/tests/conformance.json`.

    python onnx_cases.py OUT.json

Three kinds of cases: the node tests of the `onnx` package for the operators that the compiler knows (large inputs are
cropped, everything but the first input of an operator becomes a constant, the expected outputs are computed anew by
ONNX Runtime); small whole networks with random weights; and what scikit-learn's converter writes. Deterministic; with the
pinned requirements a second run writes the same bytes.
"""

import base64
import json
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.backend.test import loader
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")
OPERATORS = set(
    """Gemm MatMul Conv Add Sub Mul Div Sum Neg Relu Sigmoid Tanh LeakyRelu Clip BatchNormalization MaxPool AveragePool
    GlobalAveragePool GlobalMaxPool ReduceSum ReduceMean Concat Slice Pad Reshape Flatten Transpose Squeeze Unsqueeze
    Identity Dropout Shape Gather ArgMax Softmax Cast""".split()
)
# Of these all inputs stay computed values.
SUMS = {"Add", "Sub", "Sum", "Concat"}
# Of the casts, one that keeps reals.
CASTS = {"test_cast_FLOAT_to_DOUBLE"}
FLOAT = onnx.TensorProto.FLOAT
LONGEST = 11


def packed(array):
    return {
        "dims": list(array.shape),
        "cells": base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode(),
    }


def run(model, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def case(name, model, feeds, plain=None):
    """What `plain` computes (the same model, if it is left out) is what is expected of `model`."""
    outputs = run(plain or model, feeds)
    if len(outputs) != 1:
        return None
    return {
        "name": name,
        "model": base64.b64encode(model.SerializeToString(deterministic=True)).decode(),
        "inputs": [packed(feeds[value.name]) for value in model.graph.input],
        "output": packed(outputs[0]),
    }


def node_cases():
    for test in sorted(loader.load_model_tests(kind="node"), key=lambda test: test.name):
        model = onnx.ModelProto.FromString(test.model.SerializeToString())
        kinds = {node.op_type for node in model.graph.node}
        if len(model.graph.node) != 1 or not kinds <= OPERATORS:
            continue
        if kinds == {"Cast"} and test.name not in CASTS:
            continue
        # A tensor without axes comes as a number of NumPy's.
        tensors = [np.array(each) if isinstance(each, np.generic) else each for each in test.data_sets[0][0]]
        if any(not isinstance(tensor, np.ndarray) for tensor in tensors):
            continue
        if not tensors or tensors[0].dtype != np.float32:
            continue
        node = model.graph.node[0]
        # Long spatial axes are cropped; the outputs' shapes follow.
        crop = "Pool" in node.op_type
        feeds, inputs = {}, []
        for index, (value, tensor) in enumerate(zip(list(model.graph.input), tensors)):
            if tensor.dtype == np.float32 and (index == 0 or node.op_type in SUMS):
                if crop:
                    tensor = tensor[:, :2][(slice(None), slice(None)) + (slice(LONGEST),) * (tensor.ndim - 2)]
                feeds[value.name] = tensor
                inputs.append(helper.make_tensor_value_info(value.name, FLOAT, tensor.shape))
            else:
                model.graph.initializer.append(numpy_helper.from_array(tensor, value.name))
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        for output in model.graph.output:
            output.type.tensor_type.ClearField("shape")
        model.ir_version = min(model.ir_version, 10)
        try:
            found = case(test.name, model, feeds)
        except Exception:
            # Not what ONNX Runtime runs; then there is nothing to compare with.
            continue
        if found is not None:
            yield found


class Builder:
    """A network with random weights, layer by layer."""

    def __init__(self, name, shape):
        self.name, self.shape, self.nodes, self.constants, self.last = name, shape, [], [], "input"
        self.random = np.random.default_rng(sum(name.encode()))

    def constant(self, *shape, scale=1.0, positive=False):
        array = self.random.normal(0, scale, shape)
        name = f"constant{len(self.constants)}"
        array = (np.abs(array) + 0.5 if positive else array).astype(np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def integers(self, *values):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype=np.int64), name))
        return name

    def add(self, operator, *others, value=None, **attributes):
        output = f"value{len(self.nodes)}"
        inputs = [value or self.last, *others]
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        self.last = output
        return output

    def conv(self, features, channels, kernel, group=1, **attributes):
        taps = np.prod(kernel) * channels / group
        weight = self.constant(features, channels // group, *kernel, scale=1 / np.sqrt(taps))
        return self.add("Conv", weight, self.constant(features, scale=0.1), group=group, **attributes)

    def batch_norm(self, channels):
        parts = [self.constant(channels, positive=True), self.constant(channels, scale=0.2)]
        parts += [self.constant(channels, scale=0.2), self.constant(channels, positive=True)]
        return self.add("BatchNormalization", *parts)

    def dense(self, to, source, **attributes):
        weight = self.constant(source, to, scale=1 / np.sqrt(source))
        return self.add("Gemm", weight, self.constant(to, scale=0.1), **attributes)

    def case(self):
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info("input", FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.last, FLOAT, None)],
            self.constants,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        return case(self.name, model, {"input": self.random.normal(0, 1, self.shape).astype(np.float32)})


def networks():
    b = Builder("lenet", [1, 1, 12, 12])
    b.conv(4, 1, [3, 3], pads=[1, 1, 1, 1])
    b.add("Relu")
    b.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    b.conv(6, 4, [3, 3])
    b.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    b.add("Relu")
    b.add("Flatten")
    b.dense(10, 24)
    b.add("Relu")
    b.dense(4, 10)
    yield b.case()

    b = Builder("residual", [1, 3, 9, 9])
    b.conv(5, 3, [3, 3], pads=[1, 1, 1, 1])
    b.batch_norm(5)
    skip = b.add("Relu")
    b.conv(5, 5, [3, 3], pads=[1, 1, 1, 1])
    b.batch_norm(5)
    b.add("Add", skip)
    b.add("Relu")
    b.add("GlobalAveragePool")
    b.add("Flatten")
    b.dense(3, 5)
    yield b.case()

    b = Builder("mobile", [1, 4, 10, 10])
    b.conv(4, 4, [3, 3], group=4, pads=[1, 1, 1, 1], strides=[2, 2])
    b.add("Relu")
    b.conv(8, 4, [1, 1])
    b.add("LeakyRelu", alpha=0.1)
    b.conv(8, 8, [3, 3], group=2, dilations=[2, 2], pads=[2, 2, 2, 2])
    b.add("Sigmoid")
    b.conv(16, 8, [3, 3], group=8)
    b.add("Tanh")
    b.add("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 1, 1])
    b.add("Reshape", b.integers(1, -1))
    b.add("MatMul", b.constant(256, 3, scale=0.1))
    yield b.case()

    b = Builder("one dimension", [1, 2, 20])
    b.conv(3, 2, [5], strides=[2], pads=[2, 2])
    b.add("Relu")
    b.add("MaxPool", kernel_shape=[3], strides=[2], pads=[1, 1])
    b.conv(4, 3, [3])
    b.add("ReduceMean", axes=[2], keepdims=0)
    b.dense(2, 4)
    yield b.case()

    b = Builder("branches", [1, 3, 8, 8])
    left = b.conv(4, 3, [3, 3], pads=[1, 1, 1, 1])
    b.add("Relu")
    left = b.last
    right = b.add("MaxPool", value="input", kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    b.add("Concat", right, value=left, axis=1)
    b.add("Transpose", perm=[0, 2, 3, 1])
    b.add("Slice", b.integers(1, 1), b.integers(8, 7), b.integers(1, 2), b.integers(2, 1))
    b.add("Flatten")
    b.dense(6, 4 * 6 * 7)
    b.add("Sub", b.constant(6))
    b.add("Mul", b.constant(6))
    yield b.case()

    b = Builder("wide pool", [1, 2, 11, 7])
    b.conv(3, 2, [3, 3])
    b.add("MaxPool", kernel_shape=[3, 2], strides=[2, 1], ceil_mode=1)
    b.add("Pad", b.integers(0, 0, 1, 2, 0, 0, 0, 1))
    b.conv(2, 3, [2, 2], auto_pad="SAME_UPPER", strides=[2, 2])
    yield b.case()

    b = Builder("constants", [1, 5])
    value = numpy_helper.from_array(b.random.normal(0, 1, (1, 5)).astype(np.float32))
    b.add("Cast", to=onnx.TensorProto.DOUBLE)
    b.add("Cast", to=FLOAT)
    b.nodes.append(helper.make_node("Constant", [], ["a constant"], value=value))
    b.add("Add", "a constant")
    b.nodes.append(helper.make_node("Constant", [], ["a number"], value_float=-0.75))
    b.add("Mul", "a number")
    b.dense(3, 5)
    yield b.case()

    ml = {"domain": "ai.onnx.ml"}
    b = Builder("linear regressor", [1, 4])
    numbers = lambda *shape: b.random.normal(0, 1, shape).astype(np.float32).ravel().tolist()
    b.add("Scaler", offset=numbers(4), scale=numbers(4), **ml)
    b.add("LinearRegressor", coefficients=numbers(3, 4), intercepts=numbers(3), targets=3, **ml)
    yield b.case()

    b = Builder("scaler with one number", [1, 4])
    b.add("Scaler", offset=[0.5], scale=[2.0], **ml)
    yield b.case()


def set_linear(classifier, random, classes, features):
    """Parameters as if it had been fitted: fitting would depend on the processor."""
    classifier.classes_ = np.arange(classes)
    rows = 1 if classes == 2 else classes
    classifier.coef_, classifier.intercept_ = random.normal(0, 1, (rows, features)), random.normal(0, 1, rows)
    classifier.n_features_in_ = features
    return classifier


def converted():
    """Classifiers of scikit-learn with and without the names of the classes; expected are the probabilities."""
    random = np.random.default_rng(5)
    scaler = StandardScaler().fit(random.normal(3, 2, (40, 6)).round(2))
    perceptron = MLPClassifier([8], max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        perceptron.fit(np.zeros((3, 6)), np.arange(3))
    perceptron.coefs_ = [random.normal(0, 0.5, part.shape) for part in perceptron.coefs_]
    perceptron.intercepts_ = [random.normal(0, 0.5, part.shape) for part in perceptron.intercepts_]
    classifiers = {
        "logistic regression of two": make_pipeline(scaler, set_linear(LogisticRegression(), random, 2, 6)),
        "logistic regression of four": make_pipeline(scaler, set_linear(LogisticRegression(), random, 4, 6)),
        "perceptron": perceptron,
    }
    for name, classifier in classifiers.items():
        example = random.normal(3, 2, (1, 6)).astype(np.float32)
        for named in (True, False):
            models = []
            for zipmap in (named, False):
                model = to_onnx(classifier, example, options={"zipmap": zipmap}, target_opset=17)
                model.producer_version = ""
                # skl2onnx writes them in the order of a set, which is another in each run.
                opsets = sorted((opset.domain, opset.version) for opset in model.opset_import)
                del model.opset_import[:]
                model.opset_import.extend(helper.make_opsetid(*opset) for opset in opsets)
                if not zipmap:
                    del model.graph.output[0]
                models.append(model)
            feeds = {models[0].graph.input[0].name: example}
            yield case(f"scikit-learn {name}{', named' if named else ''}", models[0], feeds, models[1])


def main():
    cases = [*node_cases(), *networks(), *converted()]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(cases, file, indent=0)
        file.write("\n")
    print(f"{len(cases)} cases")


main()
