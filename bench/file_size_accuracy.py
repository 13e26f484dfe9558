#!/usr/bin/env python3
"""How far predicted file sizes are from those of published files, as Markdown.

  bench/file_size_accuracy.py [--build build/release]

The rows are tests/fixtures/catalogue/file-sizes.json. What the metadata of a tokenizer takes was taken from the
same files, so each file is also predicted from the others alone: by the median of files of the same vocabulary, or
by the program's 41 bytes a token where there is no other.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
UNKNOWN = 41  # bytes of a token (advisor/file_size.cpp)
LARGE = 3e9  # parameters


def metadata(row):
    return row["bytes"] - (row["predicted"] - row["metadata"])


def from_others(row, rows):
    """The predicted size, with the metadata of other files."""
    others = [metadata(other) / other["vocabulary"] for other in rows
              if other is not row and abs(other["vocabulary"] / row["vocabulary"] - 1.0) < 0.001]
    token = statistics.median(others) if others else UNKNOWN
    return row["predicted"] - row["metadata"] + token * row["vocabulary"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    options = parser.parse_args()
    done = subprocess.run([options.build / "file_size_rows", ROOT / "tests/fixtures/catalogue/file-sizes.json"],
                          capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    same = [row for row in rows if not row["differs"]]
    print("| prediction | files | median error | worst from 3B on | worst below |\n|---|---|---|---|---|")
    for name, size in (("as the program says", lambda row: row["predicted"]),
                       ("from the other files", lambda row: from_others(row, same))):
        errors = [(abs(size(row) - row["bytes"]), row) for row in same]
        median = statistics.median(difference / row["bytes"] for difference, row in errors)
        large = max(difference / row["bytes"] for difference, row in errors if row["parameters"] >= LARGE)
        small = max(difference for difference, row in errors if row["parameters"] < LARGE)
        print(f"| {name} | {len(same)} | {100 * median:.3f} % | {100 * large:.2f} % | {small / 1e6:.1f} MB |")
    print("\nFiles whose error is above 0.1 %, or that follow other rules:\n")
    print("| model | format | published, MB | predicted, MB | error | why |\n|---|---|---|---|---|---|")
    for row in rows:
        error = row["predicted"] / row["bytes"] - 1.0
        if row["differs"] or abs(error) > 0.001:
            print(f"| {row['model']} | {row['format']} | {row['bytes'] / 1e6:.1f} | {row['predicted'] / 1e6:.1f} "
                  f"| {100 * error:+.2f} % | {row['note'] or 'not known'} |")


if __name__ == "__main__":
    main()
