//! Times of a training step: `cargo run --release --example step`.
//!
//! Medians over the steps of real `fit` runs, for one thread and for all of the machine's.

use std::time::Instant;

use inverted_dropout::nn::{
    Activation, BatchEvent, Control, Dataset, FitObserver, FitOptions, LayerConfig, LossConfig, Model,
    ModelConfig, OptimizerConfig, Output, Targets,
};
use inverted_dropout::{parallel, stream};

/// The time between the ends of two batches.
struct Stopwatch {
    last: Instant,
    micros: Vec<f64>,
}

impl FitObserver for Stopwatch {
    fn on_batch(&mut self, event: &BatchEvent) {
        let now = Instant::now();
        if event.batch > 0 {
            self.micros.push((now - self.last).as_secs_f64() * 1e6);
        }
        self.last = now;
    }
}

fn median(model: &ModelConfig, batch_size: usize, optimizer: OptimizerConfig, threads: usize) -> f64 {
    let (width, batches) = (model.shapes().expect("a model that works")[0].extents()[0], 40);
    let rows = batches * batch_size;
    let mut x = vec![0.0; rows * width];
    stream::normals(&stream::Address::default(), &mut x);
    let classes = (0..rows as u32).map(|row| row % 2).collect();
    let data = Dataset::new(x, rows, Targets::Classes(classes));
    let epochs = if width > 100 { 4 } else { 100 };
    let options = FitOptions {
        batch_size,
        threads: Some(threads),
        ..FitOptions::new(LossConfig::cross_entropy(), optimizer, epochs)
    };
    let mut watch = Stopwatch { last: Instant::now(), micros: Vec::new() };
    let mut model = Model::new(model).expect("the configuration is right");
    model.fit(&data, None, &options, &Control::new(), &mut watch).expect("nothing diverges");
    watch.micros.sort_by(f64::total_cmp);
    watch.micros[watch.micros.len() / 2]
}

fn network(widths: &[usize], rate: f64) -> ModelConfig {
    let (last, hidden) = widths[1..].split_last().expect("an output");
    let mut layers = Vec::new();
    for &units in hidden {
        layers.push(LayerConfig::dense(units, Activation::Relu));
        layers.push(LayerConfig::dropout(rate));
    }
    layers.push(LayerConfig::dense(*last, Activation::Identity));
    ModelConfig::new([widths[0]], Output::Softmax, 1, layers)
}

fn main() -> inverted_dropout::Result<()> {
    let sgd: OptimizerConfig =
        serde_json::from_str(r#"{"type":"sgd","learningRate":0.01,"momentum":0.9}"#).expect("valid options");
    let adam = OptimizerConfig::adam(0.001);
    let all = parallel::default_threads()?;
    println!("{:<40} {:>12} {:>12}", "microseconds a step", "1 thread", format!("{all} threads"));
    for (name, widths, rate, batch, optimizer) in [
        ("784-512-512-10, p .5, batch 128, sgd", &[784, 512, 512, 10], 0.5, 128, &sgd),
        ("784-512-512-10, p 0, batch 128, sgd", &[784, 512, 512, 10], 0.0, 128, &sgd),
        ("784-512-512-10, p .5, batch 128, adam", &[784, 512, 512, 10], 0.5, 128, &adam),
        ("30-64-64-2, p .2, batch 32, sgd", &[30, 64, 64, 2], 0.2, 32, &sgd),
        ("30-64-64-2, p .2, batch 32, adam", &[30, 64, 64, 2], 0.2, 32, &adam),
    ] {
        let config = network(widths, rate);
        let time = |threads| median(&config, batch, optimizer.clone(), threads);
        println!("{name:<40} {:>12.1} {:>12.1}", time(1), time(all));
    }
    Ok(())
}
