//! Layers, losses, optimisers, the training loop, checkpoints.
