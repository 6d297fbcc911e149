"""Trains the two networks of the MNIST example and writes the models and what tests and benches run them on.

    python train.py            trains, writes the outputs beside this file
    python train.py --check    trains, and fails if an output is not what is committed

LeNet-5 with ReLU and max pooling, and a perceptron 784-256-128-10.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from images import Conv, Dense, Pool, Relu, accuracy, archive, export, finish, mnist, np, split, text, train

SEED = 0
HELD_OUT = 2000
CALIBRATION = 128


def lenet(random):
    layers = [Conv(random, 1, 6, 5, 2), Relu(), Pool(), Conv(random, 6, 16, 5, 0), Relu(), Pool()]
    return layers + [Dense(random, 400, 120), Relu(), Dense(random, 120, 84), Relu(), Dense(random, 84, 10)]


def perceptron(random):
    return [Dense(random, 784, 256), Relu(), Dense(random, 256, 128), Relu(), Dense(random, 128, 10)]


def main():
    images, labels = mnist()
    held_out, training = split(len(images), HELD_OUT, SEED)
    networks = {
        "model.onnx": ("LeNet-5 with ReLU and max pooling", lenet, [1e-3] * 7 + [3e-4] * 3 + [1e-4] * 2),
        "perceptron.onnx": ("perceptron 784-256-128-10", perceptron, [1e-3] * 5 + [3e-4] * 2 + [1e-4]),
    }
    outputs = {
        "data/calibration.npz": archive(images[training[:CALIBRATION]]),
        "data/evaluation.npz": archive(images[held_out]),
        "data/evaluation-labels.npz": archive(labels[held_out].astype(np.uint8)),
    }
    metrics = []
    for file, (name, layers, rates) in networks.items():
        random = np.random.default_rng(SEED)
        layers = layers(random)
        train(layers, images[training], labels[training], rates, random)
        outputs[file] = export(layers, file.removesuffix(".onnx").replace("model", "lenet"), (1, 28, 28))
        metrics.append({
            "file": file,
            "model": name,
            "training_images": len(training),
            "evaluation_images": len(held_out),
            "accuracy": accuracy(outputs[file], images[held_out], labels[held_out]),
        })
    outputs["metrics.json"] = text(metrics)
    finish(HERE, outputs)


main()
