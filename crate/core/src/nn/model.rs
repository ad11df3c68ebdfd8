//! A model: a network with what it has learnt from.

use std::path::Path;

use super::config::{ModelConfig, Output};
use super::data::Dataset;
use super::evaluate::{BLOCK_ROWS, Evaluation, Evaluator};
use super::file::{decode_model, encode_model, read_file, replace};
use super::fit::{
    self, Control, FitFailure, FitObserver, FitOptions, History, Source, StepOptions, StepResult, Steps,
    Trained,
};
use super::loss::LossConfig;
use super::metric::{Metric, MetricSums};
use super::{
    LayerPath, Mode, Network, Parameters, Purpose, RowKeys, Summary, apply_output, check_lengths,
    check_values, for_each_block,
};
use crate::error::{Code, Error, Result};
use crate::uncertainty::{self, MonteCarlo, MonteCarloOptions};
use crate::{memory, parallel};

/// A network in single precision that can be trained, asked, saved and loaded.
///
/// ```
/// use inverted_dropout::nn::{
///     Activation, Control, Dataset, FitOptions, LayerConfig, LossConfig, Model, ModelConfig, OptimizerConfig,
///     Output, PredictOptions, Targets,
/// };
///
/// let mut model = Model::new(&ModelConfig::new([2], Output::Softmax, 1, vec![
///     LayerConfig::dense(16, Activation::Tanh),
///     LayerConfig::dense(2, Activation::Identity),
/// ]))?;
/// let x = vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0];
/// let xor = Dataset::new(x.clone(), 4, Targets::Classes(vec![0, 1, 1, 0]));
/// let options = FitOptions::new(LossConfig::cross_entropy(), OptimizerConfig::adam(0.03), 200);
/// let history = model.fit(&xor, None, &options, &Control::new(), &mut ())?;
/// assert_eq!(history.epochs.len(), 200);
/// let probabilities = model.predict(&x, 4, &PredictOptions::default())?;
/// assert!(probabilities[3] > 0.9); // row 1, class 1
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Model {
    network: Network<f32>,
    trained: Trained,
    /// What single steps keep from one to the next.
    steps: Option<Steps>,
}

impl Clone for Model {
    /// Without the state of single steps.
    fn clone(&self) -> Self {
        Model { network: self.network.clone(), trained: self.trained, steps: None }
    }
}

/// How to predict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PredictOptions {
    /// Gives what comes before the model's output function.
    pub logits: bool,
    /// How many steps of each row are data, as in [`Dataset::lengths`].
    pub lengths: Option<Vec<u32>>,
    /// Threads to compute with. Default: `INVERTED_DROPOUT_THREADS`, else what the machine offers.
    pub threads: Option<usize>,
}

/// How to evaluate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EvaluateOptions {
    /// Default: the likelihood of the model's output (cross entropy for softmax, and so on).
    pub loss: Option<LossConfig>,
    /// Default: the usual metric of the model's output.
    pub metrics: Option<Vec<Metric>>,
    /// Threads to compute with. Default: `INVERTED_DROPOUT_THREADS`, else what the machine offers.
    pub threads: Option<usize>,
}

impl Model {
    /// A new model with its initial weights.
    ///
    /// # Errors
    /// `ERR_CONFIG`, `ERR_RATE` or `ERR_VERSION` if the configuration cannot work.
    pub fn new(config: &ModelConfig) -> Result<Model> {
        Ok(Model { network: Network::new(config)?, trained: Trained::default(), steps: None })
    }

    /// The configuration, with the site of every mask.
    pub fn config(&self) -> &ModelConfig {
        self.network.config()
    }

    /// The layers with their shapes, parameters and rates, and the memory of a training step of `batch_size` rows.
    pub fn summary(&self, batch_size: usize) -> Summary {
        self.network.summary(batch_size)
    }

    /// As [`Model::summary`], where the step is worked off in `accumulate` parts, as [`FitOptions::accumulate`] says.
    ///
    /// # Panics
    /// If there are 0 parts.
    pub fn summary_of_parts(&self, batch_size: usize, accumulate: usize) -> Summary {
        self.network.summary_of_parts(batch_size, accumulate)
    }

