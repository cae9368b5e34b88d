#!/usr/bin/env python3
"""Environments stepped with random actions, timed: the peers of `deepq bench envs`.

    printf '1\\n1\\n' | python envs.py gymnasium|envpool|ale-py CartPole-v1 --envs 1 --threads 1 [--time-limit 500]
    printf '1\\n1\\n' | python envs.py envpool pong --atari --envs 16 --threads 2

What is timed is agent steps, resets of ended episodes included; a call that only resets takes time, but is no step.
Actions are drawn before. --atari takes a game's name and plays it as in Mnih et al. 2015: up to 30 no-ops, an action
lasts four frames of which the last two are joined, 84 x 84 grey, four of them stacked. See rounds.py for what is read
and printed.
"""

import argparse
import multiprocessing

import numpy as np

from rounds import blocks, serve

# Steps of all environments together in one timed call.
CALL = 128
NOOP_MAX, FRAME_SKIP, STACK, SIDE, MAX_FRAMES = 30, 4, 4, 84, 108_000
# Endless, as envpool says it.
ENDLESS = 2**31 - 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["gymnasium", "envpool", "ale-py"])
    parser.add_argument("environment")
    parser.add_argument("--atari", action="store_true")
    parser.add_argument("--envs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--time-limit", type=int)
    parser.add_argument("--torques", type=int, default=0, help="actions are so many torques from -2 to 2")
    arguments = parser.parse_args()
    if arguments.peer == "gymnasium" and arguments.envs == 1:
        side = OneByOne(arguments)
    else:
        side = Together(arguments)
    work = {
        "environment": arguments.environment,
        "environments": arguments.envs,
        "observation_elements": int(np.prod(side.observation.shape)),
        "actions": arguments.torques or int(side.actions.n),
        "time_limit": side.time_limit(arguments),
    }
    if arguments.atari:
        work |= {"frame_skip": FRAME_SKIP, "frame_stack": STACK, "noop_max": NOOP_MAX}
    serve(work, lambda seconds: side.measure(seconds))


def draw(arguments, actions, shape):
    """Random actions of this shape, as the environment wants them."""
    rng = np.random.default_rng(1)
    if arguments.torques:
        torques = np.linspace(-2, 2, arguments.torques, dtype=np.float32)
        return torques[rng.integers(0, arguments.torques, (*shape, 1))]
    dtype = np.int32 if arguments.peer == "envpool" else np.int64
    return rng.integers(0, actions.n, shape).astype(dtype)


class OneByOne:
    """One environment of Gymnasium's, whose episodes the caller resets."""

    def __init__(self, arguments):
        self.env = gymnasium_maker(arguments)()
        self.observation, self.actions = self.env.observation_space, self.env.action_space
        drawn = draw(arguments, self.actions, (CALL,))
        self.drawn = list(drawn) if arguments.torques else drawn.tolist()
        self.env.reset(seed=1)

    def time_limit(self, arguments):
        return None if arguments.atari else self.env.spec.max_episode_steps

    def call(self):
        step, reset = self.env.step, self.env.reset
        for action in self.drawn:
            _, _, terminated, truncated, _ = step(action)
            if terminated or truncated:
                reset()

    def measure(self, seconds):
        calls = 0

        def call():
            nonlocal calls
            calls += 1
            self.call()

        def count():
            nonlocal calls
            done, calls = calls * CALL, 0
            return done

        return blocks(seconds, call, count)


