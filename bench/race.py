#!/usr/bin/env python3
"""Races Assay's engine against others on the same model files, alternating their runs.

  bench/race.py --models DIR --peer NAME=COMMAND [--peer ...] [--cells bench/cells.json]
                [--only REGEX] [--runs 5] [-o TABLE.md]

A cell of the list is run when DIR/<shape>-<format>.gguf exists; the others are listed as not run.
COMMAND is a peer's command line with {model} {threads} {prompt} {generate} {depth} {cache} in it. It
prints JSON: either an array or lines of objects as llama-bench's (n_prompt, n_gen, avg_ts), or
objects {"pp": tokens/s, "tg": tokens/s}. Several commands of one name are variants: the one with the
higher median counts, for prefill and decode apart. With -o TABLE.md every rate stands in TABLE.json; both
are written anew after each cell. A cell in which a command fails is listed with what it said, and the race
goes on. Exit code 1 where a cell failed, or a rate was below 0.97 of the best peer's: those are listed, too.

Before and after the runs of a cell the limits of the machine are measured (read bandwidth, float32
and int8 products), so that each figure also stands as a share of what the machine could give at that
time: decode of the bytes it reads, prefill of its arithmetic (weights of block formats at the int8
limit, 16-bit weights and attention at the float32 limit).
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOST_BELOW = 0.97  # of the best peer: less than what a median of five moves by


def output_of(command):
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def json_values(text):
    """The objects of a JSON array, or of the lines that are JSON objects."""
    start = text.find("[\n")
    if start >= 0:
        return json.loads(text[start:])
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def rates(text):
    """(prefill, decode) in tokens/s; None for what was not run."""
    prefill = decode = None
    for value in json_values(text):
        if "pp" in value:
            prefill, decode = value["pp"] or None, value["tg"] or None
        elif value.get("n_gen", 0) == 0:
            prefill = value["avg_ts"]
        elif value.get("n_prompt", 0) == 0:
            decode = value["avg_ts"]
    return prefill, decode


def cost(text):
    """What a token costs, as model_speed says."""
    return next(value for value in json_values(text) if "token_bytes" in value)


def limits(benchmark, threads):
    """Read bandwidth in GB/s, float32 and int8 operations in GOP/s with so many threads."""
    text = output_of(f"{benchmark} --benchmark_filter='^(read/[14]|fma|int8)/[a-z0-9]*/{threads}/' "
                     "--benchmark_min_time=0.2 --benchmark_format=json 2>/dev/null")
    found = {"read": 0.0, "fma": 0.0, "int8": 0.0}
    for row in json.loads(text)["benchmarks"]:
        kind = row["name"].split("/")[0]
        found[kind] = max(found[kind], row.get("GB/s", row.get("GOP/s", 0.0)))
    return found


def summary(values):
    """Median and half the distance between the second lowest and second highest value."""
    values = sorted(values)
    inner = values[1:-1] if len(values) > 4 else values
    return statistics.median(values), (inner[-1] - inner[0]) / 2


def best(variants, index):
    """Median and spread of an engine's best variant: of a figure, not of single runs, since the
    better of two noisy runs is more than either engine gives. None when nothing was measured."""
    measured = [summary(values[index]) for values in variants if values[index]]
    return max(measured, default=None)


def fastest(variants, index):
    """The best single run: what others do to the machine only slows, so it is the least disturbed."""
    return max((value for values in variants for value in values[index]), default=0.0)


def run_cell(cell, model, engines, runs, benchmark):
    """{engine: [([prefill, ...], [decode, ...]) of each variant]}, a token's cost, and the limits
    around the runs."""
    fields = {"cache": "f16", **cell, "model": model}
    found = {name: [([], []) for _ in commands] for name, commands in engines.items()}
    around = [limits(benchmark, cell["threads"])]
    token = None
    for _ in range(runs):
        for name, commands in engines.items():
            for variant, command in zip(found[name], commands):
                output = output_of(command.format(**fields))
                if name == "assay":
                    token = cost(output)
                for values, rate in zip(variant, rates(output)):
                    if rate:
                        values.append(rate)
    around.append(limits(benchmark, cell["threads"]))
    return found, token, {key: max(one[key] for one in around) for key in around[0]}


def share(cell, index, rate, token, limit):
    """How close a rate comes to what the machine's limits allow, in words."""
    if index == 1:
        return f"{100 * rate * token['token_bytes'] / 1e9 / limit['read']:.0f} % of read"
    weights = limit["fma" if cell["format"] in ("F32", "F16", "BF16") else "int8"]
    seconds = (token["weight_operations"] / weights + token["attention_operations"] / limit["fma"]) / 1e9
    return f"{100 * rate * seconds:.0f} % of arithmetic"


