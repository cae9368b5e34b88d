#!/usr/bin/env python3
"""Reference traces from Gymnasium itself (no Rust involved).

Usage: python gen_gymnasium_traces.py OUTDIR [first_seed] [n_seeds]

One JSON object per line (= one episode), per file (= one environment/policy):
  seed        env.reset(seed=seed)
  kwargs      extra gym.make kwargs
  actions     list of ints, length T
  obs         list of T+1 strings; row 0 = reset observation; each string = concatenated
              8-hex-digit big-endian-looking bit patterns of the f32 components (format "%08x" of the u32 bits)
  rewards     list of T strings, 16 hex digits: bits of the f64 reward ("%016x")
  terminated  0/1 list, truncated 0/1 list (TimeLimit of gym.make: CartPole 500, MountainCar 200,
              Acrobot 500, LunarLander 1000)
Actions: policy "random": np.random.default_rng(10_000+seed).integers(0, n_actions, size=max_steps) (recorded);
         policy "heuristic" (LunarLander only): gymnasium's own heuristic() (recorded);
         "balance" / "pump": hand policies below (recorded).
The episode stops at the first terminated or truncated.
Header line of each file: {"header": {...versions...}}
"""
import json, sys, platform, struct
import numpy as np, gymnasium as gym
from gymnasium.envs.box2d.lunar_lander import heuristic
import warnings; warnings.filterwarnings("ignore")

def b32(a):
    a = np.ascontiguousarray(a, dtype=np.float32)
    return "".join("%08x" % v for v in a.view(np.uint32))
def b64(x):
    return "%016x" % struct.unpack("<Q", struct.pack("<d", float(x)))[0]

def balance(env, o):  # CartPole: keeps the pole up for 500 steps, so a trace ends by truncation
    return int(o[2] + 0.5 * o[3] + 0.02 * o[0] + 0.05 * o[1] > 0)
def pump(env, o):     # MountainCar: reaches the goal, so a trace ends by termination
    return 2 if o[1] >= 0 else 0
POLICIES = {"heuristic": heuristic, "balance": balance, "pump": pump}

SPECS = [
    ("cartpole_random", "CartPole-v1", {}, "random", 500),
    ("cartpole_policy", "CartPole-v1", {}, "balance", 500),
    ("mountaincar_policy", "MountainCar-v0", {}, "pump", 200),
    ("mountaincar_random", "MountainCar-v0", {}, "random", 200),
    ("acrobot_random", "Acrobot-v1", {}, "random", 500),
    ("lunarlander_random", "LunarLander-v3", {}, "random", 1000),
    ("lunarlander_wind_random", "LunarLander-v3", dict(enable_wind=True, wind_power=15.0, turbulence_power=1.5), "random", 1000),
    ("lunarlander_heuristic", "LunarLander-v3", {}, "heuristic", 1000),
    ("lunarlander_wind_heuristic", "LunarLander-v3", dict(enable_wind=True, wind_power=15.0, turbulence_power=1.5), "heuristic", 1000),
]

def main(out, first, n):
    import importlib.metadata as md
    for name, env_id, kw, policy, maxs in SPECS:
        env = gym.make(env_id, **kw)
        with open(f"{out}/{name}.jsonl", "w") as f:
            cpu = [l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")][0]
            f.write(json.dumps({"header": dict(env=env_id, kwargs=kw, policy=policy, gymnasium=gym.__version__,
                    numpy=np.__version__, box2d=md.version("box2d"), python=platform.python_version(),
                    glibc=platform.libc_ver()[1], cpu=cpu)}) + "\n")
            for seed in range(first, first + n):
                o, _ = env.reset(seed=seed)
                acts = np.random.default_rng(10_000 + seed).integers(0, env.action_space.n, size=maxs)
                ep = dict(seed=seed, kwargs=kw, actions=[], obs=[b32(o)], rewards=[], terminated=[], truncated=[])
                t = 0
                while True:
                    a = int(acts[t]) if policy == "random" else int(POLICIES[policy](env, o))
                    o, r, te, tr, _ = env.step(a)
                    ep["actions"].append(a); ep["obs"].append(b32(o)); ep["rewards"].append(b64(r))
                    ep["terminated"].append(int(te)); ep["truncated"].append(int(tr))
                    t += 1
                    if te or tr: break
                f.write(json.dumps(ep, separators=(",", ":")) + "\n")
        env.close()

if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0, int(sys.argv[3]) if len(sys.argv) > 3 else 10)
