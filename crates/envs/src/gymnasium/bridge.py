"""One environment of Gymnasium, driven over standard input and output.

deepq starts this and speaks first. A request is one byte that says what is wanted, the length of what follows (u32), and
that; an answer is one byte, 0 for done and 1 for an error, the length (u32), and the result or the error's text. Numbers are
little endian, the elements of observations and of their bounds as this machine has them. The requests:

    MAKE        JSON: protocol, id, kwargs  ->  the length of a JSON text (u32), the text, lower and upper bounds
    RESET       flag (u8), seed (u64)       ->  observation
    STEP        action (u64)                ->  reward (f64), terminated (u8), truncated (u8), observation
    RENDER                                  ->  height (u32), width (u32), RGB bytes
    GENERATORS                              ->  JSON
    RESTORE     such JSON                   ->  nothing
    CLOSE                                   ->  the end of this process
"""

import importlib
import json
import os
import random
import select
import signal
import struct
import sys
import threading
import traceback

PROTOCOL = 1
MAKE, RESET, STEP, RENDER, GENERATORS, RESTORE, CLOSE = range(7)

# What the environment prints must not come between the answers, and what it reads must not be a request.
REQUESTS, ANSWERS = os.dup(0), os.dup(1)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(2, 1)


def end_with_the_parent():
    """Ends this process when nobody can send requests any more, whatever the environment is doing."""
    poll = select.poll()
    poll.register(REQUESTS, 0)  # only that the other end was closed
    poll.poll()
    os._exit(0)


def leave_the_pipes():
    """A process forked by the environment must not hold the pipes open."""
    os.close(REQUESTS)
    os.close(ANSWERS)


class Bridge:
    """The environment, and what a request does with it."""

    def make(self, payload):
        request = json.loads(payload)
        if request["protocol"] != PROTOCOL:
            raise RuntimeError(f"protocol {request['protocol']} is asked for, this is {PROTOCOL}")
        import gymnasium
        import numpy
        from gymnasium.utils import seeding

        # An environment that draws before its first seed draws the same each time.
        fresh = seeding.np_random
        seeding.np_random = lambda seed=None: fresh(0 if seed is None else seed)
        random.seed(0)
        numpy.random.seed(0)
        self.numpy = numpy
        self.globals = self.global_generators()
        self.env = make_env(gymnasium, request["id"], request["kwargs"])
        space, actions = self.env.observation_space, self.env.action_space
        if not isinstance(actions, gymnasium.spaces.Discrete):
            raise NotImplementedError(f"its actions are {actions}; deepq needs a Discrete action space")
        self.first_action = int(actions.start)
        if isinstance(space, gymnasium.spaces.Discrete):
            self.type, self.first_state = None, int(space.start)
            return self.describe(actions, {"discrete": int(space.n)})
        elements = {"float32": "f32", "float64": "f32", "uint8": "u8"}
        if not isinstance(space, gymnasium.spaces.Box) or space.dtype.name not in elements:
            raise NotImplementedError(
                f"its observations are {space}; deepq takes a Box of float32, float64 or uint8, or Discrete "
                "(gymnasium.wrappers.FlattenObservation and TransformObservation make one of many others)"
            )
        self.shape, self.box = space.shape, space.dtype
        self.type = numpy.dtype("uint8" if space.dtype == "uint8" else "float32")
        box = {"element": elements[space.dtype.name], "shape": list(space.shape)}
        return self.describe(actions, {"box": box}, self.encode(space.low), self.encode(space.high))

    def describe(self, actions, observation, *bounds):
        fps = self.env.metadata.get("render_fps")
        description = {"protocol": PROTOCOL, "actions": int(actions.n), "observation": observation}
        text = json.dumps({**description, "fps": None if fps is None else float(fps)}).encode()
        return struct.pack("<I", len(text)) + text + b"".join(bounds)

    def encode(self, observation):
        """The bytes of an observation."""
        if self.type is None:
            return struct.pack("=f", int(observation) - self.first_state)
        array = self.numpy.asarray(observation)
        if array.shape != self.shape:
            raise ValueError(f"an observation has shape {array.shape}, the observation space says {self.shape}")
        if array.dtype != self.box and not (self.type.kind == "f" and array.dtype.kind in "fiu"):
            raise ValueError(f"an observation is of {array.dtype}, the observation space says {self.box}")
        return array.astype(self.type, order="C", copy=False).tobytes()

    def reset(self, payload):
        seeded, seed = struct.unpack("<?Q", payload)
        observation, _ = self.env.reset(seed=seed if seeded else None)
        return self.encode(observation)

    def step(self, payload):
        (action,) = struct.unpack("<Q", payload)
        observation, reward, terminated, truncated, _ = self.env.step(self.first_action + action)
        return struct.pack("<d??", float(reward), bool(terminated), bool(truncated)) + self.encode(observation)

    def render(self, _):
        try:
            picture = self.env.render()
        except NotImplementedError:
            picture = None
        if picture is None:
            raise NotImplementedError('it draws no picture: it has no render mode "rgb_array"')
        picture = self.numpy.asarray(picture)
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != "uint8":
            raise ValueError(f"a picture is {picture.dtype} of shape {picture.shape}, not uint8 of height, width, 3")
        return struct.pack("<II", *picture.shape[:2]) + picture.tobytes()

    def global_generators(self):
        """Those of Python and NumPy that belong to nobody."""
        name, keys, *rest = self.numpy.random.get_state()
        return [random.getstate(), [name, keys.tolist(), *rest]]

    def generators(self, _):
        generator = getattr(self.env.unwrapped, "np_random", None)
        if not hasattr(generator, "bit_generator"):
            raise NotImplementedError(
                "it has no generator np_random as gymnasium.Env has, so that its state cannot be saved and checkpoints "
                "cannot be exact"
            )
        state = {"np_random": generator.bit_generator.state}
        # They are long, and most environments leave them alone.
        unowned = self.global_generators()
        if unowned != self.globals:
            state["global"] = unowned
        return json.dumps(state, default=lambda array: array.tolist()).encode()

    def restore(self, payload):
        state = json.loads(payload)
        before = self.env.unwrapped.np_random.bit_generator.state
        python, legacy = state.get("global", self.globals)
        try:
            self.env.unwrapped.np_random.bit_generator.state = state["np_random"]
            self.numpy.random.set_state(tuple(legacy))
            random.setstate((python[0], tuple(python[1]), python[2]))
        except BaseException:
            self.env.unwrapped.np_random.bit_generator.state = before
            raise
        return b""


