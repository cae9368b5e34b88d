#!/usr/bin/env python3
"""Records episodes of Gymnasium's environments with options, to compare deepq's with.

    pip install 'gymnasium[classic-control,toy-text,box2d]==1.4.0' box2d==2.3.10 numpy==2.4.6
    python gen_option_traces.py OUTDIR [EPISODES] [FIRST_SEED]

A file is one environment with one policy; each line is a JSON object. The first line is {"header": {...}}: the
environment's id, its keyword arguments, and the versions of what recorded it. Each further line is an episode:

    seed        env.reset(seed=...); null goes on with the generator of the line before
    bounds      [low, high] as reset options, where there are any (Pendulum: x_init, y_init)
    actions     list of ints
    obs         the first observation and one for each action: the bits of each float32 as 8 hexadecimal digits
    rewards     bits of each float64, 16 hexadecimal digits
    terminated, truncated   0 or 1 for each action

Pendulum has torques instead of actions: "torques": n in its keyword arguments means numpy.linspace(-2, 2, n).
"""

import json
import pathlib
import platform
import struct
import sys
import warnings

import gymnasium as gym
import numpy as np

warnings.filterwarnings("ignore")

ANY_SEED = (1 << 40) + 5  # beyond 32 bits


def bits32(observation):
    return "".join("%08x" % word for word in np.atleast_1d(np.asarray(observation, dtype=np.float32)).view(np.uint32))


def bits64(number):
    return "%016x" % struct.unpack("<Q", struct.pack("<d", float(number)))[0]


def balance(o):
    return int(o[2] + 0.5 * o[3] + 0.02 * o[0] + 0.05 * o[1] > 0)


def pump(o):
    return 2 if o[1] >= 0 else 0


# name, id, keyword arguments, policy (None: random), most steps, bounds of the start, whether only the first episode is
# seeded
SPECS = [
    ("cartpole_chained", "CartPole-v1", {}, None, 500, None, True),
    ("cartpole_bounds", "CartPole-v1", {}, None, 500, [-0.2, 0.1], True),
    ("cartpole_sutton_barto", "CartPole-v1", {"sutton_barto_reward": True}, None, 500, None, False),
    ("cartpole_v0", "CartPole-v0", {}, balance, 200, None, True),
    ("mountaincar_chained", "MountainCar-v0", {"goal_velocity": 0.02}, pump, 200, [-1.1, 0.5], True),
    ("acrobot_bounds", "Acrobot-v1", {}, None, 60, [-3.0, 3.0], True),
    ("lunarlander_chained", "LunarLander-v3", {"enable_wind": True, "wind_power": 20.0}, None, 1000, None, True),
    ("lunarlander_gravity", "LunarLander-v3", {"gravity": -3.7}, None, 1000, None, False),
    ("pendulum", "Pendulum-v1", {"torques": 5}, None, 200, None, False),
    ("pendulum_fine", "Pendulum-v1", {"torques": 1001, "g": 9.81}, None, 200, [6.0, 7.9], True),
    ("cliffwalking", "CliffWalking-v1", {}, None, 100, None, True),
    ("cliffwalking_slippery", "CliffWalkingSlippery-v1", {}, None, 100, None, True),
    ("frozenlake", "FrozenLake-v1", {}, None, 100, None, True),
    ("frozenlake8x8", "FrozenLake8x8-v1", {"is_slippery": False}, None, 200, None, False),
    ("frozenlake_chances", "FrozenLake-v1", {"map_name": "8x8", "success_rate": 0.7, "reward_schedule": [10, -2.5, -0.1]},
     None, 100, None, True),
    ("frozenlake_map", "FrozenLake-v1", {"desc": ["SFS", "FHF", "SFS", "GFS"]}, None, 100, None, True),
]


def record(path, env_id, kwargs, policy, most_steps, bounds, chained, episodes, first_seed):
    ours = dict(kwargs)
    torques = np.linspace(-2, 2, ours.pop("torques"), dtype=np.float32) if "torques" in kwargs else None
    env = gym.make(env_id, **ours)
    n = len(torques) if torques is not None else int(env.action_space.n)
    header = dict(env=env_id, kwargs=kwargs, gymnasium=gym.__version__, numpy=np.__version__,
                  python=platform.python_version(), libc=" ".join(platform.libc_ver()))
    with open(path, "w") as file:
        file.write(json.dumps({"header": header}) + "\n")
        for i in range(episodes):
            seed = (ANY_SEED + first_seed if i == 0 else None) if chained else first_seed + i
            options = None
            if bounds:
                low, high = ("x_init", "y_init") if torques is not None else ("low", "high")
                options = {low: bounds[0], high: bounds[1]}
            observation, _ = env.reset(seed=seed, options=options)
            draws = np.random.default_rng(10_000 + first_seed + i).integers(0, n, size=most_steps)
            episode = dict(seed=seed, actions=[], obs=[bits32(observation)], rewards=[], terminated=[], truncated=[])
            if bounds:
                episode["bounds"] = bounds
            for action in draws.tolist():
                action = policy(observation) if policy else action
                given = np.array([torques[action]], dtype=np.float32) if torques is not None else action
                observation, reward, terminated, truncated, _ = env.step(given)
                episode["actions"].append(action)
                episode["obs"].append(bits32(observation))
                episode["rewards"].append(bits64(reward))
                episode["terminated"].append(int(terminated))
                episode["truncated"].append(int(truncated))
                if terminated or truncated:
                    break
            file.write(json.dumps(episode, separators=(",", ":")) + "\n")
    env.close()


def main(folder, episodes=3, first_seed=0):
    for name, *spec in SPECS:
        record(pathlib.Path(folder) / f"{name}.jsonl", *spec, int(episodes), int(first_seed))


if __name__ == "__main__":
    main(*sys.argv[1:])
