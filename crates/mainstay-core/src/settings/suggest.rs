//! Names: what someone probably meant, and what is none.

/// The candidate nearest to what was written, if it is near enough to be meant: at most a third of its
/// characters differ.
///
/// ```
/// use mainstay_core::settings::suggest::nearest;
///
/// assert_eq!(nearest("PROT", ["HOST", "PORT"]), Some("PORT"));
/// assert_eq!(nearest("COLOUR", ["HOST", "PORT"]), None);
/// ```
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = candidates.into_iter().map(|candidate| (distance(written, candidate), candidate));
    distances
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).min(3))
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lie between two names. Case counts
/// for nothing, and names too long to be names are far from everything.
fn distance(left: &str, right: &str) -> usize {
    const LONGEST: usize = 100;
    if left.len() > LONGEST || right.len() > LONGEST {
        return usize::MAX;
    }
    let left = left.to_ascii_uppercase().into_bytes();
    let right = right.to_ascii_uppercase().into_bytes();
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=right.len()).collect();
    for i in 1..=left.len() {
        for j in 1..=right.len() {
            let changed = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            let swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[left.len()][right.len()]
}

/// Whether what stands in the place of a name looks like one, and may be shown. Lines of a pasted key stand there too, and end
/// with `=` often enough; they are long, of mixed case, or full of digits.
pub fn looks_like_name(name: &str) -> bool {
    let is_lower = name.chars().any(|c| c.is_ascii_lowercase());
    let is_upper = name.chars().any(|c| c.is_ascii_uppercase());
    let digits = name.chars().filter(char::is_ascii_digit).count();
    name.len() <= 48 && is_lower != is_upper && digits <= 3
}
