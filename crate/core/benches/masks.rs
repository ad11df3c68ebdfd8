//! Masks with a structure beside plain element dropout, on one thread.
//!
//! `cargo bench --bench masks` runs itself once for each instruction set and prints nanoseconds an element and the ratio
//! to element dropout of the same rows in the same run. All rows are measured in turn, round after round; figures are
//! medians.

use std::hint::black_box;
use std::time::Instant;

use inverted_dropout::isa::{self, Isa};
use inverted_dropout::mask::{
    Attention, Block, BlockOptions, BlockScale, Border, Broadcast, Exactly, Layout, Mask, Per, Rates, Rule,
    Structure, Structured,
};
use inverted_dropout::ops::{Scaling, dropout_rows, dropout_structured};
use inverted_dropout::stream::{Address, Rate};

const ROWS: usize = 32;
const CHANNELS: usize = 256;
const SIDE: usize = 28;
const POSITIONS: usize = SIDE * SIDE;
const WIDTH: usize = CHANNELS * POSITIONS;
const ROUNDS: usize = 9;

fn main() {
    match std::env::var(isa::VARIABLE) {
        Ok(_) => bench(),
        Err(_) => {
            let this = std::env::current_exe().expect("the path of this program");
            for isa in Isa::available() {
                let status = std::process::Command::new(&this)
                    .args(std::env::args_os().skip(1))
                    .env(isa::VARIABLE, isa.name())
                    .status()
                    .expect("this program runs again");
                assert!(status.success(), "{isa}: {status}");
            }
        }
    }
}

fn block(layout: Layout, shared_by_channels: bool, border: Border, scale: BlockScale) -> Structure {
    let rate = Rate::new(0.1).expect("a rate");
    let (positions, block, rule) = (vec![SIDE; 2], vec![7; 2], Rule::Exact);
    let channels = CHANNELS;
    let options =
        BlockOptions { rate, positions, block, channels, layout, shared_by_channels, border, rule, scale };
    Structure::Block(Block::new(options).expect("a block that fits"))
}

fn broadcast(shape: &[usize], noise: &[usize], rates: impl FnOnce(usize) -> Rates) -> Structure {
    let shape = Broadcast::new(shape, noise).expect("shapes that fit");
    Structure::Broadcast { rates: rates(shape.lanes()), shape }
}

fn structures() -> Vec<(&'static str, Structure)> {
    use {BlockScale::*, Border::*, Layout::*};
    let rate = Rate::new(0.1).expect("a rate");
    let one = |_| Rates::One(rate);
    let each = |lanes| {
        let rates = (0..CHANNELS).map(|i| Rate::new(i as f64 / 512.0).expect("a rate")).collect();
        Rates::each(rates, lanes).expect("rates that fit")
    };
    let attention = |per| {
        let shape = Attention::new(per, [8, POSITIONS / 8, CHANNELS], false).expect("a shape");
        Structure::Attention { rate, shape }
    };
    vec![
        ("broadcast to the same shape", broadcast(&[WIDTH], &[WIDTH], one)),
        ("a rate for each feature", broadcast(&[POSITIONS, CHANNELS], &[POSITIONS, CHANNELS], each)),
        ("channel, NCHW", broadcast(&[CHANNELS, POSITIONS], &[CHANNELS, 1], one)),
        ("channel, NHWC; sequence", broadcast(&[POSITIONS, CHANNELS], &[1, CHANNELS], one)),
        ("residual branch", broadcast(&[WIDTH], &[1], one)),
        ("attention, per element", attention(Per::Element)),
        ("attention, per key", attention(Per::Key)),
        ("exactly 10 %", Structure::Exactly(Exactly::new(WIDTH / 10, WIDTH).expect("fewer than all"))),
        ("block of 7, NCHW", block(ChannelsFirst, false, Valid, Sample)),
        ("block of 7, NHWC", block(ChannelsLast, false, Valid, Sample)),
        ("block of 7, NCHW, clipped", block(ChannelsFirst, false, Clipped, Sample)),
        ("block of 7, NCHW, by position", block(ChannelsFirst, false, Valid, Position)),
        ("block of 7, NCHW, shared by channels", block(ChannelsFirst, true, Valid, Sample)),
    ]
}

fn bench() {
    let isa = Isa::active().expect("an instruction set of this machine");
    let x: Vec<f32> = (0..ROWS * WIDTH).map(|i| i as f32 * 0.1).collect();
    let mut out = vec![0f32; x.len()];
    let ids: Vec<u32> = (0..ROWS as u32).collect();
    let address = Address { seed: 7, ..Address::default() };
    let element = Mask { address, rate: Rate::new(0.1).expect("a rate") };
    let masks: Vec<(&str, Structured)> =
        structures().into_iter().map(|(name, structure)| (name, Structured { address, structure })).collect();
    let mut seconds = vec![Vec::new(); masks.len() + 1];
    for _ in 0..ROUNDS {
        for (i, seconds) in seconds.iter_mut().enumerate() {
            let started = Instant::now();
            match i.checked_sub(1) {
                None => dropout_rows(&element, Scaling::Inverted, &ids, WIDTH, &x, &mut out),
                Some(i) => dropout_structured(&masks[i].1, Scaling::Inverted, &ids, &x, &mut out),
            }
            .expect("arrays that fit");
            seconds.push(started.elapsed().as_secs_f64());
            black_box(&out);
        }
    }
    let mut medians = seconds.into_iter().map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2] * 1e9 / x.len() as f64
    });
    let plain = medians.next().expect("the first row");
    println!("\n{isa}: {ROWS} x {CHANNELS} x {SIDE} x {SIDE}, p = 0.1");
    println!("| mask | ns/element | over element dropout |\n|---|---:|---:|");
    println!("| element | {plain:.3} | 1 |");
    for ((name, _), median) in masks.iter().zip(medians) {
        println!("| {name} | {median:.3} | {:.2} |", median / plain);
    }
}
