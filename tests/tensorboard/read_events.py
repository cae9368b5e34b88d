"""What TensorBoard itself reads in a run's folder, as JSON.

    python3 -I -S read_events.py PACKAGES RUN

PACKAGES is a folder of its own for TensorBoard; where it is missing, pip fills it from PyPI, whole or not at all. Started
with -I -S, so that nothing else that is installed is seen.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile

TENSORBOARD = "tensorboard==2.21.0"


def install(packages):
    parent = os.path.dirname(os.path.abspath(packages))
    os.makedirs(parent, exist_ok=True)
    folder = tempfile.mkdtemp(dir=parent)
    try:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
               "--no-warn-script-location", "--target", os.path.join(folder, "packages"), TENSORBOARD]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        try:
            os.rename(os.path.join(folder, "packages"), packages)
        except OSError:
            if not os.path.isdir(packages):  # else another test was faster
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(packages, run):
    if not os.path.isdir(packages):
        install(packages)
    sys.path.insert(0, packages)
    from tensorboard.backend.event_processing import event_accumulator

    everything = {event_accumulator.SCALARS: 0, event_accumulator.HISTOGRAMS: 0}
    events = event_accumulator.EventAccumulator(run, size_guidance=everything)
    events.Reload()
    tags = events.Tags()
    histograms = {}
    for tag in tags["histograms"]:
        values = [(event.step, event.histogram_value) for event in events.Histograms(tag)]
        histograms[tag] = [[step, h.min, h.max, h.num, sum(h.bucket)] for step, h in values]
    scalars = {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in tags["scalars"]}
    json.dump({"scalars": scalars, "histograms": histograms}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
