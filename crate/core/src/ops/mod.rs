//! What dropping does to numbers.

mod activation;
pub mod attention;
pub mod dropout;
mod dual;
mod element;
mod float;
pub mod fused;
pub mod graph;
mod inference;
pub mod noise;
pub(crate) mod product;
mod renormalize;
pub(crate) mod select;
mod structured;

pub use activation::Activation;
pub use dropout::{
    Scaling, dropout, dropout_backward, dropout_backward_in_place, dropout_backward_rows,
    dropout_backward_rows_in_place, dropout_in_place, dropout_rows, dropout_rows_in_place,
};
pub use dual::Dual;
pub use element::Element;
pub use float::Float;
pub use inference::{inference, inference_in_place};
pub use renormalize::{Real, renormalize, renormalize_backward};
pub use structured::{
    dropout_structured, dropout_structured_in_place, inference_structured, inference_structured_in_place,
};
