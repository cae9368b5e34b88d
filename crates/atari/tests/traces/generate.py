#!/usr/bin/env python3
"""Reference traces of Atari games, made with Gymnasium, ale-py and OpenCV themselves.

Usage: python generate.py OUTDIR [--games] [--steps STEPS]

    pip install gymnasium==1.4.0 ale-py==0.12.1 opencv-python-headless==5.0.0.93 numpy==2.4.6

These cover what `assets/traces/atari_*.jsonl` do not: the games as they are (screens in colour), repeated actions,
modes, difficulties, all 18 actions, and the limit on frames. With `--games`: one file for each of the games in
`crates/atari/roms.toml`, as `ALE/<Game>-v5` makes them, but for those that are known to differ. The format is that of
`assets/traces/gen_atari_traces.py`; the header says more, and `noop_max` is missing where there is no preprocessing.
"""
import argparse
import json
import pathlib
import tomllib
import zlib

import ale_py
import gymnasium as gym
import numpy as np
from gymnasium.wrappers import AtariPreprocessing

gym.register_envs(ale_py)

SMALL = {
    "raw_pong": dict(env="ALE/Pong-v5"),
    "raw_breakout": dict(env="ALE/Breakout-v5", frame_skip=3, repeat_action_probability=0.5, full_action_space=True),
    "raw_space_invaders": dict(env="ALE/SpaceInvaders-v5", mode=3, difficulty=1, max_episode_frames=400),
    "machado_seaquest": dict(env="ALE/Seaquest-v5", noop_max=0, terminal_on_life_loss=False, full_action_space=True),
    "sticky_noop_freeway": dict(env="ALE/Freeway-v5", noop_max=30, terminal_on_life_loss=False, mode=5, difficulty=1),
    "sticky_lifeloss_ms_pacman": dict(env="ALE/MsPacman-v5", noop_max=30, terminal_on_life_loss=True,
                                      max_episode_frames=1001),
}

# Where ale-py changed after ALE 0.6.0, which deepq has; see the documentation of deepq-atari.
DIFFERENT = {"double_dunk", "elevator_action", "frogger", "king_kong", "lost_luggage", "mr_do", "turmoil",
             "wizard_of_wor"}


def crc(observation):
    return "%08x" % zlib.crc32(np.ascontiguousarray(observation).tobytes())


def make(header):
    preprocessed = "noop_max" in header
    env = gym.make(
        header["env"], frameskip=1 if preprocessed else header["frame_skip"], max_episode_steps=None,
        repeat_action_probability=header["repeat_action_probability"], mode=header.get("mode"),
        difficulty=header.get("difficulty"), full_action_space=header.get("full_action_space", False),
        max_num_frames_per_episode=header.get("max_episode_frames", 108_000), disable_env_checker=True)
    if preprocessed:
        env = AtariPreprocessing(env, noop_max=header["noop_max"], frame_skip=header["frame_skip"],
                                 terminal_on_life_loss=header["terminal_on_life_loss"])
    return env


def record(file, header, seeds, steps):
    header = dict(frame_skip=4, repeat_action_probability=0.25) | header
    env = make(header)
    with open(file, "w") as out:
        out.write(json.dumps({"header": header}) + "\n")
        for seed in seeds:
            observation, _ = env.reset(seed=seed)
            actions = np.random.default_rng(20_000 + seed % 10_000).integers(0, env.action_space.n, size=steps)
            run = dict(seed=seed, actions=actions.tolist(), obs=[], rewards=[], terminated=[], truncated=[], lives=[],
                       reset=[], reset_obs=[crc(observation)])
            for t, action in enumerate(actions):
                observation, reward, terminated, truncated, _ = env.step(int(action))
                run["obs"].append(crc(observation))
                run["rewards"].append(int(reward))
                run["terminated"].append(int(terminated))
                run["truncated"].append(int(truncated))
                run["lives"].append(int(env.unwrapped.ale.lives()))
                if terminated or truncated:
                    observation, _ = env.reset()
                    run["reset"].append(t)
                    run["reset_obs"].append(crc(observation))
            out.write(json.dumps(run, separators=(",", ":")) + "\n")
    env.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--games", action="store_true")
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    traces = SMALL
    if arguments.games:
        manifest = tomllib.loads((pathlib.Path(__file__).parents[4] / "crates/atari/roms.toml").read_text())
        traces = {f"game_{key}": dict(env=f"ALE/{game['name']}-v5") for key, game in manifest.items()
                  if key not in DIFFERENT}
    for name, header in traces.items():
        record(arguments.out / f"{name}.jsonl", header, [7, (1 << 40) + 5], arguments.steps)
