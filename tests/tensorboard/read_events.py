"""What TensorBoard itself reads in a run's folder, as JSON.

    python3 -I -S read_events.py PACKAGES RUN

PACKAGES is a folder of its own for TensorBoard. Started with -I -S, so that nothing else that is installed is seen.
"""

import io
import json
import sys


def hyper_parameters(run):
    """The rows of the hyper-parameters' dashboard, as its own backend makes them from a folder of runs."""
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

    events = plugin_event_multiplexer.EventMultiplexer()
    events.AddRunsFromDirectory(run)
    events.Reload()
    board = base_plugin.TBContext(data_provider=data_provider.MultiplexerDataProvider(events, run))
    backend, request = backend_context.Context(board), context.RequestContext()
    experiment = get_experiment.Handler(
        request, backend, "", api_pb2.GetExperimentRequest(experiment_name="", include_metrics=True)).run()
    asked = api_pb2.ListSessionGroupsRequest(
        experiment_name="", start_index=0, slice_size=100,
        col_params=[api_pb2.ColParams(metric=info.name) for info in experiment.metric_infos],
        allowed_statuses=[api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_RUNNING])
    rows = list_session_groups.Handler(request, backend, "", asked).run().session_groups
    return {
        "name": experiment.name,
        "types": {info.name: info.type for info in experiment.hparam_infos},
        "rows": [{
            "hparams": {key: getattr(value, value.WhichOneof("kind")) for key, value in row.hparams.items()},
            "metrics": {metric.name.tag: [metric.training_step, metric.value] for metric in row.metric_values},
            "sessions": [[session.name, session.status] for session in row.sessions],
        } for row in rows],
    }


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
    texts = {}
    for tag in tags["tensors"]:
        metadata = events.SummaryMetadata(tag).plugin_data
        if metadata.plugin_name == "text":
            values = [event.tensor_proto.string_val for event in events.Tensors(tag)]
            texts[tag] = [[text.decode() for text in value] for value in values]
    images = {}
    for tag in tags["images"]:
        images[tag] = []
        for event in events.Images(tag):
            with Image.open(io.BytesIO(event.encoded_image_string)) as image:
                image.seek(image.n_frames - 1)
                images[tag].append([event.step, event.width, event.height, *image.size, image.n_frames])
    json.dump({"scalars": scalars, "histograms": histograms, "images": images, "texts": texts,
               "hyper_parameters": hyper_parameters(run)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
