"""GGUF files of version 3 as plain values: just enough for tiny models of float32 and float16 tensors."""
import struct

import numpy as np

U32, I32, F32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", 10: "Q", 11: "q", 12: "d"}
FORMATS = {0: "<f4", 1: "<f2"}
ALIGNMENT = 32


def read(path):
    """Returns (keys, tensors): {key: (type, value)}, {name: float64 array, slowest dimension first}."""
    content = open(path, "rb").read()
    at = 4

    def take(code):
        nonlocal at
        value, = struct.unpack_from("<" + code, content, at)
        at += struct.calcsize("<" + code)
        return value

    def text():
        nonlocal at
        size = take("Q")
        at += size
        return content[at - size:at]

    def value(kind):
        if kind == STRING:
            return text()
        if kind == ARRAY:
            element, count = take("I"), take("Q")
            return element, [value(element) for _ in range(count)]
        return take(NUMBERS[kind])

    if content[:4] != b"GGUF" or take("I") != 3:
        raise SystemExit(f"{path}: not a GGUF file of version 3")
    tensor_count, key_count = take("Q"), take("Q")
    keys = {}
    for _ in range(key_count):
        name, kind = text().decode(), take("I")
        keys[name] = kind, value(kind)
    listed = []
    for _ in range(tensor_count):
        name = text().decode()
        dims = [take("Q") for _ in range(take("I"))]
        listed.append((name, dims, take("I"), take("Q")))
    start = -(-at // ALIGNMENT) * ALIGNMENT
    tensors = {}
    for name, dims, form, offset in listed:
        values = np.frombuffer(content, FORMATS[form], int(np.prod(dims)), start + offset)
        tensors[name] = values.reshape(dims[::-1]).astype(np.float64)
    return keys, tensors


def write(path, keys, tensors):
    """Writes what `read` returns; the tensors as float32."""
    def text(content):
        return struct.pack("<Q", len(content)) + content

    def value(kind, content):
        if kind == STRING:
            return text(content)
        if kind == ARRAY:
            element, items = content
            return struct.pack("<IQ", element, len(items)) + b"".join(value(element, item) for item in items)
        return struct.pack("<" + NUMBERS[kind], content)

    def padded(content):
        return content + b"\0" * (-len(content) % ALIGNMENT)

    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for name, (kind, content) in keys.items():
        head += text(name.encode()) + struct.pack("<I", kind) + value(kind, content)
    data = b""
    for name, values in tensors.items():
        dims = values.shape[::-1]
        head += text(name.encode()) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, len(data))
        data += padded(np.ascontiguousarray(values, "<f4").tobytes())
    with open(path, "wb") as file:
        file.write(padded(head) + data)
