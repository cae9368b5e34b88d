"""Writes figures.json: what rliable says of some scores. No Rust is involved.

    pip install rliable==1.2.0
    python generate.py
"""

import json
import pathlib

import numpy as np
from rliable import library, metrics

REPETITIONS = 50_000


def main():
    draw = np.random.default_rng(1)
    cases = {
        "five seeds of cartpole": np.array([[227.9], [113.5], [500.0], [197.5], [178.7]]),
        "ten seeds of cartpole": np.array([227.9, 113.5, 500, 197.5, 178.7, 244.3, 416.2, 182.6, 206.8, 145.9])[:, None],
        "all the same": np.full((5, 1), 500.0),
        "five seeds of six tasks": draw.normal(0.0, 1.0, (5, 6)) + np.arange(6),
        "three seeds of twenty-six tasks": draw.exponential(1.0, (3, 26)),
    }
    figures = []
    for name, scores in cases.items():
        points, intervals = library.get_interval_estimates(
            {name: scores},
            lambda x: np.array([metrics.aggregate_iqm(x)]),
            reps=REPETITIONS,
            random_state=np.random.RandomState(1),
        )
        low, high = intervals[name][:, 0]
        # Task by task, as deepq has them.
        figures.append({"name": name, "scores": scores.T.tolist(), "iqm": points[name][0], "low": low, "high": high})
    lines = ",\n".join(json.dumps(figure) for figure in figures)
    pathlib.Path(__file__).with_name("figures.json").write_text(f"[\n{lines}\n]\n")


main()
