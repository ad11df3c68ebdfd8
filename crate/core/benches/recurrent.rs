//! A training step's forward and backward pass of recurrent layers, with one dropout mask of the input for each sequence.
//!
//! 64 features, 128 units, 64 steps, 32 rows; medians and least times in milliseconds for one thread and for two.
//! `cargo bench -p inverted-dropout --bench recurrent`; the same step in PyTorch:
//!
//! ```text
//! layer = torch.nn.LSTM(64, 128, batch_first=True)
//! mask = (torch.rand(32, 1, 64) >= 0.2).float() / 0.8
//! layer(x * mask)[0].backward(gradient)
//! ```

use std::hint::black_box;
use std::time::{Duration, Instant};

use inverted_dropout::nn::{
    GruConfig, LayerConfig, LstmConfig, Mode, ModelConfig, Network, Output, Purpose, RnnConfig, RowKeys,
    SequenceDropout,
};
use inverted_dropout::parallel;

const INPUTS: usize = 64;
const UNITS: usize = 128;
const STEPS: usize = 64;
const ROWS: usize = 32;

fn main() {
    println!("{:<8} {:>8} {:>10} {:>10}", "layer", "threads", "median ms", "least ms");
    let input_dropout = Some(SequenceDropout::sequence(0.2));
    let layers = [
        LayerConfig::Lstm(LstmConfig { input_dropout, ..LstmConfig::new(UNITS) }),
        LayerConfig::Gru(GruConfig { input_dropout, ..GruConfig::new(UNITS) }),
        LayerConfig::Rnn(RnnConfig { input_dropout, ..RnnConfig::new(UNITS) }),
    ];
    for layer in &layers {
        for threads in [1, 2] {
            let times = parallel::install(threads, || measure(layer)).unwrap();
            let [median, least] = [times[times.len() / 2], times[0]].map(|time| time.as_secs_f64() * 1e3);
            println!("{:<8} {threads:>8} {median:>10.3} {least:>10.3}", layer.kind());
        }
    }
}

/// The times of steps, least first.
fn measure(layer: &LayerConfig) -> Vec<Duration> {
    let config = ModelConfig::new([STEPS, INPUTS], Output::Identity, 1, vec![layer.clone()]);
    let network = Network::<f32>::new(&config).unwrap();
    let mut workspace = network.workspace(ROWS, Purpose::Training).unwrap();
    let x: Vec<f32> = (0..ROWS * STEPS * INPUTS).map(|i| (i as f32 * 0.618).fract() - 0.5).collect();
    let ids: Vec<u32> = (0..ROWS as u32).collect();
    let mut gradients = vec![0f32; network.parameters().len()];
    let mut times = Vec::new();
    let begin = Instant::now();
    let mut step = 0;
    while begin.elapsed() < Duration::from_secs(3) {
        step += 1;
        let begin = Instant::now();
        let keys = RowKeys::at_step(&ids, step);
        network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().fill(0.01);
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
        black_box(&gradients);
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    times
}
