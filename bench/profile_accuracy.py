#!/usr/bin/env python3
"""How far predictions from descriptions alone are from published speeds, as Markdown.

  bench/profile_accuracy.py [--build build/release]

The rows are tests/fixtures/speeds/: published.json (decode), prefill.json and prefill_cpu.json (prompts), split.json (models between a
GPU and the processor). For GPUs the two constants of a prediction (share of
the published bandwidth, time of a layer) are fitted again for each machine without its own rows, by the
least absolute relative error; the program's own constants are the fit over all rows. For processors the
program's own prediction is compared; what some of them were seen to read comes from such rows. Beside both stands the formula of one constant,
0.55 x bandwidth / (active parameters x bytes of a weight), with 2, 1 and 0.5 bytes for 16, 8 and 4 bit
(llmfit-core/src/fit.rs of AlexsJones/llmfit); of processors with the bandwidth that is taken to be reached.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
SMALL = 2.5e9  # parameters


def terms(row):
    """Seconds of a token at the whole bandwidth, and layers: what the two constants multiply."""
    return row["bytes"] / row["bandwidth"], row["layers"]


def fit(rows):
    """The constants of 1 / rate = a x seconds + b x layers, by reweighted least squares."""
    weights = [1.0] * len(rows)
    for _ in range(50):
        xx = xy = yy = x = y = 0.0
        for row, weight in zip(rows, weights):
            first, second = (term * row["measured"] for term in terms(row))
            xx += weight * first * first
            xy += weight * first * second
            yy += weight * second * second
            x += weight * first
            y += weight * second
        determinant = xx * yy - xy * xy
        found = ((x * yy - y * xy) / determinant, (y * xx - x * xy) / determinant)
        weights = [1.0 / max(0.02, abs(row["measured"] / rate(row, found) - 1.0)) for row in rows]
    return found


def rate(row, constants):
    seconds, layers = terms(row)
    return 1.0 / (constants[0] * seconds + constants[1] * layers)


def one_constant(row):
    stored = {"F32": 4, "F16": 2, "BF16": 2, "Q8_0": 1}.get(row["format"], 0.5)
    return 0.55 * row["bandwidth"] / (row["active_parameters"] * stored)


def read_rows(build, name):
    done = subprocess.run([build / "profile_rows", ROOT / "tests/fixtures/speeds" / name],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def inside(rows):
    return sum(row["predicted"]["low"] <= row["measured"] <= row["predicted"]["high"] for row in rows)


def share_of_peak(row):
    """What products reach of the float32 peak of the shaders."""
    return row["seconds_at_peak"] / max(1e-9, row["seconds"] - row["other_seconds"])


def report_prompts(rows):
    """Each machine with the median share of the others of its class."""
    print("\n| prompts of GPUs, each machine left out | rows | machines | share of the float32 peak | 5 % below, above "
          "| median error | worst | the interval holds |\n|---|---|---|---|---|---|---|---|")
    for kind in sorted({row["class"] for row in rows}):
        own = [row for row in rows if row["class"] == kind]
        errors = []
        for row in own:
            share = statistics.median(share_of_peak(one) for one in own if one["machine"] != row["machine"])
            errors.append(abs(row["seconds"] / (row["other_seconds"] + row["seconds_at_peak"] / share) - 1.0))
        shares = sorted(share_of_peak(row) for row in own)
        edge = len(shares) // 20
        print(f"| {kind} | {len(own)} | {len({row['machine'] for row in own})} | {statistics.median(shares):.2f} "
              f"| {shares[edge]:.2f}, {shares[-1 - edge]:.2f} | {100 * statistics.median(errors):.0f} % "
              f"| {100 * max(errors):.0f} % | {inside(own)} of {len(own)} |")


def report_processor_prompts(rows):
    """By machine and engine: what is expected is the reference engine's rate, which none of them is."""
    print("\n| prompts of processors | rows | predicted / published, median | the interval holds |\n|---|---|---|---|")
    for machine, engine in sorted({(row["machine"], row["engine"].split()[0]) for row in rows}):
        own = [row for row in rows if row["machine"] == machine and row["engine"].split()[0] == engine]
        ratio = statistics.median(row["predicted"]["expected"] / row["measured"] for row in own)
        print(f"| {machine}, {engine} | {len(own)} | {ratio:.2f} | {inside(own)} of {len(own)} |")


CHAT = 33.7 / 36.7  # the average of chats over decode itself, where one source tells both