    /// What the model is made of.
    pub fn network(&self) -> &Network<f32> {
        &self.network
    }

    /// What the model has learnt from.
    pub fn trained(&self) -> Trained {
        self.trained
    }

    /// The trained tensors by name.
    pub fn parameters(&self) -> &Parameters<f32> {
        self.network.parameters()
    }

    /// The trained tensors by name, to be changed.
    pub fn parameters_mut(&mut self) -> &mut Parameters<f32> {
        self.weights_change();
        self.network.parameters_mut()
    }

    /// Whatever changes weights, single steps aside, says so.
    fn weights_change(&mut self) {
        if let Some(steps) = &mut self.steps {
            steps.weights_changed();
        }
    }

    /// Elements of a predicted row.
    pub fn output_width(&self) -> usize {
        self.network.output_width()
    }

    /// Trains on `data`.
    ///
    /// Each epoch goes once over all rows, in mini-batches, in an order of its own; every step draws new masks. A
    /// first call fits normalize layers to the training rows. The same seed, data and options give the same weights
    /// bit for bit, for any number of threads, on one kind of machine. A step allocates nothing after the first,
    /// packing inside the matrix products aside.
    ///
    /// # Errors
    /// Of options, loss and data before anything is changed: `ERR_CONFIG`, `ERR_RANGE`, `ERR_OPTION`, `ERR_EMPTY`,
    /// `ERR_SHAPE`, `ERR_LABEL`, `ERR_NOT_FINITE`, `ERR_RESUME` and those of files. `ERR_ABORTED` if `control` says
    /// so: the model then keeps what it learnt up to there. `ERR_DIVERGED` if the loss turns NaN or infinite: the
    /// model then has the last weights whose loss was finite. `ERR_IO` before anything is changed if the checkpoint
    /// could not be written to its folder, and during the run if one cannot be saved: what was learnt stays.
    pub fn fit(
        &mut self,
        data: &Dataset,
        validation: Option<&Dataset>,
        options: &FitOptions,
        control: &Control,
        observer: &mut dyn FitObserver,
    ) -> Result<History, FitFailure> {
        self.fit_from(Source::Memory(data), validation.map(Source::Memory), options, control, observer)
    }

    /// Trains on data in memory or on batches that come one by one: see [`BatchSource`](super::BatchSource). The same batches in the same
    /// order, of rows with the same ids, give the same weights bit for bit.
    ///
    /// The batches are learnt as they come, and `batch_size` and `shuffle` mean nothing then. A new model with normalize
    /// layers reads the first epoch once for each of them before the training begins.
    ///
    /// # Errors
    /// As [`Model::fit`]; a fault of a batch is found when its turn comes, and the model keeps what it learnt from those
    /// before, as it does where the source fails. A checkpoint is saved then, if there is to be one. `ERR_EMPTY` for an
    /// epoch without batches; `ERR_RANGE` for an epoch of another length than `batches_per_epoch`; `ERR_OPTION` if a
    /// learning rate that changes needs that; `ERR_RESUME` if a resumed run gets another batch than was to come.
    pub fn fit_from(
        &mut self,
        data: Source<'_>,
        validation: Option<Source<'_>>,
        options: &FitOptions,
        control: &Control,
        observer: &mut dyn FitObserver,
    ) -> Result<History, FitFailure> {
        self.weights_change();
        fit::fit(&mut self.network, &mut self.trained, data, validation, options, control, observer)
    }

    /// Learns one batch: a step of a training loop that the caller writes. Masks and the optimiser's state go on from
    /// step to step, and from `fit` to the next step as far as masks go.
    ///
    /// ```
    /// use inverted_dropout::nn::*;
    ///
    /// let layers = vec![LayerConfig::dense(1, Activation::Identity)];
    /// let mut model = Model::new(&ModelConfig::new([1], Output::Identity, 1, layers))?;
    /// let y = Targets::Values { values: vec![1.0, 3.0], width: 1 };
    /// let batch = Dataset::new(vec![0.0, 1.0], 2, y); // y = 1 + 2 x
    /// let options = StepOptions { optimizer: Some(OptimizerConfig::adam(0.1)), ..StepOptions::default() };
    /// let losses = (0..300).map(|_| Ok(model.train_step(&batch, &options)?.loss));
    /// assert!(losses.collect::<Result<Vec<f64>, inverted_dropout::Error>>()?[299] < 1e-3);
    /// # Ok::<(), inverted_dropout::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for the data and options of [`Model::fit`]. `ERR_DIVERGED` if the loss is not finite: the step before is
    /// taken back, if it made the weights that gave it; or the gradient: then nothing is changed.
    pub fn train_step(&mut self, batch: &Dataset, options: &StepOptions) -> Result<StepResult> {
        let threads = self.threads(options.threads, batch.rows)?;
        let Model { network, trained, steps } = self;
        parallel::install(threads, || fit::step(network, trained, steps, batch, options))?
    }

