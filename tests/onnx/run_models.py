"""What ONNX's own checker and ONNX Runtime say of models, as JSON.

    python3 -I -S run_models.py PACKAGES FOLDER

Each FOLDER/NAME.onnx is checked and run with the batches FOLDER/NAME.BATCH, raw numbers of its input's type. Started with
-I -S, so that nothing else that is installed is seen.
"""

import json
import pathlib
import sys


def of_value(value):
    tensor = value.type.tensor_type
    return [value.name, tensor.elem_type, [side.dim_param or side.dim_value for side in tensor.shape.dim]]


def main(packages, folder):
    sys.path.insert(0, packages)
    import numpy
    import onnx
    import onnxruntime

    said = {}
    for path in sorted(pathlib.Path(folder).glob("*.onnx")):
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        (source,) = model.graph.input
        element = onnx.helper.tensor_dtype_to_np_dtype(source.type.tensor_type.elem_type)
        shape = [side.dim_value for side in source.type.tensor_type.shape.dim[1:]]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        values = {}
        for batch in sorted(path.parent.glob(path.stem + ".[0-9]*")):
            observations = numpy.fromfile(batch, element).reshape(-1, *shape)
            (output,) = session.run(None, {"observation": observations})
            values[batch.suffix[1:]] = output.flatten().tolist()
        said[path.stem] = {
            "ir_version": model.ir_version,
            "opset": [[opset.domain, opset.version] for opset in model.opset_import],
            "metadata": {entry.key: entry.value for entry in model.metadata_props},
            "input": of_value(source),
            "output": [of_value(output) for output in model.graph.output],
            "tensors": {tensor.name: list(tensor.dims) for tensor in model.graph.initializer},
            "values": values,
        }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
