//! A step allocates nothing after the first.
//!
//! The `gemm` crate packs operands into memory of its own for large or oddly strided products; the shapes here
//! are those it works off in place, so that every allocation counted would be ours.

mod counting;

use inverted_dropout::nn::{Activation, LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys};

fn allocations(work: impl FnOnce()) -> usize {
    let before = counting::allocations();
    work();
    counting::allocations() - before
}

#[test]
fn passes_allocate_nothing_beside_packing() {
    assert!(allocations(|| drop(std::hint::black_box(vec![1]))) > 0, "the counter counts");
    for activation in Activation::ALL {
        let config = ModelConfig::new(
            [8],
            Output::Identity,
            1,
            vec![
                LayerConfig::normalize(),
                LayerConfig::dropout(0.2),
                LayerConfig::dense(8, activation),
                LayerConfig::dropout(0.3),
                LayerConfig::activation(activation),
                LayerConfig::dense(2, Activation::Identity),
            ],
        );
        let network = Network::<f32>::new(&config).unwrap();
        let (x, ids, rows) = ([0.5; 2 * 8], [1, 2], 2);
        let mut gradients = vec![0.0; network.parameters().len()];
        let mut training = network.workspace(rows, Purpose::Training).unwrap();
        let mut inference = network.workspace(rows, Purpose::Inference).unwrap();
        let mut step = |step| {
            let keys = RowKeys::at_step(&ids, step);
            network.forward(&mut training, &x, keys, Mode::Train).unwrap();
            training.output_gradient_mut().fill(0.1);
            network.backward(&mut training, &x, keys, Mode::Train, &mut gradients).unwrap();
            network.forward(&mut inference, &x, keys, Mode::MonteCarlo).unwrap();
        };
        step(0);
        assert_eq!(allocations(|| (1..10).for_each(&mut step)), 0, "{activation:?}");
    }
}