    /// The loss of a batch and its gradients by all parameters, in the layout of [`Model::parameters`]; nothing is
    /// changed. Dropout has the masks of the next step, or is off.
    ///
    /// # Errors
    /// As for the data and options of [`Model::fit`].
    pub fn gradients(&self, batch: &Dataset, options: &StepOptions) -> Result<(f64, Vec<f32>)> {
        let threads = self.threads(options.threads, batch.rows)?;
        parallel::install(threads, || fit::gradients(&self.network, self.trained, batch, options))?
    }

    /// A step by gradients that the caller made: those of [`Model::gradients`], summed, averaged or changed, in the layout
    /// of [`Model::parameters`]. Returns their norm, before clipping. Of the options it reads the rule and `clip_norm`; it
    /// counts as a step, and running statistics stay as they are.
    ///
    /// # Errors
    /// `ERR_SHAPE` if there are not as many as parameters, `ERR_DIVERGED` if their norm is not finite (then nothing is
    /// changed), and those of options.
    pub fn apply_gradients(&mut self, gradients: &[f32], options: &StepOptions) -> Result<f64> {
        let threads = self.threads(options.threads, 1)?;
        let Model { network, trained, steps } = self;
        parallel::install(threads, || fit::apply(network, trained, steps, gradients, options))?
    }

    /// Changes the rates of layers that drop: all of them or, where one cannot be, none.
    ///
    /// # Errors
    /// Those of [`Network::set_rates`].
    pub fn set_rates(&mut self, rates: &[(LayerPath, f64)]) -> Result<()> {
        self.network.set_rates(rates)
    }

    /// Loss and metrics on `data`, with dropout off.
    ///
    /// # Errors
    /// As for the data of [`Model::fit`], and `ERR_CONFIG` for a loss or metric that does not fit the output.
    pub fn evaluate(&self, data: &Dataset, options: &EvaluateOptions) -> Result<Evaluation> {
        let output = self.config().output;
        let loss = options.loss.clone().unwrap_or_else(|| LossConfig::of(output));
        let loss = self.network.loss(&loss)?;
        let metrics = MetricSums::new(options.metrics.as_deref(), output)?;
        data.check("data", &self.network.data_shape(), &loss)?;
        self.network.check_ids("data.x", &data.x)?;
        let rows: Vec<u32> = (0..data.rows as u32).collect();
        parallel::install(self.threads(options.threads, data.rows)?, || {
            Evaluator::new(&self.network, data, &rows, &metrics)?.run(&self.network, &loss)
        })?
    }

