"""What load_speed.py and two_runs.py share: their options, and a table with a row for each model."""

import argparse
import pathlib


def run(description, columns, cells_of):
    """Prints the table. cells_of(build, path, runs, threads) measures one model: its cells after the name."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', required=True, type=pathlib.Path, help='folder with model_speed')
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('models', nargs='+', type=pathlib.Path, metavar='MODEL.gguf')
    options = parser.parse_args()
    print('| ' + ' | '.join(['model', *columns]) + ' |')
    print('|---' * (len(columns) + 1) + '|')
    for path in options.models:
        cells = cells_of(options.build, path, options.runs, options.threads)
        print('| ' + ' | '.join([path.stem, *cells]) + ' |', flush=True)


def command(build, path, threads, prompt, generate):
    return [str(build / 'model_speed'), str(path), '--threads', str(threads), '--prompt', str(prompt),
            '--generate', str(generate), '--json']
