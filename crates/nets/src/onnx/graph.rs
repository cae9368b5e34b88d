//! A network's plan as ONNX operators: the counterpart of the reference's forward pass, layer by layer.

use deepq_kernels::layer_norm::EPSILON as NORM_EPSILON;

use super::proto::{AttributeProto, AttributeType, DataType, NodeProto, TensorProto};
use super::{ObservationType, OnnxModel};
use crate::plan::{BATCHES, HeadPlan, Layer, LayerKind, Norm, Plan};
use crate::reference::BYTE_SCALE;
use crate::spec::Activation;
use crate::{NetError, QNetwork};

/// The nodes of a network and its weights, from the input `observation` to the output that the model names.
pub(super) fn of_network(
    network: &QNetwork,
    observation: &str,
    model: &OnnxModel<'_>,
) -> Result<(Vec<NodeProto>, Vec<TensorProto>), NetError> {
    let mut builder = Builder { plan: network.plan(), nodes: vec![], tensors: vec![] };
    for (name, tensor) in network.parameters().iter() {
        // Only training counts batches.
        if !name.ends_with(BATCHES) {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            builder.tensor(name, DataType::Float, tensor.dims(), values.iter().flat_map(|value| value.to_le_bytes()));
        }
    }
    builder.network(observation, model.observation);
    let Builder { mut nodes, tensors, .. } = builder;
    if let Some(last) = nodes.last_mut() {
        last.output = vec![model.output.to_owned()];
    }
    Ok((nodes, tensors))
}

pub(super) fn data_type(observation: ObservationType) -> DataType {
    match observation {
        ObservationType::Bytes => DataType::Uint8,
        ObservationType::Floats => DataType::Float,
    }
}

struct Builder<'a> {
    plan: &'a Plan,
    nodes: Vec<NodeProto>,
    tensors: Vec<TensorProto>,
}

