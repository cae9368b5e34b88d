//! How fast each kernel is on each instruction set of this machine, on the sizes of the Nature network. An element is one
//! floating-point operation: the throughput is FLOP/s.
//!
//! ```text
//! cargo bench -p deepq-kernels -- avx512
//! ```

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deepq_kernels::Isa;
use deepq_kernels::adam::{Adam, AdamStep};
use deepq_kernels::convolution::{Forward, Geometry, InputGradient, WeightGradient};
use deepq_kernels::layer_norm::NormaliseRow;
use deepq_kernels::matmul::{MatMul, Matrix, MatrixMut, Start};

const BATCH: usize = 32;

/// Numbers of no pattern.
fn numbers(n: usize) -> Vec<f32> {
    (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1u32 << 24) as f32 - 0.5).collect()
}

fn convolutions(criterion: &mut Criterion) {
    for (name, shape, filters, kernel, stride) in
        [("conv1", [4, 84, 84], 32, 8, 4), ("conv2", [32, 20, 20], 64, 4, 2), ("conv3", [64, 9, 9], 64, 3, 1)]
    {
        let geometry = &Geometry::new(shape, filters, kernel, stride);
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements((2 * geometry.pixels() * geometry.depth() * filters) as u64));
        let (input, upstream) = (&numbers(geometry.input_len()), &numbers(geometry.output_len()));
        let (weight, bias) = (&numbers(geometry.depth() * filters), &numbers(filters));
        let mut output = upstream.clone();
        let (mut by_weight, mut by_input) = (weight.clone(), input.clone());
        for isa in Isa::available() {
            group.bench_function(format!("forward/{isa}"), |bencher| {
                bencher.iter(|| Forward { geometry, input, weight, bias, relu: true, output: &mut output }.run(isa));
            });
            group.bench_function(format!("weight gradient/{isa}"), |bencher| {
                bencher.iter(|| WeightGradient { geometry, input, upstream, gradient: &mut by_weight }.run(isa));
            });
            group.bench_function(format!("input gradient/{isa}"), |bencher| {
                bencher.iter(|| InputGradient { geometry, weight, upstream, gradient: &mut by_input }.run(isa));
            });
        }
    }
}

fn dense(criterion: &mut Criterion) {
    let (inputs, outputs) = (3136, 512);
    let mut group = criterion.benchmark_group("dense");
    let (weight, bias) = (numbers(outputs * inputs), numbers(outputs));
    let (columns, rows) = (numbers(inputs * BATCH), numbers(BATCH * inputs));
    let mut output = numbers(outputs * BATCH);
    let (mut by_weight, mut by_input) = (weight.clone(), rows.clone());
    for isa in Isa::available() {
        group.throughput(Throughput::Elements((2 * BATCH * inputs * outputs) as u64));
        group.bench_function(format!("forward/{isa}"), |bencher| {
            bencher.iter(|| {
                MatMul {
                    a: Matrix::new(&weight, outputs, inputs, inputs),
                    transposed: false,
                    b: Matrix::new(&columns, inputs, BATCH, BATCH),
                    c: MatrixMut::new(&mut output, outputs, BATCH, BATCH),
                    start: Start::Bias(&bias),
                    relu: true,
                }
                .run(isa);
            });
        });
        group.bench_function(format!("weight gradient/{isa}"), |bencher| {
            bencher.iter(|| {
                MatMul {
                    a: Matrix::new(&output, outputs, BATCH, BATCH),
                    transposed: false,
                    b: Matrix::new(&rows, BATCH, inputs, inputs),
                    c: MatrixMut::new(&mut by_weight, outputs, inputs, inputs),
                    start: Start::Zero,
                    relu: false,
                }
                .run(isa);
            });
        });
        group.bench_function(format!("input gradient/{isa}"), |bencher| {
            bencher.iter(|| {
                MatMul {
                    a: Matrix::new(&output, outputs, BATCH, BATCH),
                    transposed: true,
                    b: Matrix::new(&weight, outputs, inputs, inputs),
                    c: MatrixMut::new(&mut by_input, BATCH, inputs, inputs),
                    start: Start::Zero,
                    relu: false,
                }
                .run(isa);
            });
        });
        group.throughput(Throughput::Elements((2 * inputs * outputs) as u64));
        group.bench_function(format!("forward of one/{isa}"), |bencher| {
            bencher.iter(|| {
                MatMul {
                    a: Matrix::new(&weight, outputs, inputs, inputs),
                    transposed: false,
                    b: Matrix::new(&columns[..inputs], inputs, 1, 1),
                    c: MatrixMut::new(&mut output[..outputs], outputs, 1, 1),
                    start: Start::Bias(&bias),
                    relu: true,
                }
                .run(isa);
            });
        });
    }
}

/// Bound by memory: the throughput is values a second.
fn passes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("passes");
    let n = 3136 * 512;
    let (mut values, mut mean, mut square, gradient) = (numbers(n), numbers(n), vec![0.1; n], numbers(n));
    let step = AdamStep { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, rate: 1e-4, unbias: 1.0 };
    let units = 32 * 20 * 20;
    let (mut normal, weight, bias) = (numbers(units), numbers(units), numbers(units));
    let mut output = numbers(units);
    for isa in Isa::available() {
        group.throughput(Throughput::Elements(n as u64));
        group.bench_function(format!("adam/{isa}"), |bencher| {
            bencher.iter(|| {
                Adam { step, values: &mut values, mean: &mut mean, square: &mut square, gradient: &gradient }.run(isa);
            });
        });
        group.throughput(Throughput::Elements(units as u64));
        group.bench_function(format!("layer normalisation/{isa}"), |bencher| {
            bencher.iter(|| {
                let (weight, bias) = (&weight, &bias);
                NormaliseRow { values: &mut normal, weight, bias, relu: true, output: &mut output }.run(isa)
            });
        });
    }
}

criterion_group!(kernels, convolutions, dense, passes);
criterion_main!(kernels);