def seconds_of_crossings(rows):
    """What rows of experts leave for a crossing, when the processor reads as dense models on the same machine imply."""
    def excess(row):  # published seconds over those predicted without crossings, and what of these the processor reads
        seconds = (CHAT if row["average_of_chats"] else 1.0) / row["measured"]
        predicted = 1.0 / row["predicted"]["expected"] - row["crossings"] * row["seconds_per_crossing"]
        return seconds - predicted, row["seconds_read_by_processor"]

    left = []
    for row in rows:
        if not row["expert_layers"]:
            continue
        dense = [excess(one) for one in rows if not one["expert_layers"] and one["processor"] == row["processor"]]
        slower = statistics.median(over / read for over, read in dense) if dense else 0.0
        over, read = excess(row)
        left.append((over - slower * read) / row["crossings"])
    return left


def report_splits(rows):
    print("\n| model, between | option of llama.cpp | tokens/s | predicted | interval | error |\n|---|---|---|---|---|---|")
    errors = []
    for row in rows:
        predicted = row["predicted"]
        errors.append(predicted["expected"] / row["measured"] - 1.0)
        print(f"| {row['model']} {row['format']}, {row['gpu']} and {row['processor']} | `{row['option']}` | {row['measured']:.1f} "
              f"| {predicted['expected']:.1f} | {predicted['low']:.1f} to {predicted['high']:.1f} | {100 * errors[-1]:+.0f} % |")
    print(f"\nMedian error {100 * statistics.median(map(abs, errors)):.0f} %, worst {100 * max(map(abs, errors)):.0f} %; the interval "
          f"holds {inside(rows)} of {len(rows)}. Rows of experts leave "
          f"{', '.join(f'{1e6 * one:.0f}' for one in sorted(seconds_of_crossings(rows)))} us for a crossing.")


def summary(name, pairs):
    errors = [abs(predicted / row["measured"] - 1.0) for row, predicted in pairs]
    small = [error for error, (row, _) in zip(errors, pairs) if row["parameters"] < SMALL]
    within = sum(error < 0.3 for error in errors) / len(errors)
    return (f"| {name} | {len(errors)} | {100 * statistics.median(errors):.0f} % "
            f"| {100 * statistics.mean(errors):.0f} % | {100 * within:.0f} % | {100 * statistics.median(small):.0f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    rows = read_rows(options.build, "published.json")
    gpus = [row for row in rows if row["device"] == "gpu"]
    cpus = [row for row in rows if row["device"] == "cpu"]
    left_out = []
    for machine in sorted({row["machine"] for row in gpus}):
        constants = fit([row for row in gpus if row["machine"] != machine])
        left_out += [(row, rate(row, constants)) for row in gpus if row["machine"] == machine]
    own = [(row, row["predicted"]["expected"]) for row in cpus]
    print("| prediction | rows | median error | mean error | within 30 % | median below 2.5B |\n|---|---|---|---|---|---|")
    print(summary("GPUs, each machine left out of the fit", left_out))
    print(summary("GPUs, one constant", [(row, one_constant(row)) for row in gpus]))
    print(summary("processors", own))
    print(summary("processors, one constant", [(row, one_constant(row)) for row in cpus]))
    print("\n| machine | rows | predicted / published, median | median error |\n|---|---|---|---|")
    for machine in sorted({row["machine"] for row in rows}):
        ratios = [value / row["measured"] for row, value in left_out + own if row["machine"] == machine]
        errors = [abs(ratio - 1.0) for ratio in ratios]
        print(f"| {machine} | {len(ratios)} | {statistics.median(ratios):.2f} | {100 * statistics.median(errors):.0f} % |")
    share, layer = fit(gpus)
    ratios = sorted(row["measured"] / value for row, value in left_out)
    held = {device: sum(row["predicted"]["low"] <= row["measured"] <= row["predicted"]["high"] for row in some) / len(some)
            for device, some in (("gpu", gpus), ("cpu", cpus))}
    print(f"\nOver all rows: a share of {1.0 / share:.3f} of the bandwidth and {layer * 1e6:.0f} us a layer. Published over "
          f"predicted with the machine left out: 5 % below {ratios[len(ratios) // 20]:.2f}, 5 % above "
          f"{ratios[-1 - len(ratios) // 20]:.2f}. The program's intervals hold {100 * held['gpu']:.0f} % of the rows of GPUs "
          f"and {100 * held['cpu']:.0f} % of those of processors.")
    report_prompts(read_rows(options.build, "prefill.json"))
    report_processor_prompts(read_rows(options.build, "prefill_cpu.json"))
    report_splits(read_rows(options.build, "split.json"))


if __name__ == "__main__":
    main()
