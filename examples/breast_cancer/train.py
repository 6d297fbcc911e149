"""Trains both versions of the breast-cancer example and writes everything the manifests speak of, and their
settings and results.

    python train.py            trains, writes the outputs beside this file
    python train.py --check    trains, and fails if an output is not what is committed

Version 1 is a logistic regression on the ten mean measurements (exported by skl2onnx), version 2 a perceptron
30-64-32-2 on all thirty (exported as plain Gemm/Relu/Softmax, so that a reader needs only the standard
operators). Deterministic: fixed seeds,
one thread, one BLAS kernel; with the pinned requirements a second run writes the same bytes.
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
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEED = 0
# One held-out set of 114 says little: accuracy is also measured on this many other random splits.
OTHER_SPLITS = 10
EVALUATION_ROWS = 114
OPSET = 17
# The first ten features are means over the cells of an image; ten standard errors and ten extremes follow.
MEANS = 10
# What scikit-learn is told, and what the manifests say it was told.
RECIPES = {
    "v1": (LogisticRegression, {"C": 1.0, "max_iter": 1000}),
    "v2": (
        MLPClassifier,
        {
            "hidden_layer_sizes": [64, 32],
            "activation": "relu",
            "solver": "lbfgs",
            # The best log loss of 0.1, 1, 3, 10, 30 in ten-fold cross-validation on the training rows.
            "alpha": 3.0,
            "max_iter": 5000,
            "max_fun": 50000,
        },
    ),
}
# A prediction less sure than this goes to a person: see [oversight] in the manifests.
REFERRAL = 0.9
CLASSES = ["benign", "malignant"]


def read_rows():
    with open(HERE / "data/wdbc.csv", newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], rows[1:]


def csv_bytes(header, rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def arrays(rows):
    """Features and labels (1 is malignant); column 0 is the row's number, 1 the diagnosis."""
    features = np.array([[float(value) for value in row[2:]] for row in rows])
    return features, np.array([row[1] == "malignant" for row in rows], dtype=np.int64)


def perceptron_onnx(pipeline):
    """Standardisation is folded into the first layer; scikit-learn's one logistic output becomes two
    (softmax([-z/2, z/2])[1] is the logistic function of z), so that each class has a score of its own."""
    scaler, mlp = pipeline[0], pipeline[1]
    weights = [layer.copy() for layer in mlp.coefs_]
    biases = [layer.copy() for layer in mlp.intercepts_]
    biases[0] = biases[0] - (scaler.mean_ / scaler.scale_) @ weights[0]
    weights[0] = weights[0] / scaler.scale_[:, None]
    weights[2] = np.hstack([-weights[2] / 2, weights[2] / 2])
    biases[2] = np.concatenate([-biases[2] / 2, biases[2] / 2])
    nodes, constants, current = [], [], "features"
    for index, (weight, bias) in enumerate(zip(weights, biases)):
        constants.append(numpy_helper.from_array(weight.astype(np.float32), f"weight{index}"))
        constants.append(numpy_helper.from_array(bias.astype(np.float32), f"bias{index}"))
        nodes.append(helper.make_node("Gemm", [current, f"weight{index}", f"bias{index}"], [f"sum{index}"]))
        current = f"sum{index}"
        if index < 2:
            nodes.append(helper.make_node("Relu", [current], [f"hidden{index}"]))
            current = f"hidden{index}"
    nodes.append(helper.make_node("Softmax", [current], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "breast_cancer_v2",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 30])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["rows", 2])],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="averment examples", ir_version=8
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def logistic_onnx(pipeline):
    model = to_onnx(
        pipeline,
        name="breast_cancer_v1",
        initial_types=[("features", FloatTensorType([None, MEANS]))],
        target_opset={"": OPSET, "ai.onnx.ml": 3},
        options={id(pipeline): {"zipmap": False}},
    )
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def probabilities(model, features):
    """What the exported file itself answers, run by onnxruntime."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = next(output.name for output in session.get_outputs() if output.name.startswith("probabilities"))
    return session.run([name], {"features": features.astype(np.float32)})[0]


def over_other_splits(pipeline, rows, width):
    """Accuracy of the same recipe, trained and held out anew on other splits."""
    accuracies = []
    for seed in range(1, 1 + OTHER_SPLITS):
        (x, y), (test_x, test_y) = map(arrays, split(rows, seed))
        accuracies.append(clone(pipeline).fit(x[:, :width], y).score(test_x[:, :width], test_y))
    return {
        "splits": OTHER_SPLITS,
        "accuracy_mean": round(float(np.mean(accuracies)), 6),
        "accuracy_deviation": round(float(np.std(accuracies, ddof=1)), 6),
    }


def metrics(version, scores, labels, repeated):
    predicted = scores[:, 1] >= 0.5
    count = lambda said, was: int(np.sum((predicted == said) & (labels == was)))
    tp, fp, tn, fn = count(True, 1), count(True, 0), count(False, 0), count(False, 1)
    sure = scores.max(axis=1) >= REFERRAL
    return {
        "model": "breast-cancer-triage",
        "version": version,
        "evaluation": {"file": "data/evaluation.csv", "rows": len(labels)},
        "positive": "malignant",
        "threshold": 0.5,
        "confusion": {"tp": tp, "fp": fp, "tn": tn, "fn": fn},
        "accuracy": round((tp + tn) / len(labels), 6),
        "sensitivity": round(tp / (tp + fn), 6),
        "specificity": round(tn / (tn + fp), 6),
        "roc_auc": round(float(roc_auc_score(labels, scores[:, 1])), 6),
        "brier": round(float(brier_score_loss(labels, scores[:, 1])), 6),
        "repeated": repeated,
        "referral": {
            "below": REFERRAL,
            "referred": int(np.sum(~sure)),
            "errors_not_referred": int(np.sum((predicted != labels) & sure)),
        },
    }


def results(measured):
    """The metrics as the manifest has them."""
    data = "wdbc evaluation rows"
    named = {
        "accuracy": measured["accuracy"],
        "sensitivity (malignant found)": measured["sensitivity"],
        "specificity (benign left alone)": measured["specificity"],
        "area under the ROC curve": measured["roc_auc"],
        "Brier score (0 is best)": measured["brier"],
    }
    repeated = {
        "name": "accuracy, mean over ten other splits",
        "value": measured["repeated"]["accuracy_mean"],
        "uncertainty": measured["repeated"]["accuracy_deviation"],
        "dataset": data,
        "note": "each split holds out 114 of the 569 rows, so most of its rows are not those of this dataset",
    }
    return [{"name": name, "value": value, "dataset": data} for name, value in named.items()] + [repeated]


def decisions(header, rows, scores):
    """Twelve held-out patients: the six least certain answers and six others, so that the sample shows
    referrals as well as ordinary answers."""
    by_certainty = np.argsort(scores.max(axis=1), kind="stable")
    chosen = sorted([*by_certainty[:6], *by_certainty[6::19][:6]])
    listed = []
    for index in chosen:
        row, score = rows[index], scores[index]
        decision = CLASSES[int(score[1] >= 0.5)] if score.max() >= REFERRAL else "refer to a pathologist"
        listed.append(
            {
                "case": f"wdbc-{int(row[0]):03}",
                "input": [float(value) for value in row[2:]],
                "probabilities": {name: round(float(p), 6) for name, p in zip(CLASSES, score)},
                "decision": decision,
                "diagnosis": row[1],
            }
        )
    return {"model": "breast-cancer-triage", "version": "2.0.0", "features": header[2:], "decisions": listed}


def split(rows, seed):
    """Training and evaluation rows, each in the file's order."""
    parts = train_test_split(
        rows, test_size=EVALUATION_ROWS, random_state=seed, stratify=[row[1] for row in rows]
    )
    return [sorted(part, key=lambda row: int(row[0])) for part in parts]


