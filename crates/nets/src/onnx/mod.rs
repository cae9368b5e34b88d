//! A network with its weights as an ONNX model: one file that runs without any code of ours.
//!
//! ONNX's own Rust crates need `protoc` to build; here the dozen messages stand in [`proto`], and [`graph`] says which
//! operators a network is.

mod graph;
mod model;
mod proto;

use prost::Message as _;

use crate::{NetError, Network, Outputs};
pub use model::{ObservationType, OnnxModel};
use proto::{
    Dimension, DimensionValue, GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorShapeProto,
    TensorTypeProto, TypeProto, ValueInfoProto,
};

/// The file format, that of ONNX 1.12, of 2022: what has come since is of no use here, and old runtimes read it.
const IR_VERSION: i64 = 8;
/// The operators: the first set with `LayerNormalization`, also of ONNX 1.12.
const OPSET: i64 = 17;
/// The largest message of protocol buffers.
const MOST_BYTES: usize = i32::MAX as usize;
/// The name of the input.
const OBSERVATION: &str = "observation";

impl Network {
    /// The network as an ONNX model (IR version 8, operators of set 17). Its input `observation` is `[batch, ..shape]` with any
    /// batch, its output `[batch, actions]`, or what [`Outputs`] says; it computes what [`values`](Self::values) does, without
    /// noise. Weights keep their names. The same network gives the same bytes.
    ///
    /// # Errors
    ///
    /// [`NetError::Onnx`] if it has a second input, or is too large: a model holds at most 2 GiB.
    pub fn to_onnx(&self, model: &OnnxModel<'_>) -> Result<Vec<u8>, NetError> {
        let too_large = |bytes: usize| {
            let reason = format!("it would have {bytes} bytes, and a model has at most {MOST_BYTES}");
            NetError::Onnx { reason }
        };
        if self.outputs() == Outputs::PerTau {
            let reason = "it has a second input, and a model has only observations".to_owned();
            return Err(NetError::Onnx { reason });
        }
        let weights = self.parameters().count() * size_of::<f32>();
        if weights > MOST_BYTES {
            return Err(too_large(weights));
        }
        let (observation, element) = (self.observation_shape(), graph::data_type(model.observation));
        let (node, initializer) = graph::of_network(self, OBSERVATION, model)?;
        let graph = GraphProto {
            node,
            name: model.name.to_owned(),
            initializer,
            input: vec![value(OBSERVATION, element, observation)],
            output: vec![value(model.output, proto::DataType::Float, &self.plan().row_shape())],
        };
        let entry =
            |(key, value): &(&str, String)| StringStringEntryProto { key: (*key).to_owned(), value: value.clone() };
        let model = ModelProto {
            ir_version: IR_VERSION,
            producer_name: "deepq".to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            graph: Some(graph),
            opset_import: vec![OperatorSetIdProto { version: OPSET }],
            metadata_props: model.metadata.iter().map(entry).collect(),
        };
        let bytes = model.encoded_len();
        if bytes > MOST_BYTES { Err(too_large(bytes)) } else { Ok(model.encode_to_vec()) }
    }
}

/// An input or output: a batch, whose size is free, of this shape.
fn value(name: &str, element: proto::DataType, shape: &[usize]) -> ValueInfoProto {
    let batch = DimensionValue::DimParam("batch".to_owned());
    let sides = shape.iter().map(|&side| DimensionValue::DimValue(side as i64));
    let dim = std::iter::once(batch).chain(sides).map(|value| Dimension { value: Some(value) }).collect();
    let tensor_type = TensorTypeProto { elem_type: element.into(), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.to_owned(), r#type: Some(TypeProto { tensor_type: Some(tensor_type) }) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use candle_core::Device;
    use rand_pcg::{Pcg64, rand_core::SeedableRng};

    use super::*;
    use crate::{Head, Interface, NetworkSpec, NoiseSpec, Normalisation, TauEmbedding, Torso};

    /// What ONNX Runtime makes of every network is tested with the program, as it comes from PyPI.
    #[test]
    fn nodes_take_what_is_there() {
        let nature = NetworkSpec::new(Torso::Nature {}, Head::Dueling { hidden: vec![8] });
        let residual = NetworkSpec { torso: Torso::impala_2018(), ..nature.clone() };
        let normalised = NetworkSpec { normalisation: Normalisation::Batch, ..nature.clone() };
        let noisy = NetworkSpec { noise: Some(NoiseSpec::fortunato_2018()), ..nature };
        for spec in [residual, normalised, noisy] {
            for outputs in [Outputs::One, Outputs::PerAction(4)] {
                let interface = Interface { outputs, noise: true };
                let network = Network::with_interface(&spec, &[84, 84], 3, interface, &mut rng(), &Device::Cpu);
                check_nodes(&network.unwrap());
            }
        }
    }

    fn rng() -> Pcg64 {
        Pcg64::seed_from_u64(1)
    }

    const MODEL: OnnxModel<'_> =
        OnnxModel { name: "n", observation: ObservationType::Bytes, output: "q_values", metadata: &[] };

    fn check_nodes(network: &Network) {
        let file = ModelProto::decode(network.to_onnx(&MODEL).unwrap().as_slice()).unwrap();
        assert_eq!((file.ir_version, file.opset_import[0].version), (IR_VERSION, OPSET));
        let graph = file.graph.unwrap();
        let tensors = graph.initializer.iter().map(|tensor| &tensor.name);
        let mut there: BTreeSet<&String> = tensors.chain([&graph.input[0].name]).collect();
        let mut taken = BTreeSet::new();
        for node in &graph.node {
            assert!(node.input.iter().all(|input| there.contains(input)), "{node:?}");
            taken.extend(&node.input);
            assert!(node.output.iter().all(|output| there.insert(output)), "{node:?}");
        }
        let left: Vec<_> = there.difference(&taken).collect();
        assert_eq!(left, [&&graph.output[0].name], "nothing is there in vain");
    }

    #[test]
    fn a_second_input_is_refused() {
        let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![3] }, Head::Single { hidden: vec![] });
        let spec = NetworkSpec { tau_embedding: Some(TauEmbedding::dabney_2018()), ..spec };
        let interface = Interface { outputs: Outputs::PerTau, noise: false };
        let network = Network::with_interface(&spec, &[4], 3, interface, &mut rng(), &Device::Cpu).unwrap();
        assert!(network.to_onnx(&MODEL).unwrap_err().to_string().contains("second input"));
    }
}
