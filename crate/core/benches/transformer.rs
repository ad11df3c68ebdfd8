//! The forward and backward pass of a transformer block: 16 rows of 128 steps of 128 features, 4 heads, 512 hidden units.
//!
//! `cargo bench -p inverted-dropout --bench transformer [-- --threads N]` measures it without dropout and with a rate of 0.1
//! at all four places in turn; figures are medians. With `--compare` it runs PyTorch's `TransformerEncoderLayer` on as
//! many threads between its own passes, through `python3` or the program that `PYTHON` names.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use inverted_dropout::nn::{
    LayerConfig, Mode, ModelConfig, Network, Output, Purpose, RowKeys, TransformerBlockConfig, Workspace,
};
use inverted_dropout::parallel;

const ROWS: usize = 16;
const STEPS: usize = 128;
const FEATURES: usize = 128;
const HEADS: usize = 4;
const HIDDEN: usize = 512;
const RATES: [f64; 2] = [0.0, 0.1];
const ROUNDS: usize = 31;

/// Answers each line, a rate, with the seconds of a pass.
const PYTORCH: &str = "
import sys, time, torch
rows, steps, features, heads, hidden, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
x = torch.randn(rows, steps, features)
dy = torch.full((rows, steps, features), 0.01)
def block(rate):
    return torch.nn.TransformerEncoderLayer(features, heads, hidden, rate, batch_first=True, norm_first=True).train()
blocks = {}
for line in sys.stdin:
    rate = float(line)
    layer = blocks.setdefault(rate, block(rate))
    start = time.perf_counter()
    layer.zero_grad(set_to_none=False)
    layer(x).backward(dy)
    print(time.perf_counter() - start, flush=True)
";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| arguments.iter().position(|argument| argument == name);
    let threads = after("--threads").map_or(1, |at| arguments[at + 1].parse().expect("a number of threads"));
    let mut rival = after("--compare").map(|_| Rival::start(threads));
    let mut passes = RATES.map(Pass::new);
    let mut times = RATES.map(|_| [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS + 3 {
        for ((pass, rate), times) in passes.iter_mut().zip(RATES).zip(&mut times) {
            let own = parallel::install(threads, || pass.run()).expect("as many threads");
            let theirs = rival.as_mut().map(|rival| rival.run(rate));
            if round >= 3 {
                times[0].push(own);
                times[1].extend(theirs);
            }
        }
    }
    println!("threads: {threads}");
    println!("| rate | ms | PyTorch, ms | ratio |");
    println!("|---:|---:|---:|---:|");
    for (rate, [own, theirs]) in RATES.into_iter().zip(&mut times) {
        let own = median(own).expect("rounds");
        let (theirs, ratio) = match median(theirs) {
            Some(theirs) => (format!("{:.2}", theirs * 1e3), format!("{:.2}", theirs / own)),
            None => (String::new(), String::new()),
        };
        println!("| {rate} | {:.2} | {theirs} | {ratio} |", own * 1e3);
    }
}

fn median(times: &mut [f64]) -> Option<f64> {
    times.sort_unstable_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

struct Pass {
    network: Network<f32>,
    workspace: Workspace<f32>,
    x: Vec<f32>,
    ids: Vec<u32>,
    gradients: Vec<f32>,
    step: u32,
}

impl Pass {
    fn new(rate: f64) -> Self {
        let block = TransformerBlockConfig { dropout: rate, ..TransformerBlockConfig::new(HEADS, HIDDEN) };
        let layers = vec![LayerConfig::TransformerBlock(block)];
        let config = ModelConfig::new([STEPS, FEATURES], Output::Identity, 1, layers);
        let network = Network::new(&config).expect("a configuration");
        let workspace = network.workspace(ROWS, Purpose::Training).expect("memory");
        let elements = ROWS * STEPS * FEATURES;
        Pass {
            x: (0..elements).map(|i| (i as f32 * 0.618).fract() - 0.5).collect(),
            ids: (0..ROWS as u32).collect(),
            gradients: vec![0.0; network.parameters().len()],
            network,
            workspace,
            step: 0,
        }
    }

    /// Seconds of a pass.
    fn run(&mut self) -> f64 {
        let Pass { network, workspace, x, ids, gradients, step } = self;
        *step += 1;
        let start = Instant::now();
        let keys = RowKeys::at_step(ids, *step);
        network.forward(workspace, x, keys, Mode::Train).expect("a pass");
        workspace.output_gradient_mut().fill(0.01);
        network.backward(workspace, x, keys, Mode::Train, gradients).expect("a pass");
        black_box(&gradients);
        let elapsed: Duration = start.elapsed();
        elapsed.as_secs_f64()
    }
}

/// PyTorch in a process of its own.
struct Rival {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Rival {
    fn start(threads: usize) -> Self {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let sizes = [ROWS, STEPS, FEATURES, HEADS, HIDDEN, threads].map(|size| size.to_string());
        let mut process = Command::new(python)
            .arg("-c")
            .arg(PYTORCH)
            .args(sizes)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a Python with PyTorch");
        let requests = process.stdin.take().expect("a pipe");
        let answers = BufReader::new(process.stdout.take().expect("a pipe"));
        Rival { process, requests, answers }
    }

    fn run(&mut self, rate: f64) -> f64 {
        writeln!(self.requests, "{rate}").expect("PyTorch runs");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("PyTorch answers");
        answer.trim().parse().expect("seconds")
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
