//! What TensorBoard's dashboard of hyper-parameters reads: three summaries without values, each with a message of the
//! plugin's own (`plugin_data.proto` and `api.proto` of `tensorboard/plugins/hparams`).

use std::collections::BTreeMap;

use crate::document::HyperParameter;
use crate::protobuf::Message;

const PLUGIN: &str = "hparams";
/// The tags by which runs are compared.
const METRICS: [(&str, u64); 2] = [("eval/mean", VALIDATION), ("charts/episodic_return", TRAINING)];
/// `MetricInfo.DatasetType`.
const TRAINING: u64 = 1;
const VALIDATION: u64 = 2;
/// `Status`.
const SUCCESS: u64 = 1;

/// The columns: hyper-parameters with their types, and metrics.
pub(crate) fn experiment(name: &str, parameters: &BTreeMap<String, HyperParameter>, now: f64) -> Message {
    let mut experiment = Message::default();
    experiment.double(3, now);
    for (key, parameter) in parameters {
        let mut info = Message::default();
        info.text(1, key);
        info.integer(4, data_type(parameter));
        experiment.message(4, &info);
    }
    for (tag, dataset) in METRICS {
        let mut metric = Message::default();
        metric.text(2, tag);
        let mut info = Message::default();
        info.message(1, &metric);
        info.integer(5, dataset);
        experiment.message(5, &info);
    }
    experiment.text(6, name);
    value("_hparams_/experiment", 2, &experiment)
}

/// A row: the values of a run.
pub(crate) fn session_start(parameters: &BTreeMap<String, HyperParameter>, now: f64) -> Message {
    let mut start = Message::default();
    for (key, parameter) in parameters {
        // An entry of a map is a message of key and value.
        let mut entry = Message::default();
        entry.text(1, key);
        entry.message(2, &well_known(parameter));
        start.message(1, &entry);
    }
    start.double(5, now);
    value("_hparams_/session_start_info", 3, &start)
}

/// That the run of a row is done.
pub(crate) fn session_end(now: f64) -> Message {
    let mut end = Message::default();
    end.integer(1, SUCCESS);
    end.double(2, now);
    value("_hparams_/session_end_info", 4, &end)
}

/// One of the fields of `HParamsPluginData`, whose version is 0.
fn value(tag: &str, field: u64, message: &Message) -> Message {
    let mut content = Message::default();
    content.message(field, message);
    Message::of_plugin(tag, PLUGIN, &content)
}

/// `DataType`.
fn data_type(parameter: &HyperParameter) -> u64 {
    match parameter {
        HyperParameter::Word(_) => 1,
        HyperParameter::Switch(_) => 2,
        HyperParameter::Number(_) => 3,
    }
}

/// A `google.protobuf.Value`.
fn well_known(parameter: &HyperParameter) -> Message {
    let mut value = Message::default();
    match parameter {
        HyperParameter::Number(number) => value.double(2, *number),
        HyperParameter::Word(word) => value.text(3, word),
        HyperParameter::Switch(switch) => value.integer(4, u64::from(*switch)),
    }
    value
}
