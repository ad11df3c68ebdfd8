//! The passes: which rows and passes are worked off together, and in which order their moments merge.

use std::ops::Range;

use super::measures::Quantities;
use super::{BlockMoments, Moments, MonteCarlo};
use crate::error::{Code, Error, Result};
use crate::nn::{Control, Mode, Network, Purpose, RowKeys, Share, Workspace, apply_output, for_each_block};
use crate::stream::bernoulli::Steps;
use crate::{memory, parallel};

/// Rows of a block.
pub const ROW_BLOCK: usize = 8;

/// Passes of a block. Results are the same bits for any split of the passes at multiples of this.
pub const PASS_BLOCK: usize = 32;

/// Blocks between two looks at [`Control`], and two reports of progress, for each thread.
const WAVE: usize = 8;

/// How to sample.
#[derive(Clone, Debug, PartialEq)]
pub struct MonteCarloOptions {
    /// Passes of each row, at least 2. The standard error falls with their root.
    pub passes: u32,
    /// The seed of the masks. Default: the model's.
    pub seed: Option<u64>,
    /// The identity of each row, which keys its masks; a row's passes use the same masks in any company. Default:
    /// the row's index.
    pub ids: Option<Vec<u32>>,
    /// Whether every pass's prediction is returned: passes * rows * d values.
    pub keep_samples: bool,
    /// Who has masks of its own; `Batch`: each pass, whose rows then share them and differ in their input alone.
    pub share: Share,
    /// How many steps of each row are data, as in a data set.
    pub lengths: Option<Vec<u32>>,
    /// The precision (1 / variance) of the noise of an `identity` output, above 0, if it is known.
    pub precision: Option<f64>,
    /// Threads to compute with. Default: `INVERTED_DROPOUT_THREADS`, else what the machine offers.
    pub threads: Option<usize>,
}

impl MonteCarloOptions {
    /// `passes` passes with defaults for everything else.
    pub fn new(passes: u32) -> Self {
        MonteCarloOptions {
            passes,
            seed: None,
            ids: None,
            keep_samples: false,
            share: Share::None,
            lengths: None,
            precision: None,
            threads: None,
        }
    }

    fn validate(&self, rows: usize) -> Result<()> {
        if self.passes < 2 {
            return Err(Error::argument(
                Code::Range,
                "passes",
                self.passes,
                "a whole number of at least 2: one pass has no variance",
            ));
        }
        if let Some(precision) = self.precision
            && !(precision > 0.0 && precision.is_finite())
        {
            return Err(Error::argument(Code::Range, "precision", precision, "a finite number above 0"));
        }
        match &self.ids {
            Some(ids) if ids.len() != rows => Err(Error::argument(
                Code::Shape,
                "ids",
                format!("{} ids", ids.len()),
                format!("{rows} ids, one for each row"),
            )),
            _ => Ok(()),
        }
    }
}

/// Samples the predictions of `rows` rows of `x`.
///
/// Work is cut into blocks of [`ROW_BLOCK`] rows and [`PASS_BLOCK`] passes, whatever the number of threads; the
/// blocks of a row merge in an order that only their numbers fix. So results are bit-identical for any number of
/// threads; for a row alone or in other company they agree as far as the matrix products do (rounding in single
/// precision), since the masks are the same.
pub(crate) fn sample(
    network: &Network<f32>,
    x: &[f32],
    rows: usize,
    options: &MonteCarloOptions,
    control: &Control,
    progress: &mut (dyn FnMut(f64) + Send),
) -> Result<MonteCarlo> {
    options.validate(rows)?;
    let products = rows.saturating_mul(options.passes as usize).saturating_mul(network.parameters().len());
    let threads = parallel::threads_for(options.threads, products)?;
    parallel::install(threads, || Sampler::new(network, x, rows, options)?.run(threads, control, progress))?
}

struct Sampler<'a> {
    network: &'a Network<f32>,
    options: &'a MonteCarloOptions,
    quantities: Quantities,
    rows: usize,
    /// Output vectors of a row.
    steps: usize,
    ids: Vec<u32>,
    /// What comes before the first mask, for all rows.
    prefix: Vec<f32>,
    prefix_width: usize,
}

/// The rows and passes of a block, and what they give.
struct Block {
    rows: Range<usize>,
    passes: Range<u32>,
    /// Of the quantities of each row, one row after another.
    moments: Moments,
    /// The predictions, [passes, rows, d].
    predicted: Vec<f32>,
}

/// Memory of a thread.
struct Room {
    workspace: Workspace<f32>,
    x: Vec<f32>,
    ids: Vec<u32>,
    passes: Vec<u32>,
    lengths: Vec<u32>,
    logits: Vec<f32>,
    sample: Vec<f64>,
}

impl<'a> Sampler<'a> {
    fn new(
        network: &'a Network<f32>,
        x: &[f32],
        rows: usize,
        options: &'a MonteCarloOptions,
    ) -> Result<Self> {
        let prefix_width = network.prefix_width();
        let mut prefix = memory::room("rows", rows, &[rows, prefix_width])?;
        let together = (ROW_BLOCK * PASS_BLOCK).min(rows);
        let mut workspace = network.workspace(together, Purpose::Inference)?;
        for (chunk, x) in x.chunks(together * network.input_width()).enumerate() {
            let first = chunk * together;
            let lengths = options.lengths.as_ref().map(|lengths| &lengths[first..rows.min(first + together)]);
            network.forward_prefix(&mut workspace, x, lengths)?;
            prefix.extend_from_slice(workspace.output());
        }
        Ok(Sampler {
            network,
            options,
            quantities: Quantities::new(network.config().output, network.output_features()),
            rows,
            steps: network.output_width() / network.output_features(),
            ids: options.ids.clone().unwrap_or_else(|| (0..rows as u32).collect()),
            prefix,
            prefix_width,
        })
    }

