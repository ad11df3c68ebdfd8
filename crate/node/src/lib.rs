//! The Node binding of inverted-dropout: converts, nothing else.
