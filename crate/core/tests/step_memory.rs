//! The memory that `summary` states for a training step is what the step takes.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use inverted_dropout::nn::*;
use inverted_dropout::parallel;

/// An allocator that knows how many bytes are in use, and were at most.
struct Weighing;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn add(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Weighing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Weighing = Weighing;

/// Takes what the products of this thread keep for good, whatever the model: a buffer as large as the second-level cache,
/// which is 512 KB on one machine and 2 MB on another.
fn warm_up() {
    let layers = vec![LayerConfig::dense(256, Activation::Identity)];
    let network = Network::<f32>::new(&ModelConfig::new([256], Output::Identity, 1, layers)).unwrap();
    let mut workspace = network.workspace(256, Purpose::Training).unwrap();
    let ids: Vec<u32> = (0..256).collect();
    let (x, keys) = (vec![1.0; 256 * 256], RowKeys::at_step(&ids, 0));
    network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
    workspace.output_gradient_mut().fill(1.0);
    let mut gradients = vec![0.0; network.parameters().len()];
    network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
}

/// Stated bytes, and the most that passes over a batch have taken.
fn measure(config: &ModelConfig, batch: usize) -> (usize, usize) {
    warm_up();
    let model = Model::new(config).unwrap();
    let network = model.network();
    let x: Vec<f32> = (0..batch * network.input_width()).map(|i| (i as f32).sin()).collect();
    let ids: Vec<u32> = (0..batch as u32).collect();
    let keys = RowKeys::at_step(&ids, 0);
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let mut workspace = network.workspace(batch, Purpose::Training).unwrap();
    let mut gradients = vec![0.0; network.parameters().len()];
    for _ in 0..2 {
        network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().fill(1.0);
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
    }
    (model.summary(batch).step_bytes, PEAK.load(Ordering::Relaxed) - before)
}

#[test]
fn the_memory_of_a_step_is_the_stated_one() {
    let relu = Activation::Relu;
    let sequence = |rate| Some(SequenceDropout { rate, mask: MaskPer::Sequence, site: None });
    let perceptron = || {
        let layers = [(512, relu), (512, relu), (10, Activation::Identity)];
        let layers = layers.map(|(units, activation)| LayerConfig::dense(units, activation));
        ModelConfig::new([784], Output::Softmax, 1, layers.to_vec())
    };
    let cases = [
        (
            "dense",
            ModelConfig::new(
                [784],
                Output::Softmax,
                1,
                vec![
                    LayerConfig::dense(512, relu),
                    LayerConfig::dropout(0.5),
                    LayerConfig::dense(512, Activation::Gelu),
                    LayerConfig::dropout(0.5),
                    LayerConfig::dense(10, Activation::Identity),
                ],
            ),
            2048,
        ),
        ("dense, fewer rows", perceptron(), 1024),
        ("dense, few rows", perceptron(), 128),
        ("dense, some rows", perceptron(), 256),
        (
            "convolutions",
            ModelConfig::new(
                [28, 28, 1],
                Output::Softmax,
                1,
                vec![
                    LayerConfig::conv2d(16, 3, relu),
                    LayerConfig::batch_norm(),
                    LayerConfig::conv2d(32, 3, relu),
                    LayerConfig::max_pool2d(2),
                    LayerConfig::drop_block(0.1, 3),
                    LayerConfig::flatten(),
                    LayerConfig::dense(10, Activation::Identity),
                ],
            ),
            64,
        ),
        (
            "lstm",
            ModelConfig::new(
                [64, 64],
                Output::Softmax,
                1,
                vec![
                    LayerConfig::Lstm(LstmConfig {
                        input_dropout: sequence(0.2),
                        state_dropout: sequence(0.2),
                        ..LstmConfig::new(128)
                    }),
                    LayerConfig::dense(10, Activation::Identity),
                ],
            ),
            64,
        ),
        (
            "transformer",
            ModelConfig::new(
                [128, 64],
                Output::Softmax,
                1,
                vec![
                    LayerConfig::TransformerBlock(TransformerBlockConfig {
                        dropout: 0.1,
                        ..TransformerBlockConfig::new(4, 256)
                    }),
                    LayerConfig::global_average_pool(),
                    LayerConfig::dense(10, Activation::Identity),
                ],
            ),
            32,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, config, batch) in cases {
        let (stated, taken) = parallel::install(1, || measure(&config, batch)).unwrap();
        let ratio = taken as f64 / stated as f64;
        println!("{name}: {stated} bytes stated, {taken} taken ({ratio:.3})");
        if !(0.9..=1.1).contains(&ratio) {
            wrong.push(format!("{name}: {stated} bytes stated, {taken} taken"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}
