//! The initialisers by name.

use serde::{Deserialize, Serialize};

/// How the weights of a layer are drawn. Biases start at zero.
///
/// n is the fan-in (inputs of a unit), m the fan-out (units).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Initializer {
    /// Normal with variance q / (n E f^2), where q is the keep rate of the dropout that feeds the layer and f the
    /// activation that does (in a first layer its own). For ReLU that is 2 q / n: inverted dropout lets the second
    /// moment of the activations grow by 1 / q a layer, and the q takes it back. Standard dropout shrinks
    /// it by q instead, and the variance is divided by q.
    #[default]
    DropoutAware,
    /// Normal with variance 2 / n (He et al. 2015).
    HeNormal,
    /// Uniform in +-sqrt(6 / n), of the same variance.
    HeUniform,
    /// Normal with variance 2 / (n + m) (Glorot & Bengio 2010).
    GlorotNormal,
    /// Uniform in +-sqrt(6 / (n + m)), of the same variance.
    GlorotUniform,
    /// All zeros: for a layer whose output should start at its bias.
    Zeros,
}
