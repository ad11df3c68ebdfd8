//! Work that falls into independent blocks.

use rayon::prelude::*;

use crate::error::Result;

/// Calls `work` for every block, on as many threads of the current pool as there are `rooms` (at least one); each
/// thread has a room to itself, and neighbouring blocks.
pub(crate) fn for_each_block<R: Send, B: Send>(
    rooms: &mut [R],
    blocks: &mut [B],
    work: impl Fn(&mut R, &mut B) -> Result<()> + Sync,
) -> Result<()> {
    if let [room] = rooms {
        // Outside of a pool rayon would start its global one.
        return blocks.iter_mut().try_for_each(|block| work(room, block));
    }
    let each = blocks.len().div_ceil(rooms.len()).max(1);
    rooms
        .par_iter_mut()
        .zip(blocks.par_chunks_mut(each))
        .try_for_each(|(room, blocks)| blocks.iter_mut().try_for_each(|block| work(room, block)))
}
