//! More than one output an action.

use candle_core::{Device, Tensor};
use deepq_nets::{Compute, Head, Interface, Isa, Network, NetworkSpec, Outputs, Torso};

use crate::setup::{assert_close, check_file, check_gradients, flat, network, observations, parameter, refusal, wide};

fn per_action(outputs: usize) -> Interface {
    Interface { outputs: Outputs::PerAction(outputs), ..Interface::default() }
}

fn specs() -> [NetworkSpec; 3] {
    let mlp = || Torso::Mlp { hidden: vec![9] };
    [
        NetworkSpec::new(mlp(), Head::Single { hidden: vec![5] }),
        NetworkSpec::new(mlp(), Head::Dueling { hidden: vec![] }),
        NetworkSpec::new(
            Torso::Conv { layers: vec![deepq_nets::ConvSpec::new(4, 2, 1)] },
            Head::Dueling { hidden: vec![6] },
        ),
    ]
}

/// Q = V + A - mean A, for each output by itself.
#[test]
fn a_dueling_head_combines_each_output_by_itself() {
    let spec = NetworkSpec::new(Torso::Mlp { hidden: vec![] }, Head::Dueling { hidden: vec![] });
    let mut network = network(&spec, &[4], 3, per_action(5));
    let x = observations(&network, 2, 1);
    let dense = |stream: &str, outputs: usize| -> Vec<f64> {
        let (weight, bias) =
            (parameter(&network, &format!("{stream}.0.weight")), parameter(&network, &format!("{stream}.0.bias")));
        let rows = wide(&flat(&x));
        let dot = |row: &[f64], o: usize| row.iter().zip(&weight[o * 4..]).map(|(a, b)| a * b).sum::<f64>() + bias[o];
        rows.chunks_exact(4).flat_map(|row| (0..outputs).map(|o| dot(row, o)).collect::<Vec<_>>()).collect()
    };
    let (value, advantage) = (dense("value", 5), dense("advantage", 15));
    let mut expected = vec![];
    for row in 0..2 {
        for action in 0..3 {
            for output in 0..5 {
                let of = |action: usize| advantage[row * 15 + action * 5 + output];
                expected.push(value[row * 5 + output] + of(action) - (of(0) + of(1) + of(2)) / 3.0);
            }
        }
    }
    for compute in [Compute::Reference, Compute::Kernels(Isa::best())] {
        network.set_compute(compute).unwrap();
        let q = network.values(&x).unwrap();
        assert_eq!(q.dims(), [2, 3, 5]);
        assert_close(&flat(&q), &expected);
    }
}

#[test]
fn kernels_and_candle_agree_on_values_and_gradients() {
    for spec in specs() {
        let mut network = network(&spec, &[3, 4], 3, per_action(4));
        assert_eq!(network.compute(), Compute::Kernels(Isa::best()));
        let (x, next) = (observations(&network, 6, 1), observations(&network, 2, 2));
        let mut results = vec![];
        for compute in [Compute::Reference, Compute::Kernels(Isa::best())] {
            network.set_compute(compute).unwrap();
            check_gradients(&network, |network| network.forward(&x).unwrap());
            let (q, q_next) = network.forward_with_next(&x, &next).unwrap();
            assert_eq!((q.dims(), q_next.dims()), (&[6, 3, 4][..], &[2, 3, 4][..]));
            let loss = q.sqr().unwrap().sum_all().unwrap();
            let gradients = network.backward(&loss).unwrap();
            let gradients = gradients.iter().flat_map(|item| item.unwrap().1.into_owned());
            results.push([flat(&q), flat(&q_next), gradients.collect()].concat());
        }
        let greatest = results[0].iter().fold(1.0f32, |most, x| most.max(x.abs()));
        for (kernels, reference) in results[1].iter().zip(&results[0]) {
            assert!((kernels - reference).abs() <= 1e-5 * greatest, "{kernels} is not {reference}");
        }
        check_file(&network, &spec, per_action(4));
    }
}

/// One output with an axis of its own has the bits of one without.
#[test]
fn one_output_is_what_it_is_without_an_axis() {
    for spec in specs() {
        let [with, without] = [per_action(1), Interface::default()].map(|i| network(&spec, &[3, 4], 3, i));
        let x = observations(&with, 6, 1);
        let [a, b] = [&with, &without].map(|network: &Network| network.values(&x).unwrap());
        assert_eq!((a.dims(), b.dims()), (&[6, 3, 1][..], &[6, 3][..]));
        assert_eq!(flat(&a), flat(&b));
        assert_eq!(with.parameters().to_safetensors().unwrap(), without.parameters().to_safetensors().unwrap());
    }
}

#[test]
fn impossible_numbers_of_outputs_are_refused() {
    for outputs in [0, 1 << 30] {
        let error = refusal(&specs()[0], &[3, 4], per_action(outputs));
        assert!(error.contains(&format!("{outputs} outputs")), "{error}");
    }
    let network = network(&specs()[0], &[3, 4], 3, per_action(2));
    let taus = Some(&[0.5f32][..]);
    let given = deepq_nets::Given { taus, ..deepq_nets::Given::default() };
    let x = Tensor::zeros((1, 3, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(network.values_given(&x, &given).unwrap_err().to_string().contains("no second input"));
}
