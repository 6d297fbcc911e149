"""Makes the coloured digits, trains the network that reads them, and writes what tests and benches run it on.

    python train.py            trains, writes the outputs beside this file
    python train.py --check    trains, and fails if an output is not what is committed

Two convolutions of 3 by 3 with 32 and 64 features, each with ReLU and max pooling, then 4096-64-10: 282,250 parameters.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from images import Conv, Dense, Pool, Relu, accuracy, archive, export, finish, mnist, np, split, text, train

SEED = 0
SIDE = 32
CELLS = 5
HELD_OUT = 2000
# Of those held out, what is kept as a file.
EVALUATION = 500
CALIBRATION = 128
# How often each digit to train with is coloured.
COLOURINGS = 4
RATES = [1e-3] * 3 + [3e-4, 1e-4]


def colour(digits, random):
    """Each digit somewhere in a square of 32 pixels, in a colour of its own, on a texture of other colours.

    The texture is drawn as 5 by 5 colours, and bilinear between them. The digit's colour is half the range away from
    the texture's mean in every channel, above or below: no channel has the digits always lighter.
    """
    count = len(digits)
    mean = random.integers(0, 256, (count, 3, 1, 1))
    ink = (mean + 128) % 256
    corners = np.clip(mean + random.integers(-64, 65, (count, 3, CELLS, CELLS)), 0, 255)
    # In integers, so that no rounding depends on the machine: weights of the four neighbours in units of 1/SIDE.
    place = np.arange(SIDE) * (CELLS - 1)
    low, part = place // SIDE, place % SIDE
    rows = corners[:, :, low] * (SIDE - part)[:, None] + corners[:, :, low + 1] * part[:, None]
    texture = (rows[..., low] * (SIDE - part) + rows[..., low + 1] * part) // SIDE**2
    cover = np.zeros((count, 1, SIDE, SIDE), np.int64)
    for image, digit, (y, x) in zip(cover, digits, random.integers(0, SIDE - 28 + 1, (count, 2))):
        image[:, y : y + 28, x : x + 28] = digit
    return ((texture * (255 - cover) + ink * cover) // 255).astype(np.uint8)


def main():
    digits, labels = mnist()
    random = np.random.default_rng(SEED)
    held_out, training = split(len(digits), HELD_OUT, SEED)
    images = colour(digits[held_out], random)
    colourings = np.concatenate([colour(digits[training], random) for _ in range(COLOURINGS)])
    layers = [Conv(random, 3, 32, 3, 1), Relu(), Pool(), Conv(random, 32, 64, 3, 1), Relu(), Pool()]
    layers += [Dense(random, 4096, 64), Relu(), Dense(random, 64, 10)]
    train(layers, colourings, np.tile(labels[training], COLOURINGS), RATES, random)
    model = export(layers, "colour_digits", (3, SIDE, SIDE))
    metrics = {
        "model": "convolutions 32 and 64, dense 64 and 10",
        "training_images": len(colourings),
        "evaluation_images": len(images),
        "accuracy": accuracy(model, images, labels[held_out]),
    }
    outputs = {
        "model.onnx": model,
        "metrics.json": text(metrics),
        "data/calibration.npz": archive(colourings[:CALIBRATION]),
        "data/evaluation.npz": archive(images[:EVALUATION]),
        "data/evaluation-labels.npz": archive(labels[held_out[:EVALUATION]].astype(np.uint8)),
    }
    finish(HERE, outputs)


main()
