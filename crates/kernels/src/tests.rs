//! Every kernel gives what plain loops in f64 give, for any sizes, and the same bits on every instruction set of this machine.

use proptest::prelude::*;

use crate::Isa;
use crate::adam::{Adam, AdamStep};
use crate::convolution::{Forward, Geometry, InputGradient, WeightGradient};
use crate::frames::FromBytes;
use crate::layer_norm::{NormaliseColumns, NormaliseColumnsGradient, NormaliseRow, NormaliseRowGradient};
use crate::matmul::{MatMul, Matrix, MatrixMut, Start};
use crate::max_pool::MaxPool;
use crate::relu::ReluGradient;
use crate::rms_prop::{RmsProp, RmsPropStep};
use crate::sums::{ColumnSums, RowSums, SumOfSquares};
use crate::tanh::{Tanh, TanhGradient};
use crate::transpose::Transpose;

/// Numbers in [-1, 1) of no pattern.
fn numbers(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// The sum of `n` products may be wrong by this much.
fn close(a: f32, b: f64, n: usize) -> bool {
    (f64::from(a) - b).abs() <= 1e-6 * (n as f64 + 4.0)
}

fn check(what: &str, actual: &[f32], expected: &[f64], n: usize) {
    assert_eq!(actual.len(), expected.len());
    for (i, (a, b)) in actual.iter().zip(expected).enumerate() {
        assert!(close(*a, *b, n), "{what} at {i}: {a} {b}");
    }
}

/// What `kernel` gives, which must be the same bits on every instruction set.
fn on_each<R: AsRef<[f32]>>(mut kernel: impl FnMut(Isa) -> R) -> R {
    // Which of the many that are not a number comes out is the processor's own.
    let bits = |x: &f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
    let mut results = Isa::available().into_iter().map(|isa| (isa, kernel(isa)));
    let (first, expected) = results.next().unwrap();
    for (isa, actual) in results {
        let (expected, actual) = (expected.as_ref(), actual.as_ref());
        let differs = expected.iter().zip(actual).position(|(a, b)| bits(a) != bits(b));
        assert_eq!(expected.len(), actual.len());
        assert!(
            differs.is_none(),
            "{first} and {isa} differ at {differs:?}: {:?}",
            differs.map(|i| (expected[i], actual[i]))
        );
    }
    expected
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().copied().map(f64::from).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 60 }))]

    #[test]
    fn products(m in 1..70usize, n in 1..140usize, depth in 0..300usize, gap in 0..3usize, kind in 0..3, relu: bool, transposed: bool) {
        let (a_rows, a_columns) = if transposed { (depth, m) } else { (m, depth) };
        let a = numbers(a_rows * (a_columns + gap) + 1, 1);
        let b = numbers(depth * (n + gap) + 1, 2);
        let before = numbers(m * (n + gap), 3);
        let bias = numbers(m, 4);
        let mut expected = wide(&before);
        for row in 0..m {
            for column in 0..n {
                let place = row * (n + gap) + column;
                let mut sum = match kind { 0 => 0.0, 1 => f64::from(bias[row]), _ => expected[place] };
                for k in 0..depth {
                    let a = if transposed { a[k * (m + gap) + row] } else { a[row * (depth + gap) + k] };
                    sum += f64::from(a) * f64::from(b[k * (n + gap) + column]);
                }
                expected[place] = if relu { sum.max(0.0) } else { sum };
            }
        }
        let c = on_each(|isa| {
            let mut c = before.clone();
            MatMul {
                a: Matrix::new(&a, a_rows, a_columns, a_columns + gap),
                transposed,
                b: Matrix::new(&b, depth, n, n + gap),
                c: MatrixMut::new(&mut c, m, n, n + gap),
                start: match kind { 0 => Start::Zero, 1 => Start::Bias(&bias), _ => Start::Add },
                relu,
            }
            .run(isa);
            c
        });
        check("product", &c, &expected, depth);
    }

    #[test]
    fn convolutions(
        channels in 1..20usize, height in 1..14usize, width in 1..14usize, filters in 1..70usize, kernel in 1..6usize, stride in 1..5usize,
    ) {
        prop_assume!(kernel <= height.min(width));
        let g = Geometry::new([channels, height, width], filters, kernel, stride);
        let columns = (width - kernel) / stride + 1;
        let (x, w) = (numbers(g.input_len(), 1), numbers(g.depth() * filters, 2));
        let (bias, dy, dw_before) = (numbers(filters, 3), numbers(g.output_len(), 4), numbers(w.len(), 5));
        // [filter, place, channel]
        let mut turned = vec![0.0; w.len()];
        for place in 0..g.depth() {
            for filter in 0..filters {
                turned[filter * g.depth() + place] = w[place * filters + filter];
            }
        }
        let mut y: Vec<f64> = (0..g.output_len()).map(|i| f64::from(bias[i % filters])).collect();
        let (mut dw, mut dx) = (wide(&dw_before), vec![0.0f64; x.len()]);
        for i in 0..g.output_len() {
            let (pixel, filter) = (i / filters, i % filters);
            let (row, column) = (pixel / columns * stride, pixel % columns * stride);
            for place in 0..g.depth() {
                let (kernel_row, rest) = (place / (kernel * channels), place % (kernel * channels));
                let (kernel_column, channel) = (rest / channels, rest % channels);
                let at = ((row + kernel_row) * width + column + kernel_column) * channels + channel;
                let weight = place * filters + filter;
                y[i] += f64::from(x[at]) * f64::from(w[weight]);
                dw[weight] += f64::from(x[at]) * f64::from(dy[i]);
                dx[at] += f64::from(w[weight]) * f64::from(dy[i]);
            }
        }
        let rectified: Vec<f64> = y.iter().map(|y| y.max(0.0)).collect();
        for (relu, expected) in [(false, &y), (true, &rectified)] {
            let output = on_each(|isa| {
                let mut output = vec![9.0; y.len()];
                Forward { geometry: &g, input: &x, weight: &w, bias: &bias, relu, output: &mut output }.run(isa);
                output
            });
            check("convolution", &output, expected, g.depth());
        }
        let gradient = on_each(|isa| {
            let mut gradient = dw_before.clone();
            WeightGradient { geometry: &g, input: &x, upstream: &dy, gradient: &mut gradient }.run(isa);
            gradient
        });
        check("weight gradient", &gradient, &dw, g.pixels());
        let gradient = on_each(|isa| {
            let mut gradient = vec![9.0; x.len()];
            InputGradient { geometry: &g, weight: &turned, upstream: &dy, gradient: &mut gradient }.run(isa);
            gradient
        });
        check("input gradient", &gradient, &dx, g.depth() * filters);
    }

    #[test]
    fn transposes(rows in 0..50usize, columns in 0..50usize, gap in 0..3usize) {
        let from = numbers(rows * (columns + gap), 1);
        let before = numbers(columns * (rows + gap), 2);
        let mut expected = before.clone();
        for row in 0..rows {
            for column in 0..columns {
                expected[column * (rows + gap) + row] = from[row * (columns + gap) + column];
            }
        }
        let to = on_each(|isa| {
            let mut to = before.clone();
            Transpose { from: &from, rows, columns, from_stride: columns + gap, to: &mut to, to_stride: rows + gap }.run(isa);
            to
        });
        prop_assert_eq!(&to, &expected);
    }

    #[test]
    fn bytes_become_numbers(channels in 1..7usize, pixels in 0..700usize) {
        let bytes: Vec<u8> = numbers(channels * pixels, 1).iter().map(|x| (x * 128.0 + 128.0) as u8).collect();
        let numbers = on_each(|isa| {
            let mut numbers = vec![9.0; bytes.len()];
            FromBytes { channels, scale: 0.5, bytes: &bytes, numbers: &mut numbers }.run(isa);
            numbers
        });
        for (i, x) in numbers.iter().enumerate() {
            prop_assert_eq!(*x, 0.5 * f32::from(bytes[i % channels * pixels + i / channels]));
        }
    }

    #[test]
    fn sums(rows in 0..20usize, columns in 1..70usize, gap in 0..3usize) {
        let values = numbers(rows * (columns + gap), 1);
        let (rows_before, columns_before) = (numbers(rows, 2), numbers(columns + gap, 3));
        let (mut row_sums, mut column_sums) = (wide(&rows_before), wide(&columns_before));
        for (i, x) in values.iter().enumerate() {
            let (row, column) = (i / (columns + gap), i % (columns + gap));
            column_sums[column] += f64::from(*x);
            if column < columns {
                row_sums[row] += f64::from(*x);
            }
        }
        let squares: f64 = wide(&values).iter().map(|x| x * x).sum();
        let sums = on_each(|isa| {
            let mut sums = rows_before.clone();
            RowSums { values: &values, columns, stride: columns + gap, sums: &mut sums }.run(isa);
            sums
        });
        check("row sums", &sums, &row_sums, columns);
        let sums = on_each(|isa| {
            let mut sums = columns_before.clone();
            ColumnSums { values: &values, sums: &mut sums }.run(isa);
            sums
        });
        check("column sums", &sums, &column_sums, rows);
        let of_squares: Vec<f64> = Isa::available().into_iter().map(|isa| SumOfSquares { values: &values }.run(isa)).collect();
        prop_assert!((of_squares[0] - squares).abs() <= 1e-5 * squares);
        prop_assert!(of_squares.iter().all(|sum| sum.to_bits() == of_squares[0].to_bits()), "{:?}", of_squares);
    }

    #[test]
    fn activations_and_their_gradients(n in 0..70usize) {
        let x: Vec<f32> = numbers(n, 1).iter().map(|x| 6.0 * x * x * x).collect();
        let upstream = numbers(n, 2);
        let outputs: Vec<f32> = x.iter().map(|x| x.max(0.0)).collect();
        let relu: Vec<f64> = (0..n).map(|i| if x[i] > 0.0 { f64::from(upstream[i]) } else { 0.0 }).collect();
        let tanh: Vec<f64> = x.iter().map(|x| f64::from(*x).tanh()).collect();
        let gradient = on_each(|isa| {
            let mut gradient = upstream.clone();
            ReluGradient { output: &outputs, gradient: &mut gradient }.run(isa);
            gradient
        });
        check("relu gradient", &gradient, &relu, 0);
        let values = on_each(|isa| {
            let mut values = x.clone();
            Tanh { values: &mut values }.run(isa);
            values
        });
        for (a, b) in values.iter().zip(&tanh) {
            prop_assert!((f64::from(*a) - b).abs() <= 6e-7 * b.abs(), "{} {}", a, b);
        }
        let gradient = on_each(|isa| {
            let mut gradient = upstream.clone();
            TanhGradient { output: &values, gradient: &mut gradient }.run(isa);
            gradient
        });
        let expected: Vec<f64> = (0..n).map(|i| f64::from(upstream[i]) * (1.0 - tanh[i] * tanh[i])).collect();
        check("tanh gradient", &gradient, &expected, 0);
    }

    #[test]
    fn adam(n in 0..70usize) {
        let step = AdamStep { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, rate: 0.1, unbias: 2.0 };
        let (values, mean, gradient) = (numbers(n, 1), numbers(n, 2), numbers(n, 3));
        let square: Vec<f32> = numbers(n, 4).iter().map(|x| x * x).collect();
        let mut expected = [wide(&values), wide(&mean), wide(&square)];
        for i in 0..n {
            let g = f64::from(gradient[i]);
            let [values, mean, square] = &mut expected;
            mean[i] = f64::from(0.9f32) * mean[i] + f64::from(1.0 - 0.9f32) * g;
            square[i] = f64::from(0.99f32) * square[i] + f64::from(1.0 - 0.99f32) * g * g;
            values[i] -= 0.1 * mean[i] / (square[i].sqrt() * 2.0 + 1e-3);
        }
        let actual = on_each(|isa| {
            let (mut values, mut mean, mut square) = (values.clone(), mean.clone(), square.clone());
            Adam { step, values: &mut values, mean: &mut mean, square: &mut square, gradient: &gradient }.run(isa);
            [values, mean, square].concat()
        });
        check("adam", &actual, &expected.concat(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 3 } else { 60 }))]

    /// What they give is compared with Candle's operations in the tests of `deepq-nets`.
    #[test]
    fn rms_prop_and_layer_normalisation_are_the_same_everywhere(units in 1..90usize, batch in 1..40usize, relu: bool) {
        let n = units * batch;
        let (x, dy) = (numbers(n, 1), numbers(n, 2));
        let (weight, bias, inverse) = (numbers(units, 3), numbers(units, 4), numbers(batch, 5));
        on_each(|isa| {
            let (mut values, mut mean, mut square) = (x.clone(), numbers(n, 6), numbers(n, 7));
            let step = RmsPropStep { rate: 0.1, decay: 0.95, epsilon: 0.01 };
            RmsProp { step, values: &mut values, mean: &mut mean, square: &mut square, gradient: &dy }.run(isa);
            [values, mean, square].concat()
        });
        on_each(|isa| {
            let (mut values, mut output) = (x[..units].to_vec(), vec![0.0; units]);
            let (weight, bias) = (&weight, &bias);
            let inverse = NormaliseRow { values: &mut values, weight, bias, relu, output: &mut output }.run(isa);
            let [mut gradient, mut by_weight, mut by_bias] = [dy[..units].to_vec(), bias.clone(), weight.clone()];
            NormaliseRowGradient {
                normal: &values,
                inverse,
                weight,
                gradient: &mut gradient,
                by_weight: &mut by_weight,
                by_bias: &mut by_bias,
            }
            .run(isa);
            [values, output, vec![inverse], gradient, by_weight, by_bias].concat()
        });
        on_each(|isa| {
            let (mut values, mut output, mut inverse) = (x.clone(), vec![0.0; n], inverse.clone());
            NormaliseColumns {
                batch,
                values: &mut values,
                weight: &weight,
                bias: &bias,
                relu,
                output: &mut output,
                inverse: &mut inverse,
            }
            .run(isa);
            let [mut gradient, mut by_weight, mut by_bias] = [dy.clone(), bias.clone(), weight.clone()];
            NormaliseColumnsGradient {
                batch,
                kept: batch - batch / 3,
                normal: &values,
                inverse: &inverse,
                weight: &weight,
                gradient: &mut gradient,
                by_weight: &mut by_weight,
                by_bias: &mut by_bias,
            }
            .run(isa);
            [values, output, inverse, gradient, by_weight, by_bias].concat()
        });
    }
}

