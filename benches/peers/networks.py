"""The five Q-networks of the benchmarks `update` and `act`, in PyTorch, with one batch for each."""

import numpy as np
import torch
from torch import nn

MLPS = {"mlp4": ([4, 64, 64, 2], 64), "mlp8": ([8, 128, 4], 64), "mlp256": ([8, 256, 256, 4], 128)}
CNNS = {"nature": 32, "dueling": 32}
NAMES = [*MLPS, *CNNS]
FRAMES, ACTIONS = (4, 84, 84), 6


def dense(sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Nature(nn.Module):
    """Mnih et al. 2015 on bytes; with two streams of 512 units, Wang et al. 2016."""

    def __init__(self, dueling):
        super().__init__()
        self.torso = nn.Sequential(
            nn.Conv2d(4, 32, 8, 4),
            nn.ReLU(),
            nn.Conv2d(32, 64, 4, 2),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        self.advantage = dense([3136, 512, ACTIONS])
        self.value = dense([3136, 512, 1]) if dueling else None

    def forward(self, frames):
        features = self.torso(frames.float() / 255)
        advantage = self.advantage(features)
        if self.value is None:
            return advantage
        return self.value(features) + advantage - advantage.mean(1, keepdim=True)


class Workload:
    """A network with its batch, in PyTorch's default setting or tuned."""

    def __init__(self, name, tuned):
        self.sizes, self.batch = MLPS.get(name) or (None, CNNS[name])
        self.name, self.tuned = name, tuned
        # Channels last is PyTorch's fast layout for convolutions on the CPU.
        self.channels_last = tuned and self.sizes is None
        self.actions = self.sizes[-1] if self.sizes else ACTIONS
        rng = np.random.default_rng(0)
        if self.sizes:
            rows = lambda: rng.standard_normal((self.batch, self.sizes[0])).astype(np.float32)
        else:
            rows = lambda: rng.integers(0, 256, (self.batch, *FRAMES), dtype=np.uint8)
        self.observations, self.next_observations = rows(), rows()
        self.taken = rng.integers(0, self.actions, self.batch).astype(np.int64)
        self.rewards = rng.standard_normal(self.batch).astype(np.float32)
        self.terminated = (np.arange(self.batch) % 20 == 19).astype(np.float32)

    def network(self):
        network = dense(self.sizes) if self.sizes else Nature(self.name == "dueling")
        return network.to(memory_format=torch.channels_last) if self.channels_last else network

    def tensor(self, array):
        tensor = torch.from_numpy(array)
        return tensor.to(memory_format=torch.channels_last) if self.channels_last and tensor.dim() == 4 else tensor

    def work(self, network):
        return {
            "network": self.name,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "observation": list(self.observations.shape[1:]),
            "element": str(self.observations.dtype),
            "actions": self.actions,
        }
