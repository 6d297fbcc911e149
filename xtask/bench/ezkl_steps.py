"""One step of EZKL on an ONNX file, for `cargo xtask bench proof ezkl`, which measures this process.

    python ezkl_steps.py prepare FOLDER MODEL SAMPLES    settings, calibration, circuit
    python ezkl_steps.py powers FOLDER                   powers of tau, made here
    python ezkl_steps.py setup FOLDER                    proving and verifying key
    python ezkl_steps.py prove FOLDER                    witness and proof
    python ezkl_steps.py verify FOLDER

The last line that a step prints is JSON: sizes in bytes, times in CPU seconds. SAMPLES is JSON, a list
of items, each a list of numbers; twenty calibrate, the first is proved. Inputs are private without a commitment,
parameters are constants of the circuit, outputs public: the cheapest that EZKL has for a private input. A Softmax at the
end is left out, as our compiler does: it decides nothing.
"""

import json
import sys
import time
from pathlib import Path

import ezkl
import onnx


def scores(model):
    """The network without the Softmax at its end; strides, which EZKL wants to see, written out."""
    last = model.graph.node[-1]
    if last.op_type == "Softmax":
        model.graph.output[0].name = last.input[0]
        model.graph.node.remove(last)
    for node in model.graph.node:
        if node.op_type == "Conv" and not any(attribute.name == "strides" for attribute in node.attribute):
            node.attribute.append(onnx.helper.make_attribute("strides", [1, 1]))
    return model


def main():
    step, folder = sys.argv[1], Path(sys.argv[2])
    path = lambda name: str(folder / name)
    if step == "prepare":
        samples = json.loads(Path(sys.argv[4]).read_text())[:20]
        calibration, first = {"input_data": samples}, {"input_data": samples[:1]}
        Path(path("calibration.json")).write_text(json.dumps(calibration))
        Path(path("input.json")).write_text(json.dumps(first))
        arguments = ezkl.PyRunArgs()
        arguments.input_visibility, arguments.param_visibility = "private", "fixed"
        # Whatever the file calls its first axis.
        arguments.variables = [(name, 1) for name in ("batch_size", "rows", "images", "patients")]
        model, settings = path("scores.onnx"), path("settings.json")
        onnx.save(scores(onnx.load(sys.argv[3])), model)
        assert ezkl.gen_settings(model, settings, py_run_args=arguments)
        assert ezkl.calibrate_settings(path("calibration.json"), model, settings, "resources")
        assert ezkl.compile_circuit(model, path("circuit"), settings)
        said = {}
    elif step == "powers":
        rows = json.loads(Path(path("settings.json")).read_text())["run_args"]["logrows"]
        ezkl.gen_srs(path("srs"), rows)
        said = {"rows": rows}
    elif step == "setup":
        assert ezkl.setup(path("circuit"), path("vk"), path("pk"), path("srs"))
        said = {"key": Path(path("pk")).stat().st_size}
    elif step == "prove":
        ezkl.gen_witness(path("input.json"), path("circuit"), path("witness.json"))
        proof = ezkl.prove(path("witness.json"), path("circuit"), path("pk"), path("proof.json"), path("srs"))
        said = {"bytes": len(bytes.fromhex(proof["proof"].removeprefix("0x")))}
    else:
        times = []
        for _ in range(10):
            start = time.process_time()
            assert ezkl.verify(path("proof.json"), path("settings.json"), path("vk"), path("srs"))
            times.append(time.process_time() - start)
        said = {"verify": min(times)}
    print(json.dumps(said))


main()
