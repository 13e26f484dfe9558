#!/usr/bin/env python3
"""How far the adviser's predictions are from measurements on this machine.

  measure   runs the quick suite, then every cell of speed_cells.json with `assay bench`, which takes
            the machine's limits beside it; a file that is there already is not made again
  report    compares them and prints Markdown for docs/accuracy.md

Errors are predicted / measured - 1 (a positive error is an optimistic rate or a pessimistic time),
once as predicted from the suite alone ("raw") and once with the limits as they were measured beside
the cell ("shared"), so that what neighbours do to a shared machine between the two cancels.
"""

import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SETS = {"two": ("2 threads", 2, False), "one": ("1 thread", 1, False),
        "hog": ("1 thread, beside a program that hogs memory bandwidth", 1, True)}
GENERATED = 16  # tokens: the rate of decode is known to 2 % from them
REPETITIONS = 3


def cells_of(name):
    cells = json.loads((HERE / "speed_cells.json").read_text())
    if name == "memory":
        return cells["memory"]
    return [cell for cell in cells["speed"] if name != "hog" or cell.get("few")]


def hog():
    """Copies 256 MB to and fro until it is ended: more than any private cache holds."""
    size = 1 << 28
    script = f"a=bytearray({size});b=bytearray({size})\nwhile True: a[:]=b; b[:]=a"
    return subprocess.Popen([sys.executable, "-c", script])


def run(command, wrap):
    done = subprocess.run(shlex.split(wrap) + command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1, 5):
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")


def measure_all(options, name):
    folder = options.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    threads = str(SETS[name][1]) if name in SETS else "2"
    commands = []
    if name in SETS:
        commands.append((folder / "suite.json", ["--suite", "quick"]))
    for number, cell in enumerate(cells_of(name)):
        generated = GENERATED if name in SETS else 4
        repetitions = REPETITIONS if name in SETS else 1
        commands.append((folder / f"cell{number:02}.json",
                         ["--shape", cell["shape"], "--format", cell["format"],
                          "--prompt", str(cell["prompt"]), "--depth", str(cell["depth"]),
                          "--generate", str(generated), "--repetitions", str(repetitions)]))
    start = time.monotonic()
    for file, arguments in commands:
        if file.exists():
            continue
        if options.at_most and time.monotonic() - start > options.at_most:
            sys.exit(f"{name}: more than {options.at_most} s; run the command again to go on")
        print(file, *arguments, flush=True)
        run([options.assay, "bench", *arguments, "--threads", threads, "--json", "-o", str(file)],
            options.wrap)


def measure(options):
    for name in options.sets:
        beside = hog() if name in SETS and SETS[name][2] else None
        try:
            measure_all(options, name)
        finally:
            if beside:
                beside.kill()
                beside.wait()


def predicted(options, name):
    folder = options.folder / name
    files = sorted(str(file) for file in folder.glob("cell*.json"))
    command = [options.predicted_speed, str(folder / "suite.json"), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def error(row, kind, figure):
    found, expected = row["measured"][figure], row[kind][figure]
    if not found or not expected:
        return None
    return expected["expected"] / found - 1


def holds(row, kind, figure):
    bounds = row[kind][figure]
    return bounds["low"] <= row["measured"][figure] <= bounds["high"]


def summary(rows, figure):
    print("| figure | cells | median error | worst | the 90 % interval holds |")
    print("|---|---|---|---|---|")
    for kind, words in (("shared", "shares of the limits beside the cell"), ("raw", "as predicted")):
        known = [row for row in rows if error(row, kind, figure) is not None]
        if not known:
            continue
        errors = [abs(error(row, kind, figure)) for row in known]
        inside = sum(holds(row, kind, figure) for row in known)
        print(f"| {words} | {len(known)} | {100 * statistics.median(errors):.1f} % "
              f"| {100 * max(errors):.1f} % | {inside} of {len(known)} |")
    print()


def percent(value):
    return "" if value is None else f"{100 * value:+.1f} %"


def interval(row, figure, scale, digits):
    bounds = row["shared"][figure]
    if not bounds or not row["measured"][figure]:
        return "", "", ""
    return (f"{scale * row['measured'][figure]:.{digits}f}",
            f"{scale * bounds['expected']:.{digits}f}",
            f"{scale * bounds['low']:.{digits}f} to {scale * bounds['high']:.{digits}f}")


def speed_table(rows, figure, head, scale, digits):
    print(f"| shape | format | prompt | depth | {head} | predicted | 90 % interval | error | raw |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        if error(row, "raw", figure) is None:
            continue
        found, expected, bounds = interval(row, figure, scale, digits)
        print(f"| {row['shape']} | {row['format']} | {row['prompt']} | {row['depth']} | {found} "
              f"| {expected} | {bounds} | {percent(error(row, 'shared', figure))} "
              f"| {percent(error(row, 'raw', figure))} |")
    print()


def report_speed(options, name):
    rows = predicted(options, name)
    print(f"### {SETS[name][0]}\n")
    for figure, head, scale, digits in (("decode", "tokens/s", 1, 1),
                                        ("first_token", "first token, ms", 1000, 0)):
        print("Decode rate:\n" if figure == "decode" else "Time to first token:\n")
        summary(rows, figure)
        speed_table(rows, figure, head, scale, digits)


def report_memory(options):
    print("## Peak memory\n")
    print("| shape | format | context | predicted, MB | measured, MB | difference |")
    print("|---|---|---|---|---|---|")
    files = [file for name in ("memory", "two")
             for file in sorted((options.folder / name).glob("cell*.json"))]
    for file in files:
        (one,) = json.loads(file.read_text())["runs"]
        expected = one["memory"]["predicted_peak_bytes"]
        found = one["memory"]["measured_peak_bytes"]
        context = one["context_depth"] + one["prompt_tokens"] + one["generated_tokens"]
        print(f"| {one['model']['id']} | {one['model']['format']} | {context} "
              f"| {expected / 1e6:.0f} | {found / 1e6:.0f} | {(expected - found) / 1e6:+.0f} MB, "
              f"{percent(expected / found - 1)} |")
    print()


def report(options):
    speeds = [name for name in options.sets if name in SETS]
    if speeds:
        print("## Speed on the measured machine\n")
    for name in speeds:
        report_speed(options, name)
    if "memory" in options.sets:
        report_memory(options)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["measure", "report"])
    parser.add_argument("--sets", nargs="+", choices=[*SETS, "memory"],
                        default=[*SETS, "memory"])
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path("accuracy"))
    parser.add_argument("--assay", default="build/release/assay")
    parser.add_argument("--predicted-speed", default="build/release/predicted_speed")
    parser.add_argument("--wrap", default="", help="a command to start each measurement with")
    parser.add_argument("--at-most", type=float, help="seconds after which no cell is started")
    options = parser.parse_args()
    (measure if options.what == "measure" else report)(options)


if __name__ == "__main__":
    main()
