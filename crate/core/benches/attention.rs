//! Fused attention with and without dropout of its weights, forward and backward.
//!
//! `cargo bench --bench attention [-- --threads N]` runs itself once for each instruction set. All rows are measured in
//! turn, round after round; figures are medians. A multiply-add counts as two operations; the backward pass is
//! counted as 2.5 times the forward pass, its five products to two.

use std::hint::black_box;
use std::time::Instant;

use inverted_dropout::isa::{self, Isa};
use inverted_dropout::mask::Per;
use inverted_dropout::ops::attention::{Attention, AttentionDropout, AttentionGradients, AttentionInputs};
use inverted_dropout::parallel;
use inverted_dropout::stream::{Address, Rate};

const HEADS: usize = 8;
const FEATURES: usize = 64;
const ROUNDS: usize = 9;

fn main() {
    match std::env::var(isa::VARIABLE) {
        Ok(_) => bench(threads()),
        Err(_) => {
            let this = std::env::current_exe().expect("the path of this program");
            for isa in Isa::available().into_iter().filter(|isa| *isa != Isa::Portable) {
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

fn threads() -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--threads");
    arguments.nth(1).map_or(1, |count| count.parse().expect("a number of threads"))
}

fn bench(threads: usize) {
    let isa = Isa::active().expect("an instruction set of this machine");
    println!("\n{isa}, threads: {threads}, [1, {HEADS}, n, {FEATURES}]");
    println!("| n | rate | forward, ms | GFLOP/s | over rate 0 | backward, ms | GFLOP/s | over rate 0 |");
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for length in [512, 2048] {
        let rates = [0.0, 0.1, 0.5];
        let runs: Vec<[f64; 2]> =
            parallel::install(threads, || medians(length, &rates)).expect("as many threads");
        let operations = (4 * HEADS * length * length * FEATURES) as f64;
        for (rate, run) in rates.iter().zip(&runs) {
            let [forward, backward] = *run;
            println!(
                "| {length} | {rate} | {:.3} | {:.1} | {:.3} | {:.3} | {:.1} | {:.3} |",
                forward * 1e3,
                operations / forward * 1e-9,
                forward / runs[0][0],
                backward * 1e3,
                2.5 * operations / backward * 1e-9,
                backward / runs[0][1],
            );
        }
    }
}

/// Seconds of the forward and of the backward pass at each rate.
fn medians(length: usize, rates: &[f64]) -> Vec<[f64; 2]> {
    let size = HEADS * length * FEATURES;
    let fill =
        |seed: usize| (0..size).map(|i| ((i * 31 + seed) % 1009) as f32 / 1009.0 - 0.5).collect::<Vec<f32>>();
    let [query, key, value, dy] = [1, 2, 3, 4].map(fill);
    let (mut y, mut log_sum_exp) = (vec![0.0; size], vec![0.0; HEADS * length]);
    let [mut dquery, mut dkey, mut dvalue] = [(); 3].map(|()| vec![0.0; size]);
    let mut seconds = vec![[vec![], vec![]]; rates.len()];
    for _ in 0..ROUNDS {
        for (&rate, seconds) in rates.iter().zip(&mut seconds) {
            let dropout = AttentionDropout {
                address: Address { seed: 7, ..Address::default() },
                rate: Rate::new(rate).expect("a rate"),
                per: Per::Element,
                shared_by_heads: false,
                renormalize: false,
            };
            let attention = Attention {
                heads: HEADS,
                queries: length,
                keys: length,
                features: FEATURES,
                value_features: FEATURES,
                scale: 0.125,
                causal: false,
                mask: None,
                dropout: Some(dropout),
                ids: &[0],
            };
            let started = Instant::now();
            attention.forward(&query, &key, &value, &mut y, &mut log_sum_exp).expect("arrays that fit");
            seconds[0].push(started.elapsed().as_secs_f64());
            black_box(&y);
            let started = Instant::now();
            let inputs = AttentionInputs {
                query: &query,
                key: &key,
                value: &value,
                y: &y,
                log_sum_exp: &log_sum_exp,
                dy: &dy,
            };
            let gradients = AttentionGradients { dquery: &mut dquery, dkey: &mut dkey, dvalue: &mut dvalue };
            attention.backward(inputs, gradients).expect("arrays that fit");
            seconds[1].push(started.elapsed().as_secs_f64());
            black_box(&dquery);
        }
    }
    let median = |mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    };
    seconds.into_iter().map(|passes| passes.map(median)).collect()
}
