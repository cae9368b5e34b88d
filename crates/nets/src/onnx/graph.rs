//! A network's plan as ONNX operators: the counterpart of the reference's forward pass, layer by layer.

use std::convert::Infallible;

use deepq_kernels::layer_norm::EPSILON as NORM_EPSILON;

use super::model::{ObservationType, OnnxModel};
use super::proto::{AttributeProto, AttributeType, DataType, NodeProto, TensorProto};
use crate::combine::Algebra;
use crate::interface::Outputs;
use crate::layers::BYTE_SCALE;
use crate::layers::{Block, Layer, LayerKind, Norm, Role};
use crate::plan::{BATCHES, Plan};
use crate::spec::Activation;
use crate::{NetError, Network};

/// The nodes of a network and its weights, from the input `observation` to the output that the model names.
pub(super) fn of_network(
    network: &Network,
    observation: &str,
    model: &OnnxModel<'_>,
) -> Result<(Vec<NodeProto>, Vec<TensorProto>), NetError> {
    let mut builder = Builder { plan: network.plan(), nodes: vec![], tensors: vec![] };
    for ((name, tensor), plan) in network.parameters().iter().zip(&network.plan().parameters) {
        // Only training counts batches, and only in training is there noise.
        if !name.ends_with(BATCHES) && !matches!(plan.role, Role::Deviation(_)) {
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
        let convolutional = plan.image().is_some();
        match (convolutional, plan.observation.as_slice()) {
            (true, [height, width]) => x = self.reshape("observation", &x, &[-1, 1, *height as i64, *width as i64]),
            (true, _) | (false, [_]) => {}
            (false, _) => x = self.node("observation.Flatten", "Flatten", &[&x], vec![int("axis", 1)]),
        }
        let mut features = self.sequence(&plan.torso, x);
        if convolutional {
            features = self.node("torso.Flatten", "Flatten", &[&features], vec![int("axis", 1)]);
        }
        let Ok(_) = plan.rule.combine(&mut Streams { builder: self, features });
    }

    /// Parts of a torso one after the other; gives the name of what comes out.
    fn sequence(&mut self, blocks: &[Block], mut x: String) -> String {
        for block in blocks {
            x = match block {
                Block::Layer(layer) => self.layer(layer, x),
                Block::Activation { name, activation } => self.activate(name, *activation, &x),
                Block::Residual { name, parts } => {
                    let made = self.sequence(parts, x.clone());
                    self.node(&format!("{name}.Add"), "Add", &[&made, &x], vec![])
                }
            };
        }
        x
    }

    /// Gives the name of what comes out.
    fn layer(&mut self, layer: &Layer, mut x: String) -> String {
        let (name, weight) = (self.name_at(layer.weight), layer.weight);
        x = match &layer.kind {
            LayerKind::Conv(conv) => {
                let mut attributes = vec![square("kernel_shape", conv.kernel), square("strides", conv.stride)];
                attributes.extend(padding(conv.padding));
                self.with_parameters(&name, "Conv", &x, &[weight, weight + 1], attributes)
            }
            LayerKind::Linear { .. } => {
                self.with_parameters(&name, "Gemm", &x, &[weight, weight + 1], vec![int("transB", 1)])
            }
            // The means: a model acts without noise.
            LayerKind::Noisy { .. } => {
                self.with_parameters(&name, "Gemm", &x, &[weight, weight + 2], vec![int("transB", 1)])
            }
        };
        if let Some(norm) = layer.norm {
            x = self.normalise(norm, &x);
        }
        if let Some(activation) = layer.activation {
            x = self.activate(&name, activation, &x);
        }
        if let Some(pool) = layer.pool {
            let mut attributes = vec![square("kernel_shape", pool.side), square("strides", pool.stride)];
            attributes.extend(padding(pool.padding));
            x = self.node(&format!("{name}.MaxPool"), "MaxPool", &[&x], attributes);
        }
        x
    }

    fn activate(&mut self, name: &str, activation: Activation, x: &str) -> String {
        let operator = match activation {
            Activation::Relu => "Relu",
            Activation::Tanh => "Tanh",
        };
        self.node(&format!("{name}.{operator}"), operator, &[x], vec![])
    }

    fn reshape(&mut self, name: &str, x: &str, shape: &[i64]) -> String {
        let bytes = shape.iter().flat_map(|side| side.to_le_bytes());
        let shape = self.tensor(&format!("{name}.shape"), DataType::Int64, &[shape.len()], bytes);
        self.node(&format!("{name}.Reshape"), "Reshape", &[x, &shape], vec![])
    }

    fn normalise(&mut self, norm: Norm, x: &str) -> String {
        let name = self.name_at(norm.weight);
        let epsilon = float("epsilon", NORM_EPSILON);
        if norm.over_batch {
            // Weight, bias, mean and variance.
            let parameters = [0, 1, 2, 3].map(|i| norm.weight + i);
            self.with_parameters(&name, "BatchNormalization", x, &parameters, vec![epsilon])
        } else {
            let parameters = [norm.weight, norm.weight + 1];
            self.with_parameters(&name, "LayerNormalization", x, &parameters, vec![int("axis", 1), epsilon])
        }
    }

    /// A node that takes `x` and these parameters.
    fn with_parameters(
        &mut self,
        layer: &str,
        operator: &str,
        x: &str,
        parameters: &[usize],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let plan = self.plan;
        let parameters = parameters.iter().map(|&i| plan.parameters[i].name.as_str());
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
        let name = &self.plan.parameters[weight].name;
        name.rsplit_once('.').map_or(name.as_str(), |(layer, _)| layer).to_owned()
    }
}

/// The streams behind the features, for the rule that combines them. Values are names.
struct Streams<'a, 'b> {
    builder: &'a mut Builder<'b>,
    features: String,
}

impl Algebra for Streams<'_, '_> {
    type Value = String;
    type Error = Infallible;

    fn stream(&mut self, index: usize) -> Result<String, Infallible> {
        let plan = self.builder.plan;
        let stream = &plan.streams[index];
        let x = stream.layers.iter().fold(self.features.clone(), |x, layer| self.builder.layer(layer, x));
        Ok(match plan.outputs {
            Outputs::PerAction(outputs) => {
                self.builder.reshape(stream.name, &x, &[-1, stream.actions as i64, outputs as i64])
            }
            Outputs::One | Outputs::PerTau => x,
        })
    }

    fn mean_over_actions(&mut self, name: &str, x: &String) -> Result<String, Infallible> {
        let over_actions = vec![ints("axes", vec![1]), int("keepdims", 1)];
        Ok(self.builder.node(&format!("{name}.ReduceMean"), "ReduceMean", &[x], over_actions))
    }

    fn subtract(&mut self, name: &str, a: &String, b: &String) -> Result<String, Infallible> {
        Ok(self.builder.node(&format!("{name}.Sub"), "Sub", &[a, b], vec![]))
    }

    fn add(&mut self, name: &str, a: &String, b: &String) -> Result<String, Infallible> {
        Ok(self.builder.node(&format!("{name}.Add"), "Add", &[a, b], vec![]))
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

/// The same number on all four sides; nothing for none.
fn padding(rows: usize) -> Option<AttributeProto> {
    (rows > 0).then(|| ints("pads", vec![rows as i64; 4]))
}