def title(cell):
    text = f"{cell['shape']} {cell['format']}, prompt {cell['prompt']}"
    if cell["depth"]:
        text += f" at {cell['depth']}"
    text += f", {cell['threads']} thread{'s' * (cell['threads'] > 1)}"
    if cell.get("cache"):
        text += f", cache {cell['cache']}"
    return text


def rows_of(cell, found, token, limit):
    """The rows of the table, and those of them that are lost."""
    rows = []
    lost = []
    for index, what in enumerate((f"prefill {cell['prompt']}", f"decode {cell['generate']}")):
        ours = best(found["assay"], index)
        peers = {name: best(variants, index) for name, variants in found.items() if name != "assay"}
        peers = {name: pair for name, pair in peers.items() if pair}
        if not ours or not peers:
            continue
        median, spread = ours
        ratio = median / max(pair[0] for pair in peers.values())
        at_best = fastest(found["assay"], index) / max(fastest(found[name], index) for name in peers)
        others = "; ".join(f"{name} {value:.4g} ±{half:.2g}" for name, (value, half) in peers.items())
        rows.append(f"| {title(cell)} | {what} | {median:.4g} ±{spread:.2g} | {others} "
                    f"| {ratio:.2f} | {at_best:.2f} | {share(cell, index, median, token, limit)} |")
        if ratio < LOST_BELOW:
            lost.append(f"{title(cell)}, {what}: {ratio:.3f}")
    return rows, lost


class Table:
    """The rows and rates so far, and what must be said below them."""

    def __init__(self, output):
        self.output = output
        self.rows = []
        self.raw = {}
        self.notes = {"Not run": [], "Failed": [], f"Below {LOST_BELOW} of the best peer": []}

    def text(self):
        lines = ["| cell | what | Assay, tokens/s | others | ratio to the best | of best runs | share of the limit |",
                 "|---|---|---|---|---|---|---|", *self.rows]
        for name, entries in self.notes.items():
            lines += ["", f"{name}: {len(entries)}" + "".join(f"\n- {entry}" for entry in entries)]
        return "\n".join(lines) + "\n"

    def write(self):
        if self.output:
            self.output.write_text(self.text())
            self.output.with_suffix(".json").write_text(json.dumps(self.raw, indent=1) + "\n")

    def add(self, cell, found, token, limit):
        self.raw[title(cell)] = {"rates": found, "limits": limit}
        rows, lost = rows_of(cell, found, token, limit)
        self.rows += rows
        self.notes[f"Below {LOST_BELOW} of the best peer"] += lost
        for row in rows:
            print(row, file=sys.stderr, flush=True)

    def is_won(self):
        return not any(entries for name, entries in self.notes.items() if name != "Not run")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND", help="may be given several times")
    parser.add_argument("--cells", type=pathlib.Path, default=ROOT / "bench/cells.json")
    parser.add_argument("--only", default="", metavar="REGEX", help="run cells whose title matches")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    parser.add_argument("-o", "--output", type=pathlib.Path)
    options = parser.parse_args()
    own = (f"{options.build}/model_speed {{model}} --threads {{threads}} --prompt {{prompt}} "
           "--generate {generate} --depth {depth} --cache {cache} --json")
    engines = {"assay": [own]}
    for peer in options.peer:
        name, _, command = peer.partition("=")
        if not command:
            parser.error(f"--peer {peer}: expected NAME=COMMAND")
        engines.setdefault(name, []).append(command)
    table = Table(options.output)
    for cell in json.loads(options.cells.read_text())["cells"]:
        model = options.models / f"{cell['shape']}-{cell['format']}.gguf"
        if not re.search(options.only, title(cell)) or not model.exists():
            table.notes["Not run"].append(title(cell))
            continue
        try:
            table.add(cell, *run_cell(cell, model, engines, options.runs, f"{options.build}/kernel_bench"))
        except (RuntimeError, ValueError, StopIteration, KeyError) as problem:
            table.notes["Failed"].append(f"{title(cell)}: {problem}")
            print(f"{title(cell)}: {problem}", file=sys.stderr, flush=True)
        table.write()
    table.write()
    if not options.output:
        print(table.text())
    return 0 if table.is_won() else 1


if __name__ == "__main__":
    sys.exit(main())
