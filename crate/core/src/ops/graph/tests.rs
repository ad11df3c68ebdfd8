use super::*;
use crate::mask::graph::{Edges, RowLists, words};
use crate::stream::Rate;

const ENDS: [u32; 12] = [0, 1, 2, 0, 1, 2, 1, 0, 2, 2, 2, 0];
const NODES: usize = 4;
/// Edges 0, 2, 3 and 5 are kept.
const BITS: [u64; 1] = [0b101101];

fn graph() -> Graph<'static> {
    Graph::new(Edges::stacked(&ENDS).unwrap(), Some(NODES), None, None).unwrap()
}

#[test]
fn dropped_rows_are_zero_and_kept_ones_scaled() {
    for (rows, width) in [(6, 1), (6, 3), (130, 1), (20_000, 1), (129, 17), (0, 0), (5, 0)] {
        let bits: Vec<u64> =
            (1..=words(rows) as u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let x: Vec<f32> = (0..rows * width).map(|i| if i % 5 == 2 { f32::NAN } else { i as f32 }).collect();
        let mut out = vec![7.0; x.len()];
        drop_rows(&bits, rows, 1.25, &x, &mut out).unwrap();
        let mut in_place = x.clone();
        drop_rows_in_place(&bits, rows, 1.25, &mut in_place).unwrap();
        for i in 0..x.len() {
            let row = i / width;
            let kept = bits[row / 64] >> (row % 64) & 1 == 1;
            let expected = if kept { x[i] * 1.25 } else { 0.0 };
            for out in [out[i], in_place[i]] {
                assert!(out.to_bits() == expected.to_bits() || out.is_nan() && expected.is_nan());
            }
        }
    }
    let error = drop_rows(&[0], 2, 1.0, &[1.0; 3], &mut [0.0; 3]).unwrap_err();
    assert_eq!(error.code(), Code::Shape);
    assert_eq!(drop_rows(&[0], 1, 1.0, &[1.0], &mut [0.0; 2]).unwrap_err().code(), Code::Shape);
}

#[test]
fn all_kept_without_a_factor_is_the_identity_bit_for_bit() {
    let x = [f32::from_bits(0x7f80_0001), -0.0, 1.0];
    let mut out = [1.0; 3];
    drop_rows(&[7], 3, 1.0, &x, &mut out).unwrap();
    assert_eq!(out.map(f32::to_bits), x.map(f32::to_bits));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let bits = vec![0x0123_4567_89ab_cdef; 100];
    let x: Vec<f32> = (0..6400 * 100).map(|i| i as f32).collect();
    let on = |threads| {
        let mut out = vec![1.0; x.len()];
        parallel::install(threads, || drop_rows(&bits, 6400, 1.1, &x, &mut out)).unwrap().unwrap();
        out
    };
    assert!(on(1) == on(3));
}

#[test]
fn the_factor_of_an_edge_is_that_of_its_kind_or_of_its_row() {
    let x: Vec<f64> = (1..=12).map(f64::from).collect();
    let mut out = vec![0.0; 12];
    let kept = EdgeScaling::Kept { edge: 2.0, on_loop: 10.0 };
    drop_edge_rows(&graph(), &BITS, kept, &x, &mut out).unwrap();
    assert_eq!(out, [2.0, 4.0, 0.0, 0.0, 50.0, 60.0, 14.0, 16.0, 0.0, 0.0, 22.0, 24.0]);
    let mut gathered = vec![0.0; 8];
    gather_edge_rows(&graph(), &BITS, kept, &x, &mut gathered).unwrap();
    assert_eq!(gathered, [2.0, 4.0, 50.0, 60.0, 14.0, 16.0, 22.0, 24.0]);
    // Sources 0, 1, 2, 0, 1, 2: node 0 keeps 2 of 2, node 1 none of 2, node 2 keeps 2 of 2.
    let by_source = EdgeScaling::Degree(Rows { by_target: false, mirror: false });
    let mut weights = x[..6].to_vec();
    drop_edge_rows_in_place(&graph(), &BITS, by_source, &mut weights).unwrap();
    assert_eq!(weights, [1.0, 0.0, 3.0, 4.0, 0.0, 6.0]);
    // Targets 1, 0, 2, 2, 2, 0: node 1 keeps 1 of 1, node 0 one of 2, node 2 two of 3.
    let by_target = EdgeScaling::Degree(Rows { by_target: true, mirror: false });
    drop_edge_rows(&graph(), &BITS, by_target, &x[..6], &mut out[..6]).unwrap();
    assert_eq!(out[..6], [1.0, 0.0, 3.0 * 1.5, 4.0 * 1.5, 0.0, 12.0]);
}

#[test]
fn values_of_rows_are_weights_times_factors() {
    let weights: Vec<f64> = (1..=6).map(f64::from).collect();
    for (rows, expected) in [
        (Rows { by_target: false, mirror: false }, vec![1.0, 4.0, 3.0, 6.0]),
        (Rows { by_target: true, mirror: false }, vec![12.0, 1.0, 4.5, 6.0]),
        // Rows of 0: edges 0, 1, 3, 5, kept 0, 3, 5. Of 1: edges 0, 1, 4, kept 0. Of 2: 2, 3, 4, 5, kept 2, 3, 5.
        (
            Rows { by_target: false, mirror: true },
            vec![4.0 / 3.0, 4.0 * (4.0 / 3.0), 6.0 * (4.0 / 3.0), 3.0, 4.0, 4.0 * (4.0 / 3.0), 8.0],
        ),
    ] {
        let mut row_ptr = vec![0; NODES + 1];
        let entries = rows.entries(&graph(), Some(&BITS)).unwrap();
        let (mut columns, mut edges) = (vec![0; entries], vec![0; entries]);
        let lists = RowLists { starts: &mut row_ptr, columns: &mut columns, edges: &mut edges };
        rows.write(&graph(), Some(&BITS), lists).unwrap();
        let mut values = vec![0.0; entries];
        let degree = EdgeScaling::Degree(rows);
        row_values(&graph(), degree, &row_ptr, &edges, Some(&weights), &mut values).unwrap();
        assert_eq!(values, expected);
        let kept = EdgeScaling::Kept { edge: 2.0, on_loop: 1.0 };
        row_values(&graph(), kept, &row_ptr, &edges, None, &mut values).unwrap();
        let expected: Vec<f64> = edges.iter().map(|&edge| if edge == 2 { 1.0 } else { 2.0 }).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn what_has_no_meaning_is_refused() {
    let mirrored = EdgeScaling::Degree(Rows { by_target: false, mirror: true });
    let error = drop_edge_rows(&graph(), &BITS, mirrored, &[1.0; 6], &mut [0.0; 6]).unwrap_err();
    assert_eq!(error.code(), Code::Option);
    let unknown = Graph::new(Edges::stacked(&ENDS).unwrap(), None, None, None).unwrap();
    let degree = EdgeScaling::Degree(Rows { by_target: false, mirror: false });
    let error = drop_edge_rows(&unknown, &BITS, degree, &[1.0; 6], &mut [0.0; 6]).unwrap_err();
    assert_eq!(error.code(), Code::Option);
    let none = EdgeScaling::NONE;
    assert_eq!(
        gather_edge_rows(&graph(), &BITS, none, &[1.0; 6], &mut [0.0; 3]).unwrap_err().code(),
        Code::Shape
    );
    assert_eq!(
        gather_edge_rows(&graph(), &BITS, none, &[1.0; 7], &mut [0.0; 4]).unwrap_err().code(),
        Code::Shape
    );
    let weights = Some(&[1.0][..]);
    assert_eq!(
        row_values(&graph(), none, &[0, 1], &[0], weights, &mut [0.0]).unwrap_err().code(),
        Code::Shape
    );
    assert_eq!(
        row_values(&graph(), none, &[0, 1], &[0], None, &mut [0.0; 2]).unwrap_err().code(),
        Code::Shape
    );
}

#[test]
fn inverted_factors_are_those_of_what_is_kept() {
    let rate = Rate::new(0.2).unwrap();
    assert_eq!(EdgeScaling::inverted(rate), EdgeScaling::Kept { edge: 1.25, on_loop: 1.25 });
    assert_eq!(EdgeScaling::inverted_between(rate), EdgeScaling::Kept { edge: 1.5625, on_loop: 1.25 });
    let all = Rate::new(1.0).unwrap();
    assert_eq!(EdgeScaling::inverted_between(all), EdgeScaling::Kept { edge: 0.0, on_loop: 0.0 });
}
