//! Writes the mask stream to standard output, for batteries that test generators:
//! `cargo run --release --example raw_stream words 42 | dieharder -a -g 200`.
//!
//! | order | bytes |
//! |---|---|
//! | `words` | the words (plane 16) of sample 0, then of sample 1, ... |
//! | `lanes` | the keep bits at p = 1/2 of consecutive lanes |
//! | `places` | 128 keep bits at p = 1/2 of each of 256 samples, 16 sites and 2^32 steps, the samples fastest |
//! | `seeds` | 128 keep bits at p = 1/2 of each seed, counted up from the given one |
//!
//! Without an order or a seed: `words` of seed 0. It ends when its reader does.

use std::io::{self, ErrorKind, Write};

use inverted_dropout::mask::Mask;
use inverted_dropout::stream::{self, Address, GROUP, Rate};

/// Groups of 128 bits written at once.
const BATCH: u64 = 4096;

/// Words of one sample, so that both counter words of the position change.
const WORDS: u64 = 1 << 20;

fn words(seed: u64, group: u64, out: &mut [u8]) {
    for (i, bytes) in out.chunks_exact_mut(4).enumerate() {
        let index = 4 * group + i as u64;
        let address = Address { seed, sample: (index / WORDS) as u32, ..Address::default() };
        bytes.copy_from_slice(&stream::word(&address, index % WORDS).to_le_bytes());
    }
}

fn lanes(seed: u64, group: u64, out: &mut [u8]) {
    keep(Address { seed, ..Address::default() }, group * GROUP as u64, out);
}

fn places(seed: u64, group: u64, out: &mut [u8]) {
    for (group, bits) in (group..).zip(out.chunks_exact_mut(GROUP / 8)) {
        let (sample, site, step) = (group as u32 % 256, (group >> 8) as u16 % 16, (group >> 12) as u32);
        keep(Address { seed, sample, site, step, ..Address::default() }, 0, bits);
    }
}

fn seeds(seed: u64, group: u64, out: &mut [u8]) {
    for (group, bits) in (group..).zip(out.chunks_exact_mut(GROUP / 8)) {
        keep(Address { seed: seed.wrapping_add(group), ..Address::default() }, 0, bits);
    }
}

fn keep(address: Address, start: u64, out: &mut [u8]) {
    let mask = Mask { address, rate: Rate::new(0.5).expect("in [0, 1]") };
    mask.bits(start, out.len() * 8, out).expect("within a sample");
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let fill = match arguments.next().as_deref() {
        None | Some("words") => words,
        Some("lanes") => lanes,
        Some("places") => places,
        Some("seeds") => seeds,
        Some(other) => panic!("no order {other:?}: words, lanes, places or seeds"),
    };
    let seed = arguments.next().map_or(0, |text| text.parse().expect("a seed in [0, 2^64)"));
    let mut out = io::stdout().lock();
    let mut bytes = vec![0; BATCH as usize * GROUP / 8];
    for batch in 0.. {
        fill(seed, batch * BATCH, &mut bytes);
        match out.write_all(&bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            result => result?,
        }
    }
    Ok(())
}