    /// The predictions for `rows` rows of `x`, with dropout off: probabilities for `softmax` and `sigmoid`, real
    /// values for `identity`, means then log variances for `gaussian`; [rows, output width].
    ///
    /// Rows are worked off in blocks of 256 whatever the number of threads, so the bits do not depend on it.
    ///
    /// # Errors
    /// `ERR_EMPTY` without rows, `ERR_SHAPE` if `x` has another length, `ERR_NOT_FINITE` for NaN or an infinity,
    /// `ERR_RANGE` for what should be an id of an embedding and is not, or if the result does not fit into memory.
    pub fn predict(&self, x: &[f32], rows: usize, options: &PredictOptions) -> Result<Vec<f32>> {
        self.check_x(x, rows)?;
        let (input, width) = (self.network.input_width(), self.output_width());
        let mut out = memory::zeros("rows", rows, &[rows, width])?;
        self.check_lengths(options.lengths.as_deref(), rows)?;
        let chunks = out.chunks_mut(BLOCK_ROWS * width).enumerate();
        let mut blocks: Vec<_> = x.chunks(BLOCK_ROWS * input).zip(chunks).collect();
        let threads = self.threads(options.threads, rows)?;
        let output = if options.logits { Output::Identity } else { self.config().output };
        parallel::install(threads, || {
            let together = rows.min(BLOCK_ROWS);
            let room = || self.network.workspace(together, Purpose::Inference);
            let rooms = (0..threads.min(blocks.len())).map(|_| room());
            let mut rooms = rooms.collect::<Result<Vec<_>>>()?;
            for_each_block(&mut rooms, &mut blocks, |workspace, (x, (block, out))| {
                let first = *block * BLOCK_ROWS;
                let part = |lengths: &'_ Vec<u32>| first..lengths.len().min(first + BLOCK_ROWS);
                let lengths = options.lengths.as_ref().map(|lengths| &lengths[part(lengths)]);
                let keys = RowKeys { lengths, ..RowKeys::NONE };
                self.network.forward(workspace, x, keys, Mode::Inference)?;
                out.copy_from_slice(workspace.output());
                apply_output(output, out, self.network.output_features());
                Ok(())
            })
        })??;
        Ok(out)
    }

    /// The predictions of many passes with dropout on, and what they say about the uncertainty.
    ///
    /// What comes before the first mask is computed once. `progress` gets the part that is done, in (0, 1].
    ///
    /// # Errors
    /// As [`Model::predict`]; `ERR_RANGE` for fewer than 2 passes, a bad precision or more samples than
    /// fit into memory; `ERR_SHAPE` for ids of another
    /// number than rows; `ERR_ABORTED` if `control` says so.
    pub fn predict_monte_carlo(
        &self,
        x: &[f32],
        rows: usize,
        options: &MonteCarloOptions,
        control: &Control,
        progress: &mut (dyn FnMut(f64) + Send),
    ) -> Result<MonteCarlo> {
        self.check_x(x, rows)?;
        self.check_lengths(options.lengths.as_deref(), rows)?;
        uncertainty::sample(&self.network, x, rows, options, control, progress)
    }

    /// Writes the model to a file: aside, synced, renamed.
    ///
    /// # Errors
    /// `ERR_IO`; what was there before stays.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        replace(path.as_ref(), &self.to_bytes())
    }

    /// Reads a model, or the model in a checkpoint.
    ///
    /// # Errors
    /// `ERR_IO`, `ERR_NOT_A_MODEL`, `ERR_TRUNCATED`, `ERR_CORRUPT` or `ERR_VERSION`.
    pub fn load(path: impl AsRef<Path>) -> Result<Model> {
        let path = path.as_ref();
        Model::decode(path, &read_file(path)?)
    }

    /// The contents of the file that [`Model::save`] writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_model(&self.network, self.trained)
    }

    /// Reads a model from the contents of a file.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Model> {
        Model::decode(Path::new("<bytes>"), bytes)
    }

    fn decode(path: &Path, bytes: &[u8]) -> Result<Model> {
        let (network, trained) = decode_model(path, bytes)?;
        Ok(Model { network, trained, steps: None })
    }

    fn check_x(&self, x: &[f32], rows: usize) -> Result<()> {
        if rows == 0 {
            return Err(Error::argument(Code::Empty, "x", "0 rows", "at least one row"));
        }
        if rows > u32::MAX as usize {
            return Err(Error::argument(Code::Range, "x", format!("{rows} rows"), "at most 2^32 - 1 rows"));
        }
        check_values("x", x, rows, self.network.input_width())?;
        self.network.check_ids("x", x)
    }

    fn check_lengths(&self, lengths: Option<&[u32]>, rows: usize) -> Result<()> {
        lengths.map_or(Ok(()), |lengths| check_lengths("lengths", lengths, rows, &self.network.data_shape()))
    }

    /// The threads for a forward pass over `rows` rows.
    fn threads(&self, asked: Option<usize>, rows: usize) -> Result<usize> {
        parallel::threads_for(asked, rows.saturating_mul(self.parameters().len()))
    }
}
