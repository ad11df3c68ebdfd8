//! Packed bits written one after another.

/// Writes bits from the least significant one of the first word on. The words must be zero to begin with.
pub(super) struct BitWriter<'a> {
    words: &'a mut [u64],
    at: usize,
}

impl<'a> BitWriter<'a> {
    pub(super) fn new(words: &'a mut [u64]) -> Self {
        BitWriter { words, at: 0 }
    }

    /// Goes on after the first `at` bits, which stand there already; the others must be zero.
    pub(super) fn after(words: &'a mut [u64], at: usize) -> Self {
        BitWriter { words, at }
    }

    /// Bits written so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Writes the low `count` bits of a word, at most 64; the others must be 0.
    #[inline]
    fn push(&mut self, bits: u64, count: usize) {
        write(self.words, self.at, bits, count);
        self.at += count;
    }

    /// Writes the same bit `count` times.
    pub(super) fn push_run(&mut self, bit: bool, count: usize) {
        if !bit {
            self.at += count;
            return;
        }
        let mut left = count;
        while left > 0 {
            // Up to the end of the word, so that only the first and the last piece are less than a word.
            let now = left.min(64 - self.at % 64);
            self.push(low(now), now);
            left -= now;
        }
    }

    /// Writes bits `from..from + count` of other words.
    pub(super) fn push_slice(&mut self, source: &[u64], from: usize, count: usize) {
        let mut done = 0;
        while done < count {
            let now = (count - done).min(64);
            self.push(read(source, from + done) & low(now), now);
            done += now;
        }
    }

    /// Writes the last `length` bits again until they stand there `times` times.
    pub(super) fn repeat(&mut self, length: usize, times: usize) {
        let start = self.at - length;
        let end = start + length * times;
        while self.at < end {
            // What is there already is a whole number of repetitions, so copying all of it doubles them; a piece
            // never reads what it is about to write.
            let there = self.at - start;
            let (from, count) = (start, there.min(end - self.at));
            let mut done = 0;
            while done < count {
                let now = (count - done).min(64);
                let bits = read(self.words, from + done) & low(now);
                self.push(bits, now);
                done += now;
            }
        }
    }
}

/// Sets the low `count` bits of a word from bit `at` on, where there are zeros; its other bits must be 0.
#[inline]
pub(super) fn write(words: &mut [u64], at: usize, bits: u64, count: usize) {
    let (word, shift) = (at / 64, at % 64);
    words[word] |= bits << shift;
    if shift + count > 64 {
        words[word + 1] |= bits >> (64 - shift);
    }
}

/// The lowest `count` bits, 1 to 64.
#[inline]
pub(super) fn low(count: usize) -> u64 {
    u64::MAX >> (64 - count)
}

/// Bit `at`.
#[inline]
pub(super) fn bit(words: &[u64], at: usize) -> bool {
    words[at / 64] >> (at % 64) & 1 == 1
}

/// 64 bits from bit `at` on; zeros past the end.
#[inline]
pub(super) fn read(words: &[u64], at: usize) -> u64 {
    let (word, shift) = (at / 64, at % 64);
    let first = words[word] >> shift;
    match words.get(word + 1) {
        Some(next) if shift > 0 => first | next << (64 - shift),
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_add_up_to_their_bits(
            source in prop::collection::vec(any::<u64>(), 8),
            pieces in prop::collection::vec((0..3u8, any::<bool>(), 1..200usize, 0..300usize, 1..9usize), 1..8),
        ) {
            let bit = |i: usize| source[i / 64] >> (i % 64) & 1 == 1;
            let mut words = vec![0; 300];
            let mut writer = BitWriter::new(&mut words);
            let mut expected = Vec::new();
            for (kind, value, count, from, times) in pieces {
                match kind {
                    0 => {
                        writer.push_run(value, count);
                        expected.resize(expected.len() + count, value);
                    }
                    1 => {
                        writer.push_slice(&source, from, count);
                        expected.extend((from..from + count).map(bit));
                    }
                    _ => {
                        let length = count.min(expected.len());
                        if length > 0 {
                            writer.repeat(length, times);
                            let last = expected[expected.len() - length..].to_vec();
                            (1..times).for_each(|_| expected.extend(&last));
                        }
                    }
                }
                prop_assert_eq!(writer.at(), expected.len());
            }
            for (i, &expected) in expected.iter().enumerate() {
                prop_assert_eq!(read(&words, i) & 1 == 1, expected, "bit {}", i);
            }
            prop_assert_eq!(words.iter().map(|word| word.count_ones() as usize).sum::<usize>(),
                expected.iter().filter(|bit| **bit).count());
        }
    }
}
