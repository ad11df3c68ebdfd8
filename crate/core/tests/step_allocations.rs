//! A training step allocates nothing after the first, packing inside the matrix products aside.
//!
//! What the products pack is measured by a bare forward and backward pass; a whole step, with its batch, loss,
//! metrics, clipping and optimiser, must not allocate once more.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::circle;
use inverted_dropout::nn::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more; nothing is measured there.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations on this thread between the batches of each epoch.
struct Watch {
    last: Option<usize>,
    between: Vec<usize>,
}

impl FitObserver for Watch {
    fn on_batch(&mut self, event: &BatchEvent) {
        let now = ALLOCATIONS.get();
        if let Some(last) = self.last.filter(|_| event.batch > 0) {
            self.between.push(now - last);
        }
        self.last = Some(ALLOCATIONS.get());
    }
}

/// The allocations of each step but the first of an epoch.
fn steps(config: &ModelConfig, data: &Dataset, options: &FitOptions) -> Vec<usize> {
    let mut watch = Watch { last: None, between: Vec::with_capacity(1000) };
    Model::new(config).unwrap().fit(data, None, options, &Control::new(), &mut watch).unwrap();
    watch.between
}

/// The allocations of a bare forward and backward pass over `rows` rows.
fn passes(config: &ModelConfig, x: &[f32], rows: usize) -> usize {
    let network = Network::<f32>::new(config).unwrap();
    let mut workspace = network.workspace(rows, Purpose::Training).unwrap();
    let mut gradients = vec![0.0; network.parameters().len()];
    let ids: Vec<u32> = (0..rows as u32).collect();
    let keys = RowKeys::at_step(&ids, 0);
    let x = &x[..rows * network.input_width()];
    let mut run = || {
        let before = ALLOCATIONS.get();
        network.forward(&mut workspace, x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().fill(1.0);
        network.backward(&mut workspace, x, keys, Mode::Train, &mut gradients).unwrap();
        ALLOCATIONS.get() - before
    };
    run();
    run()
}

#[test]
fn a_step_allocates_what_its_products_pack_and_nothing_else() {
    let rows = 96;
    let data = Dataset { weights: Some(vec![0.5; rows]), ..circle(1, rows) };
    for optimizer in [OptimizerConfig::sgd(0.1), OptimizerConfig::adam(0.01)] {
        for (activation, units) in [(Activation::Relu, 24), (Activation::Gelu, 160), (Activation::Tanh, 24)] {
            let config = ModelConfig::new(
                [2],
                Output::Softmax,
                1,
                vec![
                    LayerConfig::normalize(),
                    LayerConfig::dense(units, activation),
                    LayerConfig::dropout(0.3),
                    LayerConfig::dense(units, activation),
                    LayerConfig::dropout(0.5),
                    LayerConfig::dense(2, Activation::Identity),
                ],
            );
            let options = FitOptions {
                batch_size: 8,
                clip_norm: Some(0.1),
                threads: Some(1),
                ..FitOptions::new(LossConfig::cross_entropy(), optimizer.clone(), 3)
            };
            let packing = passes(&config, &data.x, 8);
            // Three layers forward, three gradients of weights, two of inputs: each product packs two operands at most.
            assert!(packing <= 2 * 8, "{activation:?}: {packing}");
            let steps = steps(&config, &data, &options);
            assert_eq!(steps, vec![packing; 3 * 11], "{activation:?}");
        }
    }
}
