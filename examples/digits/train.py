"""Trains the handwritten-digits example and writes everything its manifest speaks of, and its settings
and results.

    python train.py            trains, writes the outputs beside this file
    python train.py --check    trains, and fails if an output is not what is committed

A perceptron 64-32-10, exported as plain Gemm/Relu/Softmax; the pixels' scale is folded into the first layer.
Deterministic: fixed seeds, one thread, one BLAS kernel; with the pinned requirements a second run writes
the same bytes.
"""

import os

# Before numpy is loaded: the order of sums, and so the last bits of the weights, depend on these.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OPENBLAS_CORETYPE="Haswell")

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = Path(__file__).parent
SEED = 0
# What scikit-learn is told, and what the manifest says it was told.
SETTINGS = {
    "hidden_layer_sizes": [32],
    "activation": "relu",
    "solver": "lbfgs",
    "alpha": 0.1,
    "max_iter": 5000,
    "max_fun": 50000,
}
EVALUATION_ROWS = 540
OTHER_SPLITS = 5
OPSET = 17
# Pixels are counts from 0 to 16.
SCALE = 16.0


def read_rows():
    with open(HERE / "data/digits.csv", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def csv_bytes(header, rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def arrays(rows):
    """Pixels and digits; column 0 is the row's number, 1 the digit."""
    pixels = np.array([[float(value) for value in row[2:]] for row in rows])
    return pixels, np.array([int(row[1]) for row in rows])


def split(rows, seed):
    """Training and evaluation rows, each in the file's order."""
    parts = train_test_split(
        rows, test_size=EVALUATION_ROWS, random_state=seed, stratify=[row[1] for row in rows]
    )
    return [sorted(part, key=lambda row: int(row[0])) for part in parts]


def exported(mlp):
    weights, biases = [layer.copy() for layer in mlp.coefs_], mlp.intercepts_
    weights[0] = weights[0] / SCALE
    constants, nodes, current = [], [], "pixels"
    for index, (weight, bias) in enumerate(zip(weights, biases)):
        constants.append(numpy_helper.from_array(weight.astype(np.float32), f"weight{index}"))
        constants.append(numpy_helper.from_array(bias.astype(np.float32), f"bias{index}"))
        nodes.append(helper.make_node("Gemm", [current, f"weight{index}", f"bias{index}"], [f"sum{index}"]))
        current = f"sum{index}"
        if index + 1 < len(weights):
            nodes.append(helper.make_node("Relu", [current], [f"hidden{index}"]))
            current = f"hidden{index}"
    nodes.append(helper.make_node("Softmax", [current], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "digits",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["rows", 64])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 10])],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="averment examples", ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def outputs():
    header, rows = read_rows()
    training, evaluation = split(rows, SEED)
    (x, y), (test_x, test_y) = arrays(training), arrays(evaluation)
    recipe = MLPClassifier(**SETTINGS, random_state=SEED)
    others = []
    for seed in range(1, 1 + OTHER_SPLITS):
        (a, b), (c, d) = map(arrays, split(rows, seed))
        others.append(clone(recipe).fit(a / SCALE, b).score(c / SCALE, d))
    mlp = clone(recipe).fit(x / SCALE, y)
    model = exported(mlp)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    scores = session.run(["probabilities"], {"pixels": test_x.astype(np.float32)})[0]
    difference = np.abs(scores - mlp.predict_proba(test_x / SCALE)).max()
    assert difference < 1e-4, f"the exported file answers otherwise than scikit-learn: {difference}"
    said = scores.argmax(axis=1)
    metrics = {
        "model": "handwritten-digits",
        "version": "1.0.0",
        "evaluation": {"file": "data/evaluation.csv", "rows": len(test_y)},
        "accuracy": round(float(np.mean(said == test_y)), 6),
        "errors": int(np.sum(said != test_y)),
        "recall_by_digit": [round(float(np.mean(said[test_y == digit] == digit)), 6) for digit in range(10)],
        "repeated": {
            "splits": OTHER_SPLITS,
            "accuracy_mean": round(float(np.mean(others)), 6),
            "accuracy_deviation": round(float(np.std(others, ddof=1)), 6),
        },
    }
    settings = {"seed": SEED, "model": MLPClassifier.__name__, **SETTINGS}
    decisions = [
        {
            "case": f"digit-{int(row[0]):04}",
            "input": [int(value) for value in row[2:]],
            "probabilities": [round(float(p), 6) for p in score],
            "decision": int(score.argmax()),
            "written": int(row[1]),
        }
        for row, score in list(zip(evaluation, scores))[::45]
    ]
    return {
        "data/training.csv": csv_bytes(header, training),
        "data/evaluation.csv": csv_bytes(header, evaluation),
        "model.onnx": model,
        "metrics.json": as_json(metrics),
        "model.toml": with_section(HERE / "model.toml", settings, results(metrics)),
        "decisions.json": as_json({"model": "handwritten-digits", "version": "1.0.0", "decisions": decisions}),
    }


# model.toml is written by hand but for what stands between these lines.
BEGIN, END = "# train.py writes the settings and results between these two lines.\n", "# end of what train.py writes\n"


def with_section(manifest, settings, results):
    """The manifest's text with the training's settings and results in their place."""
    before, rest = manifest.read_text().split(BEGIN)
    _, after = rest.split(END)
    tables = [("[hyperparameters]", settings)] + [("[[metrics]]", result) for result in results]
    written = ["\n".join([head, *(f"{key} = {json.dumps(value)}" for key, value in table.items())]) for head, table in tables]
    return (before + BEGIN + "\n\n".join(written) + "\n" + END + after).encode()


def results(measured):
    """The metrics as the manifest has them."""
    data = "digits evaluation rows"
    recalls = measured["recall_by_digit"]
    worst = int(np.argmin(recalls))
    return [
        {"name": "accuracy", "value": measured["accuracy"], "dataset": data},
        {"name": f"smallest recall of a digit ({worst})", "value": recalls[worst], "dataset": data},
        {
            "name": "accuracy, mean over five other splits",
            "value": measured["repeated"]["accuracy_mean"],
            "uncertainty": measured["repeated"]["accuracy_deviation"],
            "dataset": data,
            "note": "each split holds out 540 of the 1,797 rows, so most of its rows are not those of this dataset",
        },
    ]


def as_json(value):
    return (json.dumps(value, indent=1) + "\n").encode()


def main():
    different = []
    for name, content in outputs().items():
        path = HERE / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_bytes() != content:
                different.append(name)
        else:
            path.write_bytes(content)
    if different:
        sys.exit(f"not what is committed: {', '.join(different)}")
    print((HERE / "metrics.json").read_text())


if __name__ == "__main__":
    main()
