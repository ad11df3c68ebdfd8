//! A training step's forward and backward pass against its matrix products alone, on one thread.
//!
//! The products are the same calls of the `gemm` crate on memory of the same sizes, in the same process,
//! interleaved with the passes. Medians in microseconds, and their ratio: what bias, activation, dropout and
//! bookkeeping cost on top. `cargo bench -p inverted-dropout --bench network`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use gemm_common::Parallelism;
use inverted_dropout::nn::{Activation, LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys};

struct Case {
    widths: &'static [usize],
    rows: usize,
    rate: f64,
}

const CASES: [Case; 5] = [
    Case { widths: &[30, 64, 64, 2], rows: 32, rate: 0.0 },
    Case { widths: &[784, 512, 512, 10], rows: 128, rate: 0.5 },
    Case { widths: &[784, 512, 512, 10], rows: 128, rate: 0.1 },
    Case { widths: &[784, 512, 512, 10], rows: 128, rate: 0.0 },
    Case { widths: &[30, 64, 64, 2], rows: 32, rate: 0.2 },
];

fn main() {
    println!(
        "{:<20} {:>5} {:>5} {:>10} {:>10} {:>6}",
        "network", "rows", "rate", "step us", "products", "ratio"
    );
    for case in &CASES {
        let (step, products) = measure(case);
        let name = case.widths.iter().map(usize::to_string).collect::<Vec<_>>().join("-");
        let ratio = step.as_secs_f64() / products.as_secs_f64();
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        println!(
            "{name:<20} {:>5} {:>5} {:>10.1} {:>10.1} {ratio:>6.3}",
            case.rows,
            case.rate,
            micros(step),
            micros(products)
        );
    }
}

fn measure(case: &Case) -> (Duration, Duration) {
    let network = network(case);
    let mut workspace = network.workspace(case.rows, Purpose::Training).unwrap();
    let x: Vec<f32> = (0..case.rows * case.widths[0]).map(|i| (i as f32 * 0.618).fract() - 0.5).collect();
    let ids: Vec<u32> = (0..case.rows as u32).collect();
    let mut gradients = vec![0f32; network.parameters().len()];
    let mut products = Products::new(case);
    let mut step = 0;
    let mut pass = || {
        step += 1;
        let keys = RowKeys::at_step(&ids, step);
        network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().fill(0.01);
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
        black_box(&gradients);
    };
    let (mut steps, mut alone) = (Vec::new(), Vec::new());
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) {
        steps.push(time(&mut pass));
        alone.push(time(|| products.run()));
    }
    (median(&mut steps), median(&mut alone))
}

fn network(case: &Case) -> Network<f32> {
    let mut layers = Vec::new();
    for (index, &units) in case.widths[1..].iter().enumerate() {
        if index > 0 {
            layers.push(LayerConfig::dropout(case.rate));
        }
        let last = index + 2 == case.widths.len();
        layers.push(LayerConfig::dense(units, if last { Activation::Identity } else { Activation::Relu }));
    }
    Network::new(&ModelConfig::new([case.widths[0]], Output::Identity, 1, layers)).unwrap()
}

/// One call's time; short calls are repeated.
fn time(mut work: impl FnMut()) -> Duration {
    let begin = Instant::now();
    work();
    let once = begin.elapsed();
    let repeats = (200_000 / once.as_nanos().max(1)).clamp(1, 1000) as u32;
    let begin = Instant::now();
    for _ in 0..repeats {
        work();
    }
    begin.elapsed() / repeats
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The products of every layer: outputs, weight gradient, and the input gradient of all but the first.
struct Products {
    rows: usize,
    layers: Vec<(usize, usize)>,
    activations: Vec<Vec<f32>>,
    weights: Vec<Vec<f32>>,
    out: Vec<f32>,
}

impl Products {
    fn new(case: &Case) -> Self {
        let layers: Vec<(usize, usize)> = case.widths.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let largest =
            layers.iter().map(|(inputs, units)| inputs.max(&case.rows) * units.max(&case.rows)).max();
        Products {
            rows: case.rows,
            activations: case.widths.iter().map(|width| vec![0.5; width * case.rows]).collect(),
            weights: layers.iter().map(|(inputs, units)| vec![0.25; inputs * units]).collect(),
            out: vec![0.0; largest.unwrap_or(0).max(case.rows * case.widths[0])],
            layers,
        }
    }

    fn run(&mut self) {
        let rows = self.rows;
        for (index, &(inputs, units)) in self.layers.iter().enumerate() {
            let (x, y, w) = (&self.activations[index], &self.activations[index + 1], &self.weights[index]);
            gemm(units, rows, inputs, &mut self.out, (w, 1, inputs), (x, inputs, 1));
            gemm(inputs, units, rows, &mut self.out, (x, inputs, 1), (y, 1, units));
            if index > 0 {
                gemm(inputs, rows, units, &mut self.out, (w, inputs, 1), (y, units, 1));
            }
        }
        black_box(&self.out);
    }
}

/// out (m x n, column-major) = lhs * rhs over k terms; operands with their column and row strides.
fn gemm(
    m: usize,
    n: usize,
    k: usize,
    out: &mut [f32],
    lhs: (&[f32], usize, usize),
    rhs: (&[f32], usize, usize),
) {
    assert!(out.len() >= m * n && lhs.0.len() >= m * k && rhs.0.len() >= k * n);
    let stride = |stride: usize| stride as isize;
    // SAFETY: the strides address no more than the lengths above; `out` is borrowed exclusively.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            k,
            out.as_mut_ptr(),
            stride(m),
            1,
            false,
            lhs.0.as_ptr(),
            stride(lhs.1),
            stride(lhs.2),
            rhs.0.as_ptr(),
            stride(rhs.1),
            stride(rhs.2),
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
