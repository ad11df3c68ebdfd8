//! Convolutions, pools, batch normalisation and masks with a structure allocate nothing once they have run.

mod counting;

use counting::allocations;
use inverted_dropout::nn::*;
use inverted_dropout::parallel;

/// The fewest allocations of some later steps: on several threads any of them may draw its first mask late.
fn least(threads: usize) -> usize {
    let first = |filters| {
        let layout = ImageLayout::ChannelsFirst;
        LayerConfig::Conv2d(Conv2dConfig { layout, ..Conv2dConfig::new(filters, 3, Activation::Relu) })
    };
    let padded = Conv2dConfig { padding: Padding::Same, ..Conv2dConfig::new(12, 3, Activation::Gelu) };
    let layers = vec![
        first(8),
        first(20),
        LayerConfig::max_pool2d(2),
        LayerConfig::batch_norm(),
        LayerConfig::Conv2d(padded),
        LayerConfig::dropout(0.2),
        LayerConfig::spatial_dropout(0.2),
        LayerConfig::drop_block(0.1, 3),
        LayerConfig::average_pool2d(2),
        LayerConfig::global_average_pool(),
    ];
    let mut network =
        Network::<f32>::new(&ModelConfig::new([3, 24, 24], Output::Identity, 1, layers)).unwrap();
    let rows = 40;
    let mut workspace = network.workspace(rows, Purpose::Training).unwrap();
    let mut gradients = vec![0.0; network.parameters().len()];
    let ids: Vec<u32> = (0..rows as u32).collect();
    let x = vec![0.5; rows * network.input_width()];
    let step = |step| {
        let before = allocations();
        let keys = RowKeys::at_step(&ids, step);
        network.forward(&mut workspace, &x, keys, Mode::Train).unwrap();
        workspace.output_gradient_mut().fill(1.0);
        network.backward(&mut workspace, &x, keys, Mode::Train, &mut gradients).unwrap();
        network.update_buffers(&workspace).unwrap();
        allocations() - before
    };
    parallel::install(threads, move || (0..12).map(step).skip(2).min().unwrap()).unwrap()
}

#[test]
fn a_later_step_allocates_nothing() {
    assert_eq!([1, 2].map(least), [0, 0]);
}
