"""Writes the fixtures of tests/pytorch.rs: PyTorch modules as safetensors, with their Q-values for a batch.

    pip install torch==2.15.0 safetensors numpy
    python generate.py [NAME]...    writes each module's .safetensors and .json beside this file, or those of these alone
    python generate.py --check DIR  loads DIR/*.safetensors, as deepq wrote them, into the same modules, strictly, and
                                    compares the Q-values with those of the JSON files

No Rust is involved.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn

HERE = pathlib.Path(__file__).parent
BATCH, ACTIONS = 5, 3


class Single(nn.Module):
    def __init__(self, torso, head):
        super().__init__()
        self.torso, self.head = torso, head

    def forward(self, x):
        return self.head(self.torso(x).flatten(1))


class Dueling(nn.Module):
    def __init__(self, torso, value, advantage):
        super().__init__()
        self.torso, self.value, self.advantage = torso, value, advantage

    def forward(self, x):
        features = self.torso(x).flatten(1)
        advantage = self.advantage(features)
        return self.value(features) + advantage - advantage.mean(1, keepdim=True)


class Residual(nn.Module):
    """As in CleanRL's ppo_procgen.py, by Espeholt et al. 2018."""

    def __init__(self, channels):
        super().__init__()
        self.conv0 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return x + self.conv1(nn.functional.relu(self.conv0(nn.functional.relu(x))))


class Sequence(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.conv = nn.Conv2d(inputs, channels, 3, padding=1)
        self.res_block0, self.res_block1 = Residual(channels), Residual(channels)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.conv(x), 3, stride=2, padding=1)
        return self.res_block1(self.res_block0(x))


class Noisy(nn.Module):
    """A noisy layer as Rainbow, CleanRL and TorchRL name its parts, without noise."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight_mu = nn.Parameter(torch.randn(outputs, inputs))
        self.weight_sigma = nn.Parameter(torch.rand(outputs, inputs))
        self.bias_mu = nn.Parameter(torch.randn(outputs))
        self.bias_sigma = nn.Parameter(torch.rand(outputs))

    def forward(self, x):
        return nn.functional.linear(x, self.weight_mu, self.bias_mu)


def streams(inputs, hidden, outputs):
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def varied(norm):
    """A normalisation whose weights are not those of a new one."""
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.uniform_(norm.bias, -0.5, 0.5)
    return norm


def modules():
    torso = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
    yield "mlp", (4,), Single(torso, nn.Sequential(nn.Linear(8, ACTIONS)))
    torso = nn.Sequential(nn.Conv2d(2, 4, 4, 2), nn.ReLU(), nn.Conv2d(4, 6, 3, 1), nn.ReLU())
    yield "dueling", (2, 12, 11), Dueling(torso, streams(6 * 3 * 2, 8, 1), streams(6 * 3 * 2, 8, ACTIONS))
    torso = nn.Sequential(nn.Conv2d(1, 4, 5, 2), nn.BatchNorm2d(4), nn.ReLU())
    yield "batch_norm", (1, 9, 9), Single(torso, nn.Sequential(nn.Linear(4 * 3 * 3, ACTIONS)))
    torso = nn.Sequential(
        nn.Conv2d(2, 4, 4, 2), varied(nn.LayerNorm([4, 5, 4])), nn.ReLU(),
        nn.Conv2d(4, 6, 3, 1), varied(nn.LayerNorm([6, 3, 2])), nn.ReLU(),
    )
    head = nn.Sequential(nn.Linear(6 * 3 * 2, 8), varied(nn.LayerNorm(8)), nn.ReLU(), nn.Linear(8, ACTIONS))
    yield "layer_norm", (2, 12, 11), Single(torso, head)
    torso = nn.Sequential(nn.Conv2d(2, 4, 3, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 2, 1), nn.ReLU())
    yield "pooled", (2, 15, 12), Single(torso, streams(6 * 2 * 1, 8, ACTIONS))
    torso = nn.Sequential(
        nn.Conv2d(2, 4, 3, 2, padding=1), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1),
        nn.Conv2d(4, 6, 3, padding=2), nn.ReLU(),
    )
    yield "padded", (2, 11, 8), Single(torso, nn.Sequential(nn.Linear(6 * 5 * 4, ACTIONS)))
    torso = nn.Sequential(Sequence(2, 3), Sequence(3, 4), nn.ReLU())
    yield "residual", (2, 9, 7), Single(torso, streams(4 * 3 * 2, 8, ACTIONS))
    torso = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    yield "noisy", (4,), Single(torso, nn.Sequential(Noisy(8, 5), nn.ReLU(), Noisy(5, ACTIONS)))


def main():
    folder = pathlib.Path(sys.argv[2]) if sys.argv[1:2] == ["--check"] else None
    torch.manual_seed(1)
    wanted = [] if folder else sys.argv[1:]
    for name, shape, module in modules():
        if wanted and name not in wanted:
            continue
        if folder:
            expected = json.loads((HERE / f"{name}.json").read_text())
            module.load_state_dict(load_file(folder / f"{name}.safetensors"))
            observations = torch.tensor(expected["observations"]).reshape(BATCH, *shape)
            q = module.eval()(observations).flatten()
            difference = (q - torch.tensor(expected["q_values"])).abs().max().item()
            print(f"{name}: the largest difference is {difference}")
            assert difference <= 1e-5
            continue
        # Running statistics that are not those of a new module.
        module.train()(torch.randn(32, *shape))
        observations = torch.randn(BATCH, *shape)
        q = module.eval()(observations)
        save_file(module.state_dict(), HERE / f"{name}.safetensors")
        figures = {
            "torch": torch.__version__,
            "observations": observations.flatten().tolist(),
            "q_values": q.flatten().tolist(),
        }
        (HERE / f"{name}.json").write_text(json.dumps(figures) + "\n")


main()