def outputs():
    header, rows = read_rows()
    training, evaluation = split(rows, SEED)
    (x, y), (test_x, test_y) = arrays(training), arrays(evaluation)
    pipelines = {
        name: make_pipeline(StandardScaler(), model(**settings, random_state=SEED))
        for name, (model, settings) in RECIPES.items()
    }
    files = {
        "data/training.csv": csv_bytes(header, training),
        "data/evaluation.csv": csv_bytes(header, evaluation),
    }
    for name, width, export in (("v1", MEANS, logistic_onnx), ("v2", x.shape[1], perceptron_onnx)):
        repeated = over_other_splits(pipelines[name], rows, width)
        pipeline = pipelines[name].fit(x[:, :width], y)
        model = export(pipeline)
        scores = probabilities(model, test_x[:, :width])
        difference = np.abs(scores - pipeline.predict_proba(test_x[:, :width])).max()
        assert difference < 1e-5, f"{name}: the exported file answers otherwise than scikit-learn: {difference}"
        files[f"model-{name}.onnx"] = model
        measured = metrics(f"{name[1:]}.0.0", scores, test_y, repeated)
        files[f"metrics-{name}.json"] = as_json(measured)
        model, settings = RECIPES[name]
        settings = {"seed": SEED, "model": model.__name__, **settings, "standardise": True}
        manifest = f"model-{name}.toml"
        files[manifest] = with_section(HERE / manifest, settings, results(measured))
    files["decisions.json"] = as_json(decisions(header, evaluation, scores))
    return files


# model.toml is written by hand but for what stands between these lines.
BEGIN, END = "# train.py writes the settings and results between these two lines.\n", "# end of what train.py writes\n"


def with_section(manifest, settings, results):
    """The manifest's text with the training's settings and results in their place."""
    before, rest = manifest.read_text().split(BEGIN)
    _, after = rest.split(END)
    tables = [("[hyperparameters]", settings)] + [("[[metrics]]", result) for result in results]
    written = ["\n".join([head, *(f"{key} = {json.dumps(value)}" for key, value in table.items())]) for head, table in tables]
    return (before + BEGIN + "\n\n".join(written) + "\n" + END + after).encode()


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
    print((HERE / "metrics-v1.json").read_text(), (HERE / "metrics-v2.json").read_text())


if __name__ == "__main__":
    main()