impl Builder<'_> {
    fn network(&mut self, observation: &str, of: ObservationType) {
        let mut x = observation.to_owned();
        if of == ObservationType::Bytes {
            let scale = self.tensor("observation.scale", DataType::Float, &[], (BYTE_SCALE as f32).to_le_bytes());
            x = self.node("observation.Cast", "Cast", &[&x], vec![int("to", DataType::Float.into())]);
            x = self.node("observation.Mul", "Mul", &[&x, &scale], vec![]);
        }
        let plan = self.plan;
        let convolutional = matches!(plan.torso.first().map(|layer| &layer.kind), Some(LayerKind::Conv(_)));
        match (convolutional, plan.observation.as_slice()) {
            (true, [height, width]) => {
                let shape = [-1, 1, *height as i64, *width as i64];
                let bytes = shape.iter().flat_map(|side| side.to_le_bytes());
                let shape = self.tensor("observation.shape", DataType::Int64, &[shape.len()], bytes);
                x = self.node("observation.Reshape", "Reshape", &[&x, &shape], vec![]);
            }
            (true, _) | (false, [_]) => {}
            (false, _) => x = self.node("observation.Flatten", "Flatten", &[&x], vec![int("axis", 1)]),
        }
        let mut features = self.sequence(&plan.torso, x);
        if convolutional {
            features = self.node("torso.Flatten", "Flatten", &[&features], vec![int("axis", 1)]);
        }
        match &plan.head {
            HeadPlan::Single(layers) => {
                self.sequence(layers, features);
            }
            HeadPlan::Dueling { value, advantage } => {
                let value = self.sequence(value, features.clone());
                let advantage = self.sequence(advantage, features);
                let over_actions = vec![ints("axes", vec![1]), int("keepdims", 1)];
                let mean = self.node("advantage.ReduceMean", "ReduceMean", &[&advantage], over_actions);
                let centred = self.node("advantage.Sub", "Sub", &[&advantage, &mean], vec![]);
                self.node("value.Add", "Add", &[&centred, &value], vec![]);
            }
        }
    }

    /// Layers one after the other; gives the name of what comes out.
    fn sequence(&mut self, layers: &[Layer], mut x: String) -> String {
        for layer in layers {
            let name = self.name_at(layer.weight);
            x = match &layer.kind {
                LayerKind::Conv(conv) => {
                    let attributes = vec![square("kernel_shape", conv.kernel), square("strides", conv.stride)];
                    self.with_parameters(&name, "Conv", &x, layer.weight, 2, attributes)
                }
                LayerKind::Linear { .. } => {
                    self.with_parameters(&name, "Gemm", &x, layer.weight, 2, vec![int("transB", 1)])
                }
            };
            if let Some(norm) = layer.norm {
                x = self.normalise(norm, &x);
            }
            if let Some(activation) = layer.activation {
                let operator = match activation {
                    Activation::Relu => "Relu",
                    Activation::Tanh => "Tanh",
                };
                x = self.node(&format!("{name}.{operator}"), operator, &[&x], vec![]);
            }
            if let Some(side) = layer.pool {
                let attributes = vec![square("kernel_shape", side), square("strides", side)];
                x = self.node(&format!("{name}.MaxPool"), "MaxPool", &[&x], attributes);
            }
        }
        x
    }

    fn normalise(&mut self, norm: Norm, x: &str) -> String {
        let name = self.name_at(norm.weight);
        let epsilon = float("epsilon", NORM_EPSILON);
        if norm.over_batch {
            // Weight, bias, mean and variance.
            self.with_parameters(&name, "BatchNormalization", x, norm.weight, 4, vec![epsilon])
        } else {
            self.with_parameters(&name, "LayerNormalization", x, norm.weight, 2, vec![int("axis", 1), epsilon])
        }
    }

    /// A node that takes `x` and `n` parameters from the one at `first` on.
    fn with_parameters(
        &mut self,
        layer: &str,
        operator: &str,
        x: &str,
        first: usize,
        n: usize,
        attributes: Vec<AttributeProto>,
    ) -> String {
        let plan = self.plan;
        let parameters = plan.parameters[first..first + n].iter().map(|parameter| parameter.name.as_str());
        let inputs: Vec<&str> = std::iter::once(x).chain(parameters).collect();
        self.node(&format!("{layer}.{operator}"), operator, &inputs, attributes)
    }

    /// Adds a node whose output is called as itself; gives this name.
    fn node(&mut self, name: &str, operator: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> String {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: operator.to_owned(),
            attribute,
        });
        name.to_owned()
    }

    fn tensor(&mut self, name: &str, of: DataType, dims: &[usize], bytes: impl IntoIterator<Item = u8>) -> String {
        self.tensors.push(TensorProto {
            dims: dims.iter().map(|&side| side as i64).collect(),
            data_type: of.into(),
            name: name.to_owned(),
            raw_data: bytes.into_iter().collect(),
        });
        name.to_owned()
    }

    /// The layer whose weight this is: `torso.0` for `torso.0.weight`.
    fn name_at(&self, weight: usize) -> String {
        self.plan.parameters[weight].name.trim_end_matches(".weight").to_owned()
    }
}

fn int(name: &str, value: i32) -> AttributeProto {
    let (name, r#type) = (name.to_owned(), AttributeType::Int.into());
    AttributeProto { name, i: Some(value.into()), r#type, ..AttributeProto::default() }
}

fn float(name: &str, value: f32) -> AttributeProto {
    let (name, r#type) = (name.to_owned(), AttributeType::Float.into());
    AttributeProto { name, f: Some(value), r#type, ..AttributeProto::default() }
}

fn ints(name: &str, values: Vec<i64>) -> AttributeProto {
    let (name, r#type) = (name.to_owned(), AttributeType::Ints.into());
    AttributeProto { name, ints: values, r#type, ..AttributeProto::default() }
}

/// The same number for height and width.
fn square(name: &str, side: usize) -> AttributeProto {
    ints(name, vec![side as i64; 2])
}
