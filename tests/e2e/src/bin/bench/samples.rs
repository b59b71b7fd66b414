//! Statistics over repeated measurements.

/// Quantile of `values`: 0 is the smallest, 0.5 the median, 1 the largest.
pub(crate) fn at(part: f64, values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let index = (part * last as f64).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}

/// The median.
pub(crate) fn median(values: &[f64]) -> f64 {
    at(0.5, values)
}

/// Median of the ratios within each round. A disturbance of the machine slows both measurements of a round down, so the
/// ratio is steadier than either time.
pub(crate) fn ratio(one: &[f64], other: &[f64]) -> f64 {
    let ratios: Vec<f64> = one.iter().zip(other).map(|(one, other)| one / other).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_and_median_need_no_sorted_samples() {
        let values = [5.0, 1.0, 4.0, 2.0, 3.0];
        let found = [0.0, 0.5, 0.75, 1.0].map(|part| at(part, &values));
        assert_eq!(found.map(f64::to_bits), [1.0, 3.0, 4.0, 5.0].map(f64::to_bits));
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ratio_is_the_median_of_the_ratios_within_each_round() {
        // The machine was ten times slower in the last rounds; each round still has the ratio 2.
        let (one, other) = ([2.0, 20.0, 22.0], [1.0, 10.0, 11.0]);
        assert_eq!(ratio(&one, &other).to_bits(), 2.0_f64.to_bits());
        // The ratio of the medians would be 1.
        let (one, other) = ([1.0, 2.0, 3.0], [2.0, 3.0, 1.0]);
        assert!(ratio(&one, &other) < 0.7);
    }
}
