"""Runs all benches round after round, and prints what came of it. tests/bench/run.sh builds them first."""

import argparse
import json
import os
import sys

import chart
import contestants
import table
from figures import Figures

EPILOG = """Each round measures everything once, one after the other, so that what disturbs the machine for a while
disturbs all alike. A ratio is taken within each round; what is printed is the median of the rounds. Redis and
Erlang are measured where redis-server, redis-tools and erlang-base are installed."""


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", epilog=EPILOG)
    parser.add_argument("--quick", action="store_true", help="one round of moments: shows only that all of it runs")
    parser.add_argument("--rounds", type=int, help="how many rounds (default: 5)")
    parser.add_argument("--seconds", type=float, help="for each figure of a round (default: 0.5)")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--svg", metavar="FILE", help="draw rate and latency over the number in flight there")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (0.02 if arguments.quick else 0.5)
    return arguments


def measure(rounds, seconds):
    figures = Figures()
    for number in range(1, rounds + 1):
        for name, figures_of in contestants.all_of_them(seconds):
            print(f"round {number} of {rounds}: {name}", file=sys.stderr, flush=True)
            figures.add(number, figures_of())
    return figures


def main():
    arguments = parse_arguments()
    figures = measure(arguments.rounds, arguments.seconds)
    rows = table.rows(figures)
    about = contestants.about() + [" ".join(["tests/bench/run.sh"] + sys.argv[1:])]
    table.show(rows, about)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as out:
            json.dump({"about": about, "rows": rows, "figures": figures.as_list()}, out, indent=1)
            out.write("\n")
    if arguments.svg:
        chart.draw(figures, about, arguments.svg)


if __name__ == "__main__":
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    main()
