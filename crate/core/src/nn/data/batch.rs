//! Rows of a data set gathered into contiguous memory.

use super::{Dataset, Targets};
use crate::error::Result;
use crate::memory;
use crate::nn::RowKeys;
use crate::nn::loss::{BatchTargets, Weighting};

/// Memory for a batch, planned once: gathering rows allocates nothing.
pub(crate) struct Batch {
    width: usize,
    pub(crate) x: Vec<f32>,
    pub(crate) ids: Vec<u32>,
    y: Targets,
    lengths: Option<Vec<u32>>,
    weights: Option<Vec<f32>>,
}

impl Batch {
    /// Memory for `rows` rows of `data`, of `width` features each; the caller calls the number of rows `argument`.
    ///
    /// # Errors
    /// `ERR_RANGE` if there is not enough memory.
    pub(crate) fn new(argument: &str, data: &Dataset, width: usize, rows: usize) -> Result<Self> {
        let y = match &data.y {
            Targets::Classes(classes) => {
                Targets::Classes(memory::room(argument, rows, &[rows, classes.len() / data.rows.max(1)])?)
            }
            Targets::Values { width, .. } => {
                let values = memory::room(argument, rows, &[rows, *width])?;
                Targets::Values { values, width: *width }
            }
        };
        Ok(Batch {
            width,
            x: memory::room(argument, rows, &[rows, width])?,
            ids: Vec::with_capacity(rows),
            y,
            lengths: data.lengths.as_ref().map(|_| Vec::with_capacity(rows)),
            weights: data.weights.as_ref().map(|_| Vec::with_capacity(rows)),
        })
    }

    /// Whether `rows` rows of `data` can be gathered without memory of another kind, or more of it.
    pub(crate) fn is_for(&self, data: &Dataset, width: usize, rows: usize) -> bool {
        let are_alike = match (&self.y, &data.y) {
            (Targets::Classes(_), Targets::Classes(_)) => true,
            (Targets::Values { width, .. }, Targets::Values { width: other, .. }) => width == other,
            _ => false,
        };
        are_alike
            && self.lengths.is_some() == data.lengths.is_some()
            && self.weights.is_some() == data.weights.is_some()
            && self.x.capacity() >= rows * width
    }

    /// Takes in the given rows of `data`, in their order.
    pub(crate) fn gather(&mut self, data: &Dataset, rows: &[u32]) {
        gather(&mut self.x, &data.x, self.width, rows);
        self.ids.clear();
        self.ids.extend(rows.iter().map(|&row| data.id(row)));
        match (&mut self.y, &data.y) {
            (Targets::Classes(out), Targets::Classes(classes)) => {
                gather(out, classes, classes.len() / data.rows, rows);
            }
            (Targets::Values { values: out, width }, Targets::Values { values, .. }) => {
                gather(out, values, *width, rows);
            }
            _ => unreachable!("a batch belongs to the data it was made for"),
        }
        if let (Some(out), Some(lengths)) = (&mut self.lengths, &data.lengths) {
            gather(out, lengths, 1, rows);
        }
        if let (Some(out), Some(weights)) = (&mut self.weights, &data.weights) {
            gather(out, weights, 1, rows);
        }
    }

    /// The targets of the gathered rows.
    pub(crate) fn targets(&self) -> BatchTargets<'_, f32> {
        match &self.y {
            Targets::Classes(classes) => BatchTargets::Classes(classes),
            Targets::Values { values, .. } => BatchTargets::Values(values),
        }
    }

    /// The lengths of the gathered rows.
    pub(crate) fn lengths(&self) -> Option<&[u32]> {
        self.lengths.as_deref()
    }

    /// How much the gathered rows and their steps count.
    pub(crate) fn weights(&self) -> Weighting<'_, f32> {
        Weighting { rows: self.weights.as_deref(), lengths: self.lengths() }
    }

    /// Who the gathered rows are, in a training step.
    pub(crate) fn keys(&self, step: u32) -> RowKeys<'_> {
        RowKeys { lengths: self.lengths(), ..RowKeys::at_step(&self.ids, step) }
    }

    /// The gathered rows where nothing is drawn.
    pub(crate) fn anonymous(&self) -> RowKeys<'_> {
        RowKeys { lengths: self.lengths(), ..RowKeys::NONE }
    }
}

/// `out` becomes the given rows of `from`, each `width` values.
pub(crate) fn gather<T: Copy>(out: &mut Vec<T>, from: &[T], width: usize, rows: &[u32]) {
    out.clear();
    for &row in rows {
        let start = row as usize * width;
        out.extend_from_slice(&from[start..start + width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_for_data_of_its_kind_and_for_as_many_rows() {
        let data = |y, weights| Dataset { weights, ..Dataset::new(vec![0.0; 6], 3, y) };
        let (classes, values) =
            (Targets::Classes(vec![0; 3]), Targets::Values { values: vec![0.0; 3], width: 1 });
        let batch = Batch::new("batch", &data(classes.clone(), None), 2, 3).unwrap();
        assert!(batch.is_for(&data(classes.clone(), None), 2, 3));
        assert!(batch.is_for(&data(classes.clone(), None), 2, 1));
        assert!(!batch.is_for(&data(classes.clone(), None), 2, 4));
        assert!(!batch.is_for(&data(classes, Some(vec![1.0; 3])), 2, 3));
        assert!(!batch.is_for(&data(values, None), 2, 3));
    }

    #[test]
    fn rows_come_in_the_order_asked_for() {
        let data = Dataset {
            x: (0..8).map(|i| i as f32).collect(),
            rows: 4,
            y: Targets::Classes(vec![3, 2, 1, 0]),
            ids: None,
            lengths: Some(vec![7, 6, 5, 4]),
            weights: Some(vec![0.0, 0.1, 0.2, 0.3]),
        };
        let mut batch = Batch::new("batchSize", &data, 2, 3).unwrap();
        batch.gather(&data, &[0, 1, 2]);
        batch.gather(&data, &[3, 1]);
        assert_eq!(batch.x, [6.0, 7.0, 2.0, 3.0]);
        assert_eq!(batch.ids, [3, 1]);
        assert!(matches!(batch.targets(), BatchTargets::Classes([0, 2])));
        assert_eq!(batch.weights().rows, Some(&[0.3, 0.1][..]));
        assert_eq!(batch.keys(3).lengths, Some(&[4, 6][..]));
        let named = Dataset { ids: Some(vec![40, 30, 20, 10]), ..data };
        batch.gather(&named, &[3, 1]);
        assert_eq!(batch.ids, [10, 30]);
    }
}