class Together:
    """Environments that are stepped together and reset themselves: the call after an episode's end resets that one."""

    def __init__(self, arguments):
        make = {"gymnasium": gymnasium_vector, "envpool": envpool_vector, "ale-py": ale_vector}[arguments.peer]
        self.env = make(arguments)
        # envpool gives the spaces of one environment in any case.
        self.observation = getattr(self.env, "single_observation_space", self.env.observation_space)
        self.actions = getattr(self.env, "single_action_space", self.env.action_space)
        self.drawn = list(draw(arguments, self.actions, (-(-CALL // arguments.envs), arguments.envs)))
        # Gymnasium's own in processes of their own: this process's time says nothing.
        self.elsewhere = arguments.peer == "gymnasium" and bool(multiprocessing.active_children())
        self.ends = []
        self.env.reset()
        self.resets = 0

    def time_limit(self, arguments):
        if arguments.atari:
            return None
        if arguments.peer == "envpool":
            limit = self.env.spec.config.max_episode_steps
            return None if limit == ENDLESS else limit
        return arguments.time_limit

    def call(self):
        step, ended = self.env.step, self.ends.append
        for actions in self.drawn:
            _, _, terminated, truncated, _ = step(actions)
            ended((terminated, truncated))

    def count(self):
        """Agent steps since the last time: those that did not only reset."""
        steps = 0
        for terminated, truncated in self.ends:
            steps += len(terminated) - self.resets
            self.resets = int(np.count_nonzero(np.asarray(terminated) | np.asarray(truncated)))
        self.ends.clear()
        return steps

    def measure(self, seconds):
        samples = blocks(seconds, self.call, self.count)
        if self.elsewhere:
            del samples["cpu"]
        return samples


def gymnasium_maker(arguments):
    """A function that makes one environment."""

    def make():
        import gymnasium

        if not arguments.atari:
            limit = {"max_episode_steps": arguments.time_limit} if arguments.time_limit else {}
            return gymnasium.make(arguments.environment, disable_env_checker=True, **limit)
        import ale_py
        from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

        gymnasium.register_envs(ale_py)
        # One frame an action, no sticky actions: the wrapper skips frames.
        game = "".join(word.capitalize() for word in arguments.environment.split("_"))
        env = gymnasium.make(
            f"ALE/{game}-v5",
            frameskip=1,
            repeat_action_probability=0.0,
            max_num_frames_per_episode=MAX_FRAMES,
            disable_env_checker=True,
        )
        return FrameStackObservation(AtariPreprocessing(env, NOOP_MAX, FRAME_SKIP, SIDE), STACK)

    return make


def gymnasium_vector(arguments):
    from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

    # A process of its own for each environment pays where a step is long.
    heavy = arguments.atari or "LunarLander" in arguments.environment
    return (AsyncVectorEnv if heavy else SyncVectorEnv)([gymnasium_maker(arguments)] * arguments.envs)


def envpool_vector(arguments):
    import envpool

    threads = {"num_envs": arguments.envs, "num_threads": min(arguments.threads, arguments.envs)}
    if not arguments.atari:
        limit = {"max_episode_steps": arguments.time_limit} if arguments.time_limit else {}
        return envpool.make(arguments.environment, env_type="gymnasium", **threads, **limit)
    game = "".join(word.capitalize() for word in arguments.environment.split("_"))
    return envpool.make(
        f"{game}-v5",
        env_type="gymnasium",
        **threads,
        max_episode_steps=MAX_FRAMES // FRAME_SKIP,
        stack_num=STACK,
        frame_skip=FRAME_SKIP,
        noop_max=NOOP_MAX,
        episodic_life=False,
        reward_clip=False,
        use_fire_reset=False,
        img_height=SIDE,
        img_width=SIDE,
        full_action_space=False,
        repeat_action_probability=0.0,
        gray_scale=True,
    )


def ale_vector(arguments):
    from ale_py.vector_env import AtariVectorEnv

    return AtariVectorEnv(
        arguments.environment,
        arguments.envs,
        num_threads=min(arguments.threads, arguments.envs),
        max_num_frames_per_episode=MAX_FRAMES,
        repeat_action_probability=0.0,
        full_action_space=False,
        img_height=SIDE,
        img_width=SIDE,
        grayscale=True,
        stack_num=STACK,
        frameskip=FRAME_SKIP,
        maxpool=True,
        noop_max=NOOP_MAX,
        episodic_life=False,
        reward_clipping=False,
        use_fire_reset=False,
    )


if __name__ == "__main__":
    main()
