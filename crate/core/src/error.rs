//! Every way in which a call can fail, with a stable code.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The stable identifier of a kind of failure. Messages may be reworded, codes stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// A drop rate outside `[0, 1]` or NaN.
    Rate,
    /// A value of the wrong type.
    Type,
    /// A number outside its range.
    Range,
    /// An option or a name that does not exist.
    Option,
    /// Lengths or shapes that do not fit together.
    Shape,
    /// Input and output overlap without being the same memory.
    Overlap,
    /// No data where some is needed.
    Empty,
    /// A class label outside `0..classes`.
    Label,
    /// NaN or an infinity in training data.
    NotFinite,
    /// The loss became NaN or infinite in training.
    Diverged,
    /// A model configuration that cannot work.
    Config,
    /// The model is training and cannot take another call.
    Busy,
    /// The file is not a model of this project.
    NotAModel,
    /// The file ends before its contents do.
    Truncated,
    /// The file's contents contradict each other or claim absurd sizes.
    Corrupt,
    /// The file was written by a newer version.
    Version,
    /// The checkpoint belongs to another configuration or other data.
    Resume,
    /// The operating system refused to read or write.
    Io,
    /// The instruction set that was forced is unknown or missing on this machine.
    Isa,
    /// The number of threads that was asked for is not possible.
    Threads,
    /// A source of batches failed.
    Source,
    /// Training or Monte Carlo passes were stopped on request.
    Aborted,
    /// A defect of this library.
    Internal,
}

impl Code {
    /// The code as users see it, `ERR_...`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::Rate => "ERR_RATE",
            Code::Type => "ERR_TYPE",
            Code::Range => "ERR_RANGE",
            Code::Option => "ERR_OPTION",
            Code::Shape => "ERR_SHAPE",
            Code::Overlap => "ERR_OVERLAP",
            Code::Empty => "ERR_EMPTY",
            Code::Label => "ERR_LABEL",
            Code::NotFinite => "ERR_NOT_FINITE",
            Code::Diverged => "ERR_DIVERGED",
            Code::Config => "ERR_CONFIG",
            Code::Busy => "ERR_MODEL_BUSY",
            Code::NotAModel => "ERR_NOT_A_MODEL",
            Code::Truncated => "ERR_TRUNCATED",
            Code::Corrupt => "ERR_CORRUPT",
            Code::Version => "ERR_VERSION",
            Code::Resume => "ERR_RESUME",
            Code::Io => "ERR_IO",
            Code::Isa => "ERR_ISA",
            Code::Threads => "ERR_THREADS",
            Code::Source => "ERR_SOURCE",
            Code::Aborted => "ERR_ABORTED",
            Code::Internal => "ERR_INTERNAL",
        }
    }
}

/// A failure: what was wrong, what was found and what is allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that cannot be accepted.
    #[error("`{argument}` must be {allowed}; got {got}")]
    Argument {
        /// The kind of failure.
        code: Code,
        /// The argument's name as the caller knows it, for instance `rate` or `train.y`.
        argument: String,
        /// What was passed.
        got: String,
        /// What would have been accepted.
        allowed: String,
    },
    /// A layer of a configuration that cannot work where it stands.
    #[error("layers[{index}] ({kind}): {problem}")]
    Layer {
        /// The position of the layer in the configuration.
        index: usize,
        /// The layer's type as written in the configuration.
        kind: &'static str,
        /// What is wrong, with both shapes where two shapes disagree.
        problem: String,
    },
    /// The loss or its gradient became NaN, infinite or absurdly large. The model has the last weights whose loss was
    /// finite.
    #[error(
        "the {quantity} became {value} at step {step} (epoch {epoch}); the last weights with a finite loss were kept. \
         Lower the learning rate, clip gradients (`clipNorm`) or scale the inputs (a `normalize` layer)"
    )]
    Diverged {
        /// The epoch, counted from 0.
        epoch: usize,
        /// The optimiser step, counted from 0.
        step: u64,
        /// What became too large: `loss`, `validation loss` or `norm of the gradient`.
        quantity: &'static str,
        /// Its value.
        value: f64,
    },
    /// A file that cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The kind of failure.
        code: Code,
        /// The file.
        path: PathBuf,
        /// What is wrong with it and how to go on.
        problem: String,
    },
    /// The operating system refused.
    #[error("{}: could not {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried, as a verb: `read`, `write`, `rename`.
        action: &'static str,
        /// The reason the system gave.
        source: std::io::Error,
    },
    /// An instruction set that this machine cannot run, or that does not exist.
    #[error("`INVERTED_DROPOUT_ISA` must be one of {available} on this machine; got {requested}")]
    Isa {
        /// What was asked for.
        requested: String,
        /// The names this machine accepts.
        available: String,
    },
    /// A source of batches failed; what was learnt before stays in the model.
    #[error("the source of the batches failed: {0}")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Monte Carlo passes were stopped on request; a part of them gives no result.
    #[error("the Monte Carlo passes were aborted before the last one; there is no result")]
    AbortedPasses,
    /// Training was stopped on request; what was learnt stays in the model.
    #[error(
        "training was aborted after {steps} steps; the model keeps what it learnt{}",
        unsaved.as_ref().map_or(String::new(), |error| format!(", but no checkpoint of it could be saved: {error}"))
    )]
    Aborted {
        /// Optimiser steps done.
        steps: u64,
        /// Why the checkpoint that was asked for could not be saved, if so.
        #[source]
        unsaved: Option<Box<Error>>,
    },
}

impl Error {
    /// An argument error: `argument` must be `allowed`; got `got`.
    pub fn argument(
        code: Code,
        argument: impl Into<String>,
        got: impl Display,
        allowed: impl Into<String>,
    ) -> Self {
        Error::Argument { code, argument: argument.into(), got: got.to_string(), allowed: allowed.into() }
    }

    /// A file error.
    pub fn file(code: Code, path: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Error::File { code, path: path.as_ref().to_owned(), problem: problem.into() }
    }

    /// An input or output error.
    pub fn io(path: impl AsRef<Path>, action: &'static str, source: std::io::Error) -> Self {
        Error::Io { path: path.as_ref().to_owned(), action, source }
    }

    /// The stable code of this failure.
    pub fn code(&self) -> Code {
        match self {
            Error::Argument { code, .. } | Error::File { code, .. } => *code,
            Error::Layer { .. } => Code::Config,
            Error::Diverged { .. } => Code::Diverged,
            Error::Io { .. } => Code::Io,
            Error::Isa { .. } => Code::Isa,
            Error::Source(_) => Code::Source,
            Error::Aborted { .. } | Error::AbortedPasses => Code::Aborted,
        }
    }
}
