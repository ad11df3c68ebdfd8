//! The loss and the metrics of a network on a data set, with dropout off.

use super::data::{Batch, Dataset};
use super::loss::{Loss, WeightedSum};
use super::metric::{MetricSums, Metrics};
use super::{Mode, Network, Purpose, Workspace, for_each_block};
use crate::error::Result;
use crate::parallel;

/// Rows that are predicted together, whatever the number of threads.
pub(super) const BLOCK_ROWS: usize = 256;

/// How good a model is on some data.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Weighted mean loss.
    pub loss: f64,
    /// Metrics by name.
    pub metrics: Metrics,
}

/// Memory for evaluations of one data set, planned once.
pub(super) struct Evaluator<'a> {
    data: &'a Dataset,
    rooms: Vec<(Workspace<f32>, Batch)>,
    blocks: Vec<Block>,
}

struct Block {
    rows: Vec<u32>,
    loss: WeightedSum,
    metrics: MetricSums,
}

impl<'a> Evaluator<'a> {
    /// For the given rows of `data`, on the threads of the current pool.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(super) fn new(
        network: &Network<f32>,
        data: &'a Dataset,
        rows: &[u32],
        metrics: &MetricSums,
    ) -> Result<Self> {
        let blocks: Vec<Block> = rows
            .chunks(BLOCK_ROWS)
            .map(|rows| Block { rows: rows.to_vec(), loss: WeightedSum::default(), metrics: metrics.clone() })
            .collect();
        let together = rows.len().min(BLOCK_ROWS);
        let room = || {
            let workspace = network.workspace(together, Purpose::Inference)?;
            Ok((workspace, Batch::new("rows", data, network.input_width(), together)?))
        };
        let rooms = (0..parallel::current_threads().min(blocks.len())).map(|_| room());
        Ok(Evaluator { data, rooms: rooms.collect::<Result<_>>()?, blocks })
    }

    /// Evaluates `network` as it is now.
    pub(super) fn run(&mut self, network: &Network<f32>, loss: &Loss) -> Result<Evaluation> {
        let (sum, metrics) = self.sums(network, loss)?;
        Ok(Evaluation { loss: sum.mean(), metrics: metrics.finish() })
    }

    /// What the evaluation is made of, to be added to that of other rows.
    pub(super) fn sums(&mut self, network: &Network<f32>, loss: &Loss) -> Result<(WeightedSum, MetricSums)> {
        for_each_block(&mut self.rooms, &mut self.blocks, |(workspace, batch), block| {
            batch.gather(self.data, &block.rows);
            network.forward(workspace, &batch.x, batch.anonymous(), Mode::Inference)?;
            block.loss = loss.evaluate(workspace.output(), batch.targets(), batch.weights(), None);
            block.metrics.clear();
            let (rows, steps) = (block.rows.len(), loss.steps());
            block.metrics.add(rows, steps, batch.lengths(), workspace.output(), batch.targets());
            Ok(())
        })?;
        let mut blocks = self.blocks.iter();
        let first = blocks.next().expect("data is checked for rows");
        let (mut sum, mut metrics) = (first.loss, first.metrics.clone());
        for block in blocks {
            sum.add(block.loss);
            metrics.merge(&block.metrics);
        }
        Ok((sum, metrics))
    }
}
