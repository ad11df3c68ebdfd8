//! Models: training, predictions and files, off the event loop.
//!
//! Options arrive as one JSON text, which the core reads and checks; data arrives as typed arrays, which are copied
//! before a call returns. [`shared`] decides who may use a model now, [`control`] carries what JavaScript says to a
//! native thread, [`callbacks`] what the thread tells JavaScript, [`feed`] the batches that one asks and the other gives.

mod callbacks;
mod control;
mod data;
mod feed;
mod fit;
mod model;
mod monte_carlo;
mod parameters;
mod shared;
mod steps;
