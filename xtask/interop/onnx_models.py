"""Holds our float run of the examples' models to ONNX Runtime.

    python onnx_models.py FLOAT_RUN FOLDER

FLOAT_RUN is the example of the compiler that prints a row of scores for each row of inputs; FOLDER is for files between. Our
scores are those before the last transformation, which is made up for here.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime

ROWS = 100
EXAMPLES = Path("examples")
CLOSE = 1e-5


def logistic(scores):
    return 1 / (1 + np.exp(-scores))


def softmax(scores):
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


MODELS = [
    ("breast_cancer/model-v1.onnx", "breast_cancer/data/evaluation.csv", logistic),
    ("breast_cancer/model-v2.onnx", "breast_cancer/data/evaluation.csv", softmax),
    ("digits/model.onnx", "digits/data/evaluation.csv", softmax),
    ("mnist/model.onnx", "mnist/data/evaluation.npz", softmax),
    ("mnist/perceptron.onnx", "mnist/data/evaluation.npz", softmax),
    ("colour_digits/model.onnx", "colour_digits/data/evaluation.npz", softmax),
]


def rows(path, shape):
    """The first rows; of a CSV file the columns after the row's name and answer, as many as there are inputs."""
    if path.suffix == ".npz":
        return np.load(path)["image"][:ROWS].astype(np.float32)
    with open(path, newline="", encoding="utf-8") as file:
        cells = [row[2 : 2 + shape[1]] for row in csv.reader(file)]
    return np.array(cells[1 : ROWS + 1], dtype=np.float32)


def main():
    program, folder = sys.argv[1], Path(sys.argv[2])
    inputs = folder / "inputs.json"
    largest = 0.0
    for model, data, transformation in MODELS:
        session = onnxruntime.InferenceSession(EXAMPLES / model, providers=["CPUExecutionProvider"])
        (only,) = session.get_inputs()
        array = rows(EXAMPLES / data, only.shape)
        # Some say the class before the probabilities.
        expected = session.run(None, {only.name: array})[-1]
        inputs.write_text(json.dumps(array.reshape(len(array), -1).astype(float).tolist()))
        said = subprocess.run([program, EXAMPLES / model, inputs], check=True, capture_output=True, text=True)
        scores = np.array([json.loads(line) for line in said.stdout.splitlines()])
        error = np.abs(transformation(scores) - expected).max()
        if not error <= CLOSE:
            sys.exit(f"{model}: a probability is {error:.2e} from ONNX Runtime's")
        largest = max(largest, error)
    print(f"probabilities of {len(MODELS)} models within {largest:.0e}")


main()
