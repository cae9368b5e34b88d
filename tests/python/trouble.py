"""Environments of somebody's own, well-behaved ones and others, for the tests of `gym:` ids.

    gym:python.trouble:Dot-v0           a dot on frames of bytes; draws pictures, draws from np_random
    gym:python.trouble:Trouble-v0       does what its argument `trouble` says, where `at` says
    gym:python.trouble:Bare-v0          has no generator
    gym:python.trouble:Spaces-v0        has the observation and action spaces that its arguments name
"""

import os
import random
import subprocess
import sys
import time

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete, MultiDiscrete


class Dot(gymnasium.Env):
    """A dot walks over 6 by 5 bytes until it falls off the right side, or for 40 steps. Actions 3, 4 and 5: left, stay, right."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 12}
    observation_space = Box(0, 255, (6, 5), np.uint8)
    action_space = Discrete(3, start=3)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def frame(self):
        frame = np.zeros((6, 5), np.uint8)
        frame[self.y, self.x] = 200
        return frame

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.x, self.y = 0, int(self.np_random.integers(6))
        return self.frame(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.x = max(0, self.x + int(action) - 4)
        self.y = (self.y + int(self.np_random.integers(-1, 2))) % 6
        terminated = self.x == 5
        self.x = min(self.x, 4)
        return self.frame(), self.x / 10, terminated, False, {}

    def render(self):
        return np.repeat(self.frame()[:, :, None], 3, axis=2)


class Trouble(gymnasium.Env):
    """Two numbers, the steps so far and a draw; and trouble."""

    observation_space = Box(-np.inf, np.inf, (2,), np.float64)
    action_space = Discrete(2)

    def __init__(self, trouble="none", at="step", note=None):
        self.trouble, self.at, self.note, self.steps = trouble, at, note, 0
        self.make("init")

    def make(self, here):
        if here != self.at:
            return
        if self.note:
            with open(self.note, "w") as note:
                note.write(str(os.getpid()))
        match self.trouble:
            case "raise":
                raise ValueError(f"no {here} today")
            case "exit":
                sys.exit(3)
            case "exit at once":
                print("last words", file=sys.stderr)
                os._exit(3)
            case "kill":
                os.kill(os.getpid(), 9)
            case "crash":
                import ctypes

                ctypes.string_at(0)
            case "print":
                print("noise on standard output")
                os.write(1, b"\x00\x01\x02 raw noise\n" * 100)
                subprocess.run(["echo", "noise of a child"], check=True)
                assert sys.stdin.read() == "", "standard input is empty"
            case "leave a child":
                if os.fork() == 0:
                    time.sleep(20)
                    os._exit(0)
                os._exit(3)
            case "hang":
                time.sleep(1000)

    def observe(self):
        if self.trouble == "wrong shape" and self.steps:
            return np.zeros(3)
        if self.trouble == "global draws":
            return np.array([self.steps, random.random() + np.random.random()])
        return np.array([self.steps, self.np_random.random()])

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.make("reset")
        self.steps = 0
        return self.observe(), {}

    def step(self, action):
        self.make("step")
        self.steps += 1
        # Both at once, as a time limit of one's own may give it.
        return self.observe(), 1, self.steps == 9, self.steps == 9, {}


class Bare(Trouble):
    np_random = None

    def observe(self):
        return np.zeros(2)


class Spaces(gymnasium.Env):
    def __init__(self, observation="box", action="discrete"):
        spaces = {
            "box": Box(-1, 1, (2,)),
            "discrete": Discrete(4, start=10),
            "integers": Box(0, 9, (2,), np.int64),
            "multi": MultiDiscrete([2, 3]),
            "empty": Box(0, 1, (0,)),
            "number": Box(np.array(-1.0), np.array([2.0]).reshape(()), dtype=np.float64),
        }
        self.observation_space, self.action_space = spaces[observation], spaces[action]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.high if hasattr(self.observation_space, "high") else 12, {}

    def step(self, action):
        return (*self.reset()[:1], 0.0, False, action == 1, {})


gymnasium.register("Dot-v0", Dot, max_episode_steps=40)
gymnasium.register("Trouble-v0", Trouble)
gymnasium.register("Bare-v0", Bare)
gymnasium.register("Spaces-v0", Spaces)
