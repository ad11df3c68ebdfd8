//! Layers with kernels of their own: the same bits on every instruction set.

use super::*;
use crate::mask::{Block, BlockOptions, BlockScale, Border, Layout, Rule, Structure};
use crate::nn::config::{Padding, Share, Window};
use crate::stream::Rate;

const ROWS: usize = 5;

fn numbers(count: usize, salt: f32) -> Vec<f32> {
    (0..count).map(|i| ((i as f32 + salt) * 0.618_034).fract() * 4.0 - 2.0).collect()
}

/// Output, gradient of the input, gradients of the parameters.
fn run(isa: Isa, layer: &dyn Layer<f32>, parameters: &[f32]) -> [Vec<u32>; 3] {
    let ids: Vec<u32> = (0..ROWS as u32).collect();
    let context = Context {
        isa,
        mode: Mode::Train,
        seed: 3,
        keys: RowKeys::at_step(&ids, 5),
        rows: ROWS,
        keeps: true,
        parameters,
        buffers: &[],
    };
    let (inputs, outputs) = (ROWS * layer.input_width(), ROWS * layer.output_width());
    let memory = layer.memory(ROWS);
    let (mut kept, mut scratch) = (vec![f32::NAN; memory.kept], vec![f32::NAN; memory.scratch]);
    let (x, mut y) = (numbers(inputs, 0.0), vec![f32::NAN; outputs]);
    layer.forward(&context, &x, &mut y, Room { kept: &mut kept, scratch: &mut scratch });
    let mut gradients = vec![f32::NAN; parameters.len()];
    let room = inputs.max(outputs).max(memory.flow);
    let (mut dy, mut spare) = (numbers(room, 0.5), vec![f32::NAN; room]);
    let mut flow = Flow { current: &mut dy, spare: &mut spare, wanted: true };
    let room = Room { kept: &mut kept, scratch: &mut scratch };
    layer.backward(&context, &x, &y, &mut flow, &mut gradients, room);
    let dx = flow.current[..inputs].to_vec();
    [y, dx, gradients].map(|values| values.into_iter().map(f32::to_bits).collect())
}

fn convolution(channels: usize, filters: usize, groups: usize, stride: usize) -> Box<dyn Layer<f32>> {
    let window = |input| Window::new(input, 3, stride, 1, Padding::Same).unwrap();
    let shape = ConvolutionShape { windows: [window(7), window(11)], channels, filters, groups };
    let weights = filters * channels / groups * 9;
    Box::new(Convolution::new(shape, false, 0..weights, Some(weights..weights + filters)))
}

fn pool(pool: Pool) -> Box<dyn Layer<f32>> {
    let window = |input| Window::new(input, 3, 2, 1, Padding::Same).unwrap();
    Box::new(Pool2d { pool, windows: [window(7), window(11)], channels: 37 })
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let norm = BatchNorm {
        vectors: 77,
        channels: 37,
        sequence: false,
        momentum: 0.1,
        epsilon: 1e-5,
        gamma: 0..37,
        beta: 37..74,
        running_mean: 0..37,
        running_variance: 37..74,
    };
    let block = Block::new(BlockOptions {
        rate: Rate::new(0.3).unwrap(),
        positions: vec![7, 11],
        block: vec![3, 3],
        channels: 37,
        layout: Layout::ChannelsLast,
        shared_by_channels: false,
        border: Border::Valid,
        rule: Rule::Exact,
        scale: BlockScale::Sample,
    });
    let structure = Structure::Block(block.unwrap());
    let layers: [(Box<dyn Layer<f32>>, usize); 9] = [
        (convolution(1, 16, 1, 1), 160),
        (convolution(16, 33, 1, 1), 33 * 145),
        (convolution(6, 9, 3, 2), 9 * 19),
        (convolution(20, 20, 20, 1), 200),
        (pool(Pool::Max), 0),
        (pool(Pool::Average), 0),
        (Box::new(GlobalAveragePool { positions: 77, channels: 37, sequence: false }), 0),
        (Box::new(norm), 74),
        (Box::new(StructuredDropout::<f32>::new(structure, 4, Share::None)), 0),
    ];
    for (layer, parameters) in layers {
        let parameters = numbers(parameters, 0.7);
        let portable = run(Isa::Portable, &*layer, &parameters);
        for values in &portable {
            assert!(values.iter().all(|bits| f32::from_bits(*bits).is_finite()), "{layer:?}");
        }
        for isa in Isa::available() {
            assert!(run(isa, &*layer, &parameters) == portable, "{layer:?}, {isa}");
        }
    }
}
