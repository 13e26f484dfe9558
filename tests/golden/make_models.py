"""Makes the models of shapes/*.json, and the exact logits that they must give.

usage: make_models.py DIRECTORY [NAME...]
       make_models.py --far DIRECTORY NAME...    the logits of far_positions instead

For each NAME (default: every shape) writes DIRECTORY/NAME.gguf and DIRECTORY/NAME.logits.f32 and prints the entry of
manifest.json. reference-engine/golden/shape_file.cpp makes the same files in C++: this folder keeps the logits only.
"""
import json
import pathlib
import sys

import numpy as np

import exact_logits
import gguf_file
from gguf_file import ARRAY, BOOL, F32, STRING, U32

HERE = pathlib.Path(__file__).parent


def typed(value):
    """A value of a shape file with its GGUF type."""
    if isinstance(value, list):
        return ARRAY, (typed(value[0])[0], value)
    if isinstance(value, str):
        return STRING, value.encode()
    return {bool: BOOL, int: U32, float: F32}[type(value)], value


def vocabulary():
    """The vocabulary of stories260K.gguf, with the flags that it has in the seeded models."""
    stories, _ = gguf_file.read(HERE / "stories260K.gguf")
    return {name: entry for name, entry in stories.items() if name.startswith("tokenizer.")}


def listed_tensors(shape):
    yield from shape["tensors"]
    layer = 0
    for group in shape["layers"]:
        for _ in range(group["count"]):
            for name, values, *dims in group["tensors"]:
                yield [f"blk.{layer}.{name}", values, *dims]
            layer += 1
    yield from shape.get("last_tensors", [])


def drawn_tensors(shape):
    random = np.random.default_rng(shape["seed"])
    tensors = {}
    for name, values, *dims in listed_tensors(shape):
        if isinstance(values, list):
            tensors[name] = np.array(values, np.float32)
            continue
        dims, = dims
        z = random.standard_normal(dims[::-1])
        draw = {"matrix": lambda: z / np.sqrt(dims[0]), "norm": lambda: 1 + 0.2 * z, "bias": lambda: 0.1 * z,
                "router": lambda: z * 2 / np.sqrt(dims[0]), "sink": lambda: (0.1 * z).astype(np.float32) * np.float32(10), "step": lambda: z - 1, "rate": lambda: -(0.1 + 0.5 * (z * z))}
        tensors[name] = draw[values]().astype(np.float32)
    return tensors


def write_model(name, path):
    shape = json.loads((HERE / "shapes" / f"{name}.json").read_text())
    architecture = shape["architecture"]
    keys = {"general.architecture": typed(architecture), "general.name": typed(shape["name"])}
    keys |= {f"{architecture}.{key}": typed(value) for key, value in shape["keys"].items()}
    gguf_file.write(path, keys | vocabulary(), drawn_tensors(shape))


def fnv1a64(content):
    value = 0xCBF29CE484222325
    for byte in content:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def write_far_logits(manifest, directory, names):
    """The logits of a long context, at the few positions that are kept."""
    positions, tokens, state = manifest["far_positions"]["positions"], [], 1
    while len(tokens) <= positions[-1]:
        state = (state * 1103515245 + 12345) % 2 ** 31
        tokens.append(state >> 16 & 511)
    for name in names:
        write_model(name, directory / f"{name}.gguf")
        far = exact_logits.logits(directory / f"{name}.gguf", tokens, context=8192)[positions]
        far.astype("<f4").tofile(directory / f"{name}.logits.f32")


if __name__ == "__main__":
    manifest = json.loads((HERE / "manifest.json").read_text())
    if sys.argv[1] == "--far":
        sys.exit(write_far_logits(manifest, pathlib.Path(sys.argv[2]), sys.argv[3:]))
    directory = pathlib.Path(sys.argv[1])
    tokens = manifest["tokens"]
    for name in sys.argv[2:] or sorted(path.stem for path in (HERE / "shapes").glob("*.json")):
        model, logits = directory / f"{name}.gguf", f"{name}.logits.f32"
        write_model(name, model)
        exact_logits.logits(model, tokens).astype("<f4").tofile(directory / logits)
        print(json.dumps({"name": name, "logits": logits, "computed_by": "float64 forward pass", "seeded": True,
                          "fnv1a64": fnv1a64(model.read_bytes())}))
