//! Files: models and checkpoints as safetensors with our metadata.
//!
//! A file is a set of named f32 tensors and a map of strings: any safetensors reader can open it. Ours trusts
//! nothing in it: sizes are checked against the file before anything is allocated, and every fault is an error
//! with a code. Files are written aside, synced and renamed, so a reader sees the old or the new one, never
//! half of one.

mod container;
mod disk;
mod model;

pub(crate) use container::{Container, TensorRef, encode, read_strings};
pub(crate) use disk::{check_replaceable, read_file, replace, replace_both};
pub(crate) use model::{
    BEST, BEST_BUFFERS, CHECKPOINT, OPTIMIZER, RAW, decode_model, encode_model, is_checkpoint, model_strings,
    model_tensors, read_tensors,
};
