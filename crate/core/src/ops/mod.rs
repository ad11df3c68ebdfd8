//! What dropping does to numbers.

pub mod dropout;
mod inference;

pub use dropout::{
    Element, Scaling, dropout, dropout_backward, dropout_backward_in_place, dropout_backward_rows,
    dropout_backward_rows_in_place, dropout_in_place, dropout_rows, dropout_rows_in_place,
};
pub use inference::{inference, inference_in_place};