def make_env(gymnasium, name, kwargs):
    """The environment, with pictures where it can draw them."""
    module, _, bare = name.rpartition(":")
    if module:
        importlib.import_module(module)
    registration = gymnasium.envs.registration
    namespace, env, version = registration.parse_env_id(bare)
    if version is None:
        # Without a version it is the newest, as gymnasium.make has it.
        newest = registration.find_highest_version(namespace, env)
        bare = registration.get_env_id(namespace, env, newest)
    spec = gymnasium.registry.get(bare)
    if spec is not None:
        entry = spec.entry_point
        creator = registration.load_env_creator(entry) if isinstance(entry, str) else entry
        if "rgb_array" in (getattr(creator, "metadata", {}).get("render_modes") or []):
            kwargs = {"render_mode": "rgb_array", **kwargs}
    return gymnasium.make(name, **kwargs)


def answer(status, payload):
    rest = memoryview(struct.pack("<BI", status, len(payload)) + payload)
    while rest:
        rest = rest[os.write(ANSWERS, rest) :]


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interruption means
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=leave_the_pipes)
    if hasattr(select, "poll"):
        threading.Thread(target=end_with_the_parent, daemon=True).start()
    bridge = Bridge()
    work = [bridge.make, bridge.reset, bridge.step, bridge.render, bridge.generators, bridge.restore]
    requests = open(REQUESTS, "rb", closefd=False)
    while True:
        header = requests.read(5)
        if len(header) < 5:
            return
        kind, length = struct.unpack("<BI", header)
        payload = requests.read(length)
        if kind == CLOSE:
            if hasattr(bridge, "env"):
                bridge.env.close()
            return
        try:
            status, result = 0, work[kind](payload)
        except BaseException:
            status, result = 1, traceback.format_exc().encode(errors="replace")
        answer(status, result)


code = 0
try:
    main()
except BrokenPipeError:
    pass  # nobody listens any more
except BaseException:
    traceback.print_exc()
    code = 1
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)  # at once, whatever threads the environment has
