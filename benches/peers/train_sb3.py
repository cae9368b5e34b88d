#!/usr/bin/env python3
"""A whole training run of Stable-Baselines3's DQN, timed: the peer of `deepq bench train`.

    printf '0\\n0\\n' | python train_sb3.py ../train/pong.toml --steps 1500 --threads 1

The experiment file that deepq trains says what is done. A round is a run of so many agent steps in a fresh agent; what
counts is the time from the end of the first update on. See rounds.py for what is read and printed; the lengths of
rounds are not used.
"""

import argparse
import time
import tomllib
import warnings
from pathlib import Path

from rounds import serve


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    import torch

    torch.set_num_threads(arguments.threads)
    experiment = tomllib.loads(arguments.experiment.read_text())
    serve(work(experiment, arguments.steps), lambda _: train(experiment, arguments.steps))


def work(experiment, steps):
    """The work that the file asks for; it must ask for nothing that Stable-Baselines3 does otherwise."""
    agent, network, training = experiment["agent"], experiment["network"], experiment["training"]
    expected = {
        "agent.kind": (agent["kind"], "dqn"),
        "agent.double": (agent["double"], False),
        "agent.loss": (agent["loss"], "huber"),
        "agent.target_update": (list(agent["target_update"]), ["steps"]),
        "agent.clip_gradient": (list(agent["clip_gradient"]), ["norm"]),
        "agent.clip_reward": (agent["clip_reward"], "sign" if atari(experiment) else "none"),
        "network.activation": (network["activation"], "relu"),
        "network.torso": (network["torso"]["kind"], "nature" if atari(experiment) else "mlp"),
        "network.head": (
            network["head"],
            {"kind": "single", "hidden": [512]} if atari(experiment) else {"kind": "single"},
        ),
        "optimizer.kind": (experiment["optimizer"]["kind"], "adam"),
        "replay.n_step": (experiment["replay"]["n_step"], 1),
        "exploration.hold_until": (experiment["exploration"]["hold_until"], training["learning_starts"]),
        "exploration.to": (experiment["exploration"]["to"], 1),
        "training.environments": (training["environments"], 1),
    }
    for key, (found, wanted) in expected.items():
        assert found == wanted, f"{key} = {found}, but Stable-Baselines3's DQN is compared with {wanted}"
    return {
        "environment": experiment["environment"]["id"],
        "agent_steps": steps,
        "batch": training["batch_size"],
        "update_every": training["update_every"],
        "learning_starts": training["learning_starts"],
        "replay_capacity": experiment["replay"]["capacity"],
    }


def atari(experiment):
    return experiment["environment"].get("protocol") == "baselines"


def train(experiment, steps):
    import gymnasium
    from stable_baselines3 import DQN
    from stable_baselines3.common.env_util import make_atari_env
    from stable_baselines3.common.vec_env import VecFrameStack

    agent, training, optimizer = experiment["agent"], experiment["training"], experiment["optimizer"]
    identity, seed = experiment["environment"]["id"], training["seed"]
    if atari(experiment):
        import ale_py

        gymnasium.register_envs(ale_py)
        env = VecFrameStack(make_atari_env(identity, n_envs=1, seed=seed), 4)
    else:
        env = gymnasium.make(identity, disable_env_checker=True)

    class TimedDQN(DQN):
        """Notes when its first update is done."""

        first = None

        def train(self, *arguments, **named):
            super().train(*arguments, **named)
            self.first = self.first or (time.perf_counter(), time.process_time(), self.num_timesteps)

    adam = {"betas": (optimizer["beta1"], optimizer["beta2"]), "eps": optimizer["epsilon"]}
    hidden = {} if atari(experiment) else {"net_arch": experiment["network"]["torso"]["hidden"]}
    epsilon = experiment["exploration"]["end"]
    model = TimedDQN(
        "CnnPolicy" if atari(experiment) else "MlpPolicy",
        env,
        learning_rate=optimizer["learning_rate"],
        buffer_size=experiment["replay"]["capacity"],
        batch_size=training["batch_size"],
        learning_starts=training["learning_starts"],
        train_freq=training["update_every"],
        gradient_steps=1,
        gamma=agent["discount"],
        target_update_interval=agent["target_update"]["steps"],
        max_grad_norm=agent["clip_gradient"]["norm"],
        exploration_initial_eps=epsilon,
        exploration_final_eps=epsilon,
        seed=seed,
        device="cpu",
        policy_kwargs={**hidden, "optimizer_kwargs": adam},
    )
    model.learn(steps)
    end = time.perf_counter(), time.process_time()
    wall, cpu, first_step = model.first
    measured = model.num_timesteps - first_step
    done = {
        "agent_steps": model.num_timesteps,
        "updates": model._n_updates,
        "parameters": sum(parameter.numel() for parameter in model.q_net.parameters()),
    }
    env.close()
    return {"wall": [(end[0] - wall) / measured], "cpu": [(end[1] - cpu) / measured], "done": done}


if __name__ == "__main__":
    main()
