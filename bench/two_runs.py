#!/usr/bin/env python3
"""What two runs at once keep of the speed of one: writes a table for docs/performance.md.

    bench/two_runs.py --build build/release [--runs 5] [--threads 2] MODEL.gguf...

Each run: the model alone, then twice at the same time, every process with all the threads. A share is the
rate beside the other process over the rate alone in the same run; the table has the medians of the shares,
with the lowest and the highest. The bar: each keeps 40 %.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys


def start(build, path, threads):
    command = [os.path.join(build, 'model_speed'), path, '--threads', str(threads), '--prompt', '512',
               '--generate', '64', '--json']
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def rates(process):
    output, _ = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f'model_speed: exit code {process.returncode}')
    values = json.loads(output.splitlines()[-1])
    return {'prefill 512': values['pp'], 'decode 64': values['tg']}


def shown(shares):
    return f'{statistics.median(shares):.0%} [{min(shares):.0%}, {max(shares):.0%}]'


def row(build, path, runs, threads):
    shares = {'prefill 512': [], 'decode 64': []}
    for _ in range(runs):
        alone = rates(start(build, path, threads))
        pair = [rates(process) for process in [start(build, path, threads), start(build, path, threads)]]
        for what, values in shares.items():
            values += [one[what] / alone[what] for one in pair]
    name = os.path.basename(path).removesuffix('.gguf')
    return f"| {name} | {shown(shares['prefill 512'])} | {shown(shares['decode 64'])} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, help='folder with model_speed')
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('models', nargs='+', metavar='MODEL.gguf')
    arguments = parser.parse_args()
    print('| model | prefill 512 kept | decode 64 kept |')
    print('|---|---|---|')
    for path in arguments.models:
        print(row(arguments.build, path, arguments.runs, arguments.threads), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
