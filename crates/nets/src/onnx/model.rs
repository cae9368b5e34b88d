//! What whoever exports a network says of its model.

/// What observations consist of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObservationType {
    /// Bytes, as frames; the model itself scales them by 1/255.
    Bytes,
    /// `f32`.
    Floats,
}

/// What an ONNX model says beside the network.
#[derive(Clone, Copy, Debug)]
pub struct OnnxModel<'a> {
    /// The graph's name.
    pub name: &'a str,
    /// What its input consists of.
    pub observation: ObservationType,
    /// The name of its output, as `q_values`.
    pub output: &'a str,
    /// Its metadata: keys, each once, and values.
    pub metadata: &'a [(&'a str, String)],
}
