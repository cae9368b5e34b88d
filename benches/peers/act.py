#!/usr/bin/env python3
"""From one observation to its greedy action in PyTorch, timed: the peer of `deepq bench act`.

    printf '1\\n1\\n' | python act.py dueling --threads 1 [--tuned]

--tuned: inference mode instead of no gradients, and channels last for the convolutional networks. See rounds.py for
what is read and printed.
"""

import argparse

import torch

from networks import NAMES, Workload
from rounds import blocks, serve


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=NAMES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tuned", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    load = Workload(arguments.network, arguments.tuned)
    network = load.network()
    without_graph = torch.inference_mode if arguments.tuned else torch.no_grad
    observation = load.observations[:1]

    def act():
        with without_graph():
            return int(network(load.tensor(observation)).argmax(1))

    serve({**load.work(network), "observations": 1}, lambda seconds: blocks(seconds, act))


if __name__ == "__main__":
    main()
