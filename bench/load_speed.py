#!/usr/bin/env python3
"""Times the loading of models against reading their files: writes a table for docs/performance.md.

    bench/load_speed.py --build build/release [--runs 5] [--threads 2] MODEL.gguf...

Each run: the file is dropped from the page cache and read from start to end in pieces of a MiB by one
thread; dropped again and loaded (cold); loaded once more (warm). Every value is a median with the lowest
and the highest. The bars: a cold load takes at most 1.3 times as long as reading the file, a warm one at
most 0.8 s for each GB; the most memory that any of the processes held is at most 1.03 times what the file
has and 64 MB (a cache of two positions is nothing). Memory that is short makes the times wrong: let the file
fit twice beside what runs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

PIECE = 1 << 20


def drop(path):
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def seconds_to_read(path):
    piece = bytearray(PIECE)
    start = time.monotonic()
    with open(path, 'rb', buffering=0) as file:
        while file.readinto(piece):
            pass
    return time.monotonic() - start


def load(build, path, threads):
    """Seconds, and the peak of the process in bytes."""
    command = [os.path.join(build, 'model_speed'), path, '--threads', str(threads), '--prompt', '1',
               '--generate', '1', '--json']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f'{command[0]}: exit code {process.returncode}')
    return json.loads(output.splitlines()[-1])['load_seconds'], usage.ru_maxrss * 1024


def shown(seconds):
    return f'{statistics.median(seconds):.2f} [{min(seconds):.2f}, {max(seconds):.2f}]'


def row(build, path, runs, threads):
    read, cold, warm, peaks = [], [], [], []
    for _ in range(runs):
        drop(path)
        read.append(seconds_to_read(path))
        drop(path)
        for times in (cold, warm):
            seconds, peak = load(build, path, threads)
            times.append(seconds)
            peaks.append(peak)
    gigabytes = os.path.getsize(path) / 1e9
    times = statistics.median(cold) / statistics.median(read)
    per_gigabyte = statistics.median(warm) / gigabytes
    name = os.path.basename(path).removesuffix('.gguf')
    return (f'| {name} | {gigabytes:.2f} | {shown(read)} | {shown(cold)} | {times:.2f} | {shown(warm)} | '
            f'{per_gigabyte:.2f} | {max(peaks) / 1e9:.3f} | {max(peaks) / (gigabytes * 1e9 + 64e6):.3f} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, help='folder with model_speed')
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('models', nargs='+', metavar='MODEL.gguf')
    arguments = parser.parse_args()
    print('| model | GB | read, s | cold load, s | cold / read | warm load, s | s per GB | peak, GB '
          '| peak / (file + 64 MB) |')
    print('|---|---|---|---|---|---|---|---|---|')
    for path in arguments.models:
        print(row(arguments.build, path, arguments.runs, arguments.threads), flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