    fn run(
        &self,
        threads: usize,
        control: &Control,
        progress: &mut (dyn FnMut(f64) + Send),
    ) -> Result<MonteCarlo> {
        let d = self.steps * self.quantities.width;
        let pass_blocks = (self.options.passes as usize).div_ceil(PASS_BLOCK);
        let count = self.rows.div_ceil(ROW_BLOCK) * pass_blocks;
        let mut totals = vec![BlockMoments::starting_at(0); self.rows.div_ceil(ROW_BLOCK)];
        let passes = self.options.passes;
        let samples = || memory::zeros::<f32>("passes", passes, &[passes as usize, self.rows, d]);
        let mut samples = self.options.keep_samples.then(samples).transpose()?;
        let mut rooms = (0..threads.min(count)).map(|_| self.room()).collect::<Result<Vec<_>>>()?;

        for start in (0..count).step_by(WAVE * threads) {
            if control.is_aborted() {
                return Err(Error::AbortedPasses);
            }
            let wave = start..(start + WAVE * threads).min(count);
            let mut blocks: Vec<Block> =
                wave.clone().map(|number| self.plan(number / pass_blocks, number % pass_blocks)).collect();
            for_each_block(&mut rooms, &mut blocks, |room, block| self.work(room, block))?;
            for block in blocks {
                if let Some(samples) = &mut samples {
                    let length = block.rows.len() * d;
                    for (pass, predicted) in block.passes.zip(block.predicted.chunks_exact(length)) {
                        samples[(pass as usize * self.rows + block.rows.start) * d..][..length]
                            .copy_from_slice(predicted);
                    }
                }
                totals[block.rows.start / ROW_BLOCK].push(block.moments);
            }
            progress(wave.end as f64 / count as f64);
        }
        let totals = totals.iter().map(|blocks| blocks.total().expect("every row has passes"));
        Ok(self.quantities.finish(&Moments::side_by_side(totals), self.options.precision, samples))
    }

    fn plan(&self, row_block: usize, pass_block: usize) -> Block {
        let (row, pass) = (row_block * ROW_BLOCK, pass_block * PASS_BLOCK);
        let rows = row..(row + ROW_BLOCK).min(self.rows);
        Block {
            passes: pass as u32..(pass + PASS_BLOCK).min(self.options.passes as usize) as u32,
            moments: Moments::new(rows.len() * self.steps * self.quantities.len()),
            rows,
            predicted: Vec::new(),
        }
    }

    fn room(&self) -> Result<Room> {
        let pairs = ROW_BLOCK.min(self.rows) * PASS_BLOCK.min(self.options.passes as usize);
        Ok(Room {
            workspace: self.network.workspace(pairs, Purpose::Inference)?,
            x: memory::room("rows", pairs, &[pairs, self.prefix_width])?,
            ids: Vec::with_capacity(pairs),
            passes: Vec::with_capacity(pairs),
            lengths: Vec::with_capacity(pairs),
            logits: memory::room("rows", pairs, &[pairs, self.network.output_width()])?,
            sample: memory::room("rows", ROW_BLOCK, &[ROW_BLOCK, self.steps, self.quantities.len()])?,
        })
    }

    /// Runs the passes of a block as one batch: all its rows in its first pass, then in its second, and so on.
    fn work(&self, room: &mut Room, block: &mut Block) -> Result<()> {
        let Room { workspace, x, ids, passes, lengths, logits, sample } = room;
        let rows = &block.rows;
        x.clear();
        ids.clear();
        passes.clear();
        lengths.clear();
        logits.clear();
        for pass in block.passes.clone() {
            x.extend_from_slice(&self.prefix[rows.start * self.prefix_width..rows.end * self.prefix_width]);
            ids.extend_from_slice(&self.ids[rows.clone()]);
            passes.extend(rows.clone().map(|_| pass));
            if let Some(all) = &self.options.lengths {
                lengths.extend_from_slice(&all[rows.clone()]);
            }
        }
        let keys = RowKeys {
            ids,
            steps: Steps::PerRow(passes),
            seed: self.options.seed,
            lengths: self.options.lengths.is_some().then_some(&lengths[..]),
            shared: self.options.share == Share::Batch,
        };
        self.network.forward_suffix(workspace, x, keys, Mode::MonteCarlo)?;
        logits.extend_from_slice(workspace.output());
        let width = self.network.output_features();
        apply_output(self.network.config().output, logits, width);
        let vectors = rows.len() * self.steps;

        let (d, each) = (self.quantities.width, self.quantities.len());
        sample.resize(vectors * each, 0.0);
        for pass in logits.chunks_exact(vectors * width) {
            for (predicted, sample) in pass.chunks_exact(width).zip(sample.chunks_exact_mut(each)) {
                self.quantities.of(predicted, sample);
                if self.options.keep_samples {
                    block.predicted.extend_from_slice(&predicted[..d]);
                }
            }
            block.moments.add(sample);
        }
        Ok(())
    }
}
