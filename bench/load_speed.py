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

import json
import os
import statistics
import subprocess
import time

import speed_table

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
    command = speed_table.command(build, path, threads, 1, 1)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f'{command[0]}: exit code {process.returncode}')
    return json.loads(output.splitlines()[-1])['load_seconds'], usage.ru_maxrss * 1024


def shown(seconds):
    return f'{statistics.median(seconds):.2f} [{min(seconds):.2f}, {max(seconds):.2f}]'


def cells_of(build, path, runs, threads):
    read, cold, warm, peaks = [], [], [], []
    for _ in range(runs):
        drop(path)
        read.append(seconds_to_read(path))
        drop(path)
        for times in (cold, warm):
            seconds, peak = load(build, path, threads)
            times.append(seconds)
            peaks.append(peak)
    size = os.path.getsize(path)
    return [f'{size / 1e9:.2f}', shown(read), shown(cold),
            f'{statistics.median(cold) / statistics.median(read):.2f}', shown(warm),
            f'{statistics.median(warm) / size * 1e9:.2f}', f'{max(peaks) / 1e9:.3f}',
            f'{max(peaks) / (size + 64e6):.3f}']


if __name__ == '__main__':
    speed_table.run(__doc__, ['GB', 'read, s', 'cold load, s', 'cold / read', 'warm load, s', 's per GB', 'peak, GB',
                              'peak / (file + 64 MB)'], cells_of)
