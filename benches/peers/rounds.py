"""Rounds on request: how `deepq bench --peers` and the programs in this folder talk.

A program starts, builds what it measures and prints one line of JSON: the work that it does, as it counted it itself,
which must be the same as deepq's. Then it waits. Each line that it reads is the length of a round in seconds; it
measures and prints one line of JSON with the samples, in seconds per unit of work. At the end of its input it ends.
Between its rounds it uses no processor: the other side is being measured.

By hand: printf '2\\n2\\n2\\n' | python update.py dueling
"""

import json
import sys
import time

# As many samples as a round should have, and the fewest that it may have.
BLOCKS, FEWEST = 20, 3
WARM_UP = 5


def blocks(seconds, call, count=None):
    """Calls `call` over and over for about so many seconds and times blocks of calls.

    `count`, called after each block and outside of its time, says how many units of work the block did; without it each
    call is one.
    """
    for _ in range(WARM_UP):
        call()
    begin = time.perf_counter()
    call()
    once = max(time.perf_counter() - begin, 1e-7)
    calls = max(1, int(seconds / BLOCKS / once))
    if count:
        count()
    wall, cpu = [], []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(wall) < FEWEST:
        w, c = time.perf_counter(), time.process_time()
        for _ in range(calls):
            call()
        w, c = time.perf_counter() - w, time.process_time() - c
        units = count() if count else calls
        wall.append(w / units)
        cpu.append(c / units)
    return {"wall": wall, "cpu": cpu}


def serve(work, measure):
    """Tells the work, then answers each request for a round with what `measure(seconds)` gives."""
    print(json.dumps({"work": work}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(float(line))), flush=True)
