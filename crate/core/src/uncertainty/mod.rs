//! Monte Carlo passes, their moments and measures.
