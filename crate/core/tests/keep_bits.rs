//! What the functions that write keep bits refuse.

use std::panic::catch_unwind;

use inverted_dropout::isa::Isa;
use inverted_dropout::stream::bernoulli::{Steps, keep_groups, keep_rows};
use inverted_dropout::stream::{Address, Rate};

#[test]
fn an_instruction_set_that_is_missing_is_not_run() {
    let address = Address::default();
    for isa in Isa::ALL {
        for rate in [0.0, 0.5, 1.0].map(|rate| Rate::new(rate).unwrap()) {
            let groups = catch_unwind(|| keep_groups(isa, &address, rate, 0, &mut [0; 4]));
            let rows = catch_unwind(|| keep_rows(isa, &address, rate, &[1], Steps::One(0), 9, &mut [0; 2]));
            assert_eq!((groups.is_ok(), rows.is_ok()), (isa.is_available(), isa.is_available()), "{isa}");
        }
    }
}

#[test]
fn every_row_needs_a_step() {
    let address = Address::default();
    let draw = |rate, steps: &[u32]| {
        let rate = Rate::new(rate).unwrap();
        keep_rows(Isa::Portable, &address, rate, &[1, 2], Steps::PerRow(steps), 9, &mut [0; 4]);
    };
    for rate in [0.0, 0.5, 1.0] {
        draw(rate, &[3, 4]);
        assert!(catch_unwind(|| draw(rate, &[3])).is_err());
    }
}

#[test]
fn an_odd_last_word_is_not_written_at_any_rate() {
    for rate in [0.0, 0.5, 1.0] {
        let mut out = [7; 3];
        keep_groups(Isa::Portable, &Address::default(), Rate::new(rate).unwrap(), 0, &mut out);
        assert_eq!(out[2], 7, "rate {rate}");
        assert_ne!(out[..2], [7; 2], "rate {rate}");
    }
}
