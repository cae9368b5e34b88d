"""What TensorBoard itself reads in a run's folder, as JSON.

    python3 -I -S read_events.py PACKAGES RUN

PACKAGES is a folder of its own for TensorBoard. Started with -I -S, so that nothing else that is installed is seen.
"""

import io
import json
import sys


def main(packages, run):
    sys.path.insert(0, packages)
    from tensorboard.backend.event_processing import event_accumulator

    from PIL import Image

    everything = {event_accumulator.SCALARS: 0, event_accumulator.HISTOGRAMS: 0, event_accumulator.IMAGES: 0}
    events = event_accumulator.EventAccumulator(run, size_guidance=everything)
    events.Reload()
    tags = events.Tags()
    histograms = {}
    for tag in tags["histograms"]:
        values = [(event.step, event.histogram_value) for event in events.Histograms(tag)]
        histograms[tag] = [[step, h.min, h.max, h.num, sum(h.bucket)] for step, h in values]
    scalars = {tag: [[event.step, event.value] for event in events.Scalars(tag)] for tag in tags["scalars"]}
    images = {}
    for tag in tags["images"]:
        images[tag] = []
        for event in events.Images(tag):
            with Image.open(io.BytesIO(event.encoded_image_string)) as image:
                image.seek(image.n_frames - 1)
                images[tag].append([event.step, event.width, event.height, *image.size, image.n_frames])
    json.dump({"scalars": scalars, "histograms": histograms, "images": images}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
