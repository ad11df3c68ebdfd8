//! The optimiser's step against the rate at which the machine copies memory.
//!
//! `cargo bench -p inverted-dropout --bench optimizer [-- --threads N]`. A step must read parameters, gradients and state, and
//! write parameters and state: new parameters go into an arena of their own, so that the last step can be taken back. Those
//! bytes over the time of a step are its rate; a copy's are what it reads and what it writes. All rows of a size are
//! measured in turn, round after round; figures are medians.

use std::hint::black_box;
use std::time::Instant;

use inverted_dropout::nn::{
    Activation, LayerConfig, ModelConfig, Network, Optimizer, OptimizerConfig, Output,
};
use inverted_dropout::parallel;

/// Inputs, hidden units of two layers and outputs: what caches hold, and what they do not.
const NETWORKS: [[usize; 4]; 2] = [[784, 512, 512, 10], [784, 4096, 4096, 10]];
const FLOAT: usize = size_of::<f32>();
const ROUNDS: usize = 15;

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--threads");
    let threads: usize = arguments.nth(1).map_or(1, |count| count.parse().expect("a number of threads"));
    println!("threads: {threads}");
    println!("| network | what | time, us | bytes a parameter | GB/s | of a copy's rate |");
    println!("|---|---|---:|---:|---:|---:|");
    for network in NETWORKS {
        parallel::install(threads, || bench(network, threads)).expect("as many threads");
    }
}

fn bench(widths: [usize; 4], threads: usize) {
    let [inputs, first, second, outputs] = widths;
    let layers = vec![
        LayerConfig::dense(first, Activation::Relu),
        LayerConfig::dense(second, Activation::Relu),
        LayerConfig::dense(outputs, Activation::Identity),
    ];
    let config = ModelConfig::new([inputs], Output::Identity, 1, layers);
    let mut network = Network::<f32>::new(&config).expect("a network");
    let count = network.parameters().len();
    let gradients: Vec<f32> = (0..count).map(|i| (i as f32 * 0.618).fract() - 0.5).collect();
    let momentum =
        OptimizerConfig::Sgd { learning_rate: 1e-6, momentum: 0.9, nesterov: false, weight_decay: 0.0 };
    let mut rules = [
        ("SGD", 3, OptimizerConfig::sgd(1e-6)),
        ("SGD, momentum", 5, momentum),
        ("Adam", 7, OptimizerConfig::adam(1e-6)),
    ]
    .map(|(name, arenas, config)| {
        let optimizer = Optimizer::<f32>::new(&config, count).expect("an optimiser");
        (name, arenas * FLOAT, optimizer)
    });
    let mut copied = vec![0.0f32; count];
    let mut seconds = [const { Vec::new() }; 4];
    for _ in 0..=ROUNDS {
        seconds[0].push(time(|| copy(&gradients, &mut copied, threads)));
        for ((_, _, optimizer), seconds) in rules.iter_mut().zip(&mut seconds[1..]) {
            seconds.push(time(|| {
                optimizer.step(network.parameters_mut(), &gradients, 1e-6, 1.0).expect("a step");
            }));
        }
    }
    black_box(&copied);
    // The first round brings new memory into being.
    let medians = seconds.map(|seconds| median(&seconds[1..]));
    let rate = |bytes: usize, seconds: f64| (bytes * count) as f64 / seconds;
    let copies = rate(2 * FLOAT, medians[0]);
    let rows = rules.iter().map(|(name, bytes, _)| (*name, *bytes));
    for ((name, bytes), seconds) in [("copy", 2 * FLOAT)].into_iter().chain(rows).zip(medians) {
        let rate = rate(bytes, seconds);
        println!(
            "| {inputs}-{first}-{second}-{outputs} | {name} | {:.0} | {bytes} | {:.1} | {:.2} |",
            seconds * 1e6,
            rate * 1e-9,
            rate / copies
        );
    }
}

/// A copy shared by `threads`.
fn copy(from: &[f32], to: &mut [f32], threads: usize) {
    if threads == 1 {
        return to.copy_from_slice(from);
    }
    let piece = from.len().div_ceil(threads);
    rayon::scope(|scope| {
        for (from, to) in from.chunks(piece).zip(to.chunks_mut(piece)) {
            scope.spawn(|_| to.copy_from_slice(from));
        }
    });
}

fn time(work: impl FnOnce()) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn median(seconds: &[f64]) -> f64 {
    let mut seconds = seconds.to_vec();
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
