#!/usr/bin/env python3
"""One double-DQN update in PyTorch, timed: the peer of `deepq bench update`.

    printf '2\\n2\\n' | python update.py dueling --threads 1 [--tuned]

An update: the batch, ready in NumPy arrays, to tensors; the online and the target network on the next observations; the
online network on the observations; Huber loss; backward; Adam. --tuned: Adam in one fused operation, and channels last
for the convolutional networks. See rounds.py for what is read and printed.
"""

import argparse

import torch
from torch.nn import functional

from networks import NAMES, Workload
from rounds import blocks, serve

DISCOUNT, LEARNING_RATE = 0.99, 1e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=NAMES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tuned", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    load = Workload(arguments.network, arguments.tuned)
    online, target = load.network(), load.network()
    target.load_state_dict(online.state_dict())
    fused = {"fused": True} if arguments.tuned else {}
    optimizer = torch.optim.Adam(online.parameters(), lr=LEARNING_RATE, eps=1e-8, **fused)
    updates = 0

    def update():
        nonlocal updates
        observations, next_observations = load.tensor(load.observations), load.tensor(load.next_observations)
        taken, rewards, terminated = map(torch.from_numpy, (load.taken, load.rewards, load.terminated))
        with torch.no_grad():
            best = online(next_observations).argmax(1, keepdim=True)
            targets = rewards + DISCOUNT * (1 - terminated) * target(next_observations).gather(1, best).squeeze(1)
        values = online(observations).gather(1, taken.unsqueeze(1)).squeeze(1)
        loss = functional.smooth_l1_loss(values, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        updates += 1

    def measure(seconds):
        samples = blocks(seconds, update)
        steps = {int(state["step"]) for state in optimizer.state.values()}
        assert steps == {updates}, f"{updates} updates, but the optimizer made {steps} steps"
        return samples

    serve({**load.work(online), "batch": load.batch, "double": True, "loss": "huber", "optimizer": "adam"}, measure)


if __name__ == "__main__":
    main()
