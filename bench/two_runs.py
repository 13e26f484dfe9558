#!/usr/bin/env python3
"""What two runs at once keep of the speed of one: writes a table for docs/performance.md.

    bench/two_runs.py --build build/release [--runs 5] [--threads 2] MODEL.gguf...

Each run: the model alone, then twice at the same time, every process with all the threads. A share is the
rate beside the other process over the rate alone in the same run; the table has the medians of the shares,
with the lowest and the highest. The bar: each keeps 40 %.
"""

import json
import statistics
import subprocess

import speed_table


def start(build, path, threads):
    return subprocess.Popen(speed_table.command(build, path, threads, 512, 64), stdout=subprocess.PIPE, text=True)


def rates(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f'{process.args[0]}: exit code {process.returncode}')
    values = json.loads(output.splitlines()[-1])
    return values['pp'], values['tg']


def shown(shares):
    return f'{statistics.median(shares):.0%} [{min(shares):.0%}, {max(shares):.0%}]'


def shares_kept(build, path, runs, threads):
    shares = ([], [])  # of prefill, of decode
    for _ in range(runs):
        alone = rates(start(build, path, threads))
        pair = [rates(process) for process in [start(build, path, threads), start(build, path, threads)]]
        for kept, values in zip(shares, zip(alone, *pair)):
            kept += [value / values[0] for value in values[1:]]
    return [shown(kept) for kept in shares]


if __name__ == '__main__':
    speed_table.run(__doc__, ['prefill 512 kept', 'decode 64 kept'], shares_kept)
