//! A training step of a small convolutional network, and of its layers alone, on one thread and on two.
//!
//! Images of 28 x 28 x 1 in batches of 64 go through conv 3 x 3 x 16, conv 3 x 3 x 32, a max pool, dropout, dense 128 and
//! dense 10. A step is forward, backward and SGD. Medians in milliseconds.
//! `cargo bench -p inverted-dropout --bench convolution`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use inverted_dropout::nn::{Activation, LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys};
use inverted_dropout::parallel;

const ROWS: usize = 64;

fn main() {
    println!("{:<34} {:>12} {:>12}", "milliseconds a step", "1 thread", "2 threads");
    let network = [
        LayerConfig::conv2d(16, 3, Activation::Relu),
        LayerConfig::conv2d(32, 3, Activation::Relu),
        LayerConfig::max_pool2d(2),
        LayerConfig::dropout(0.25),
        LayerConfig::flatten(),
        LayerConfig::dense(128, Activation::Relu),
        LayerConfig::dense(10, Activation::Identity),
    ];
    report("28 x 28 x 1, the whole network", [28, 28, 1], &network);
    let conv = |filters, kernel: usize| LayerConfig::conv2d(filters, kernel, Activation::Relu);
    report("28 x 28 x 1, conv 3 x 3 x 16", [28, 28, 1], &[conv(16, 3), LayerConfig::flatten()]);
    for (name, input, layer) in [
        ("26 x 26 x 16, conv 3 x 3 x 32", [26, 26, 16], conv(32, 3)),
        ("14 x 14 x 64, conv 3 x 3 x 64", [14, 14, 64], conv(64, 3)),
        ("7 x 7 x 512, conv 1 x 1 x 128", [7, 7, 512], conv(128, 1)),
        ("24 x 24 x 32, max pool 2", [24, 24, 32], LayerConfig::max_pool2d(2)),
        ("24 x 24 x 32, batch norm", [24, 24, 32], LayerConfig::batch_norm()),
        ("24 x 24 x 32, DropBlock 5", [24, 24, 32], LayerConfig::drop_block(0.1, 5)),
    ] {
        // With a layer before that has parameters, so that the gradient of the input is computed too.
        report(name, input, &[LayerConfig::batch_norm(), layer, LayerConfig::flatten()]);
    }
}

fn report(name: &str, input: [usize; 3], layers: &[LayerConfig]) {
    let time = |threads| {
        let median = parallel::install(threads, || measure(input, layers)).expect("threads");
        median.as_secs_f64() * 1e3
    };
    println!("{name:<34} {:>12.3} {:>12.3}", time(1), time(2));
}

fn measure(input: [usize; 3], layers: &[LayerConfig]) -> Duration {
    let config = ModelConfig::new(input, Output::Identity, 1, layers.to_vec());
    let mut network = Network::<f32>::new(&config).expect("a network");
    let mut workspace = network.workspace(ROWS, Purpose::Training).expect("memory");
    let x: Vec<f32> = (0..ROWS * network.input_width()).map(|i| (i as f32 * 0.618).fract() - 0.5).collect();
    let ids: Vec<u32> = (0..ROWS as u32).collect();
    let mut gradients = vec![0f32; network.parameters().len()];
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(2) || times.len() < 10 {
        let start = Instant::now();
        let keys = RowKeys::at_step(&ids, times.len() as u32);
        network.forward(&mut workspace, &x, keys, Mode::Train).expect("rows that fit");
        workspace.output_gradient_mut().fill(1e-6);
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).expect("the same rows");
        for (parameter, gradient) in network.parameters_mut().values_mut().iter_mut().zip(&gradients) {
            *parameter -= 0.01 * gradient;
        }
        times.push(start.elapsed());
        black_box(&gradients);
    }
    times.sort_unstable();
    times[times.len() / 2]
}