#[test]
fn not_a_number_stays_one() {
    let values = on_each(|isa| {
        let mut values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0];
        Tanh { values: &mut values }.run(isa);
        values
    });
    assert!(values[0].is_nan(), "{values:?}");
    check("tanh", &values[1..], &[1.0, -1.0, 0.0], 0);
    for n in [1, 2] {
        let c = on_each(|isa| {
            let mut c = vec![0.0; 2 * n];
            MatMul {
                a: Matrix::new(&[f32::NAN, 1.0], 2, 1, 1),
                transposed: false,
                b: Matrix::new(&vec![-1.0; n], 1, n, n),
                c: MatrixMut::new(&mut c, 2, n, n),
                start: Start::Zero,
                relu: true,
            }
            .run(isa);
            c
        });
        assert!(c[..n].iter().all(|x| x.is_nan()) && c[n..].iter().all(|x| *x == 0.0), "{c:?}");
    }
}

#[test]
fn not_a_number_stays_one_wherever_it_stands_in_a_pooled_square() {
    let pool = MaxPool { channels: 1, height: 2, width: 2, side: 2 };
    for place in 0..4 {
        let mut square = [1.0, -2.0, 3.0, f32::INFINITY];
        square[place] = f32::NAN;
        let mut output = [0.0];
        pool.forward(&square, &mut output);
        assert!(output[0].is_nan(), "{square:?} became {output:?}");
        let mut gradient = [0.0; 4];
        pool.backward(&square, &output, &[5.0], &mut gradient);
        assert_eq!(gradient.iter().position(|x| *x == 5.0), Some(place), "{gradient:?}");
    }
}

#[test]
#[should_panic(expected = "the matrix lies in its slice")]
fn sizes_are_checked_before_memory_is_touched() {
    let _ = Matrix::new(&[0.0; 5], 2, 3, 3);
}

#[test]
fn unknown_instruction_sets_are_refused_with_the_known_ones() {
    assert_eq!("portable".parse::<Isa>().unwrap(), *Isa::available().last().unwrap());
    let error = "avx1024".parse::<Isa>().unwrap_err().to_string();
    assert!(
        error.starts_with("cannot compute with \"avx1024\" instructions: ") && error.contains("portable"),
        "{error}"
    );
    Isa::best().force().unwrap();
    let other = *Isa::available().last().unwrap();
    assert_eq!(other.force().is_ok(), other == Isa::best(), "what was computed with stays");
}
