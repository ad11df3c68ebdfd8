//! The Node binding of inverted-dropout: converts arguments, results and errors, nothing else.
//!
//! One file per room of the core, and four for what a binding needs: [`memory`] reads the caller's typed
//! arrays, [`errors`] carries codes to JavaScript, [`runtime`] owns the threads of an environment, [`jobs`]
//! settles promises from native threads. Nothing here is public: `src/` is the library that people use, it
//! validates first and calls these functions with positional arguments.

#![allow(rustdoc::private_intra_doc_links, reason = "nothing here is public; its readers have the sources")]
#![expect(unreachable_pub, reason = "napi exports `pub` functions, whoever sees them in Rust")]

mod attention;
mod dropout;
mod errors;
mod fused;
mod graph;
mod heap;
mod jobs;
mod mask;
mod memory;
mod nn;
mod noise;
mod outputs;
mod runtime;
mod structured;
