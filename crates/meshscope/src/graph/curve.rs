//! The line of an edge: where it runs and where its label stands.

use super::page::{GAP, HEIGHT, WIDTH};

/// A cubic Bézier curve.
pub struct Curve([(i64, i64); 4]);

impl Curve {
    /// From the right side of one box to the left side of another, by their upper left corners. The
    /// `nth` line between the same two boxes bends further than those before it, and a line back to an
    /// earlier column swings out.
    pub fn between(from: (usize, usize), to: (usize, usize), nth: usize) -> Curve {
        let number = |n: usize| i64::try_from(n).unwrap_or_default();
        let start = (number(from.0 + WIDTH), number(from.1 + HEIGHT / 2));
        let end = (number(to.0), number(to.1 + HEIGHT / 2));
        let bend = number(if end.0 > start.0 { GAP / 2 } else { GAP });
        let shift = number(14 * nth);
        Curve([
            start,
            (start.0 + bend, start.1 + shift),
            (end.0 - bend, end.1 + shift),
            end,
        ])
    }

    /// The curve as SVG writes it.
    pub fn path(&self) -> String {
        let [a, b, c, d] = self.0;
        format!(
            "M{} {} C{} {} {} {} {} {}",
            a.0, a.1, b.0, b.1, c.0, c.1, d.0, d.1
        )
    }

    /// Where a label stands on it: in the middle, or, if there are columns between, in the gap after
    /// the last of them, where no box hides it and lines from one box have come apart.
    pub fn label(&self) -> (i64, i64) {
        let [start, _, _, end] = self.0;
        let column = i64::try_from(WIDTH + GAP).unwrap_or(1);
        let skipped = (end.0 - start.0) / column;
        let parts = if skipped > 0 { skipped + 4 } else { 2 };
        (self.at(parts, |p| p.0), self.at(parts, |p| p.1) - 4)
    }

    /// A coordinate before the last of so many parts of the curve.
    fn at(&self, parts: i64, of: impl Fn(&(i64, i64)) -> i64) -> i64 {
        let [a, b, c, d] = &self.0;
        let rest = parts - 1;
        let sum = of(a) + 3 * rest * of(b) + 3 * rest.pow(2) * of(c) + rest.pow(3) * of(d);
        sum / parts.pow(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The left side of a column.
    fn column(n: usize) -> usize {
        n * (WIDTH + GAP)
    }

    #[test]
    fn labels_stand_in_the_gap_before_the_last_box() {
        for columns in 1..6 {
            let curve = Curve::between((0, 0), (column(columns), 96), 0);
            let (x, y) = curve.label();
            let end = i64::try_from(column(columns)).unwrap();
            let gap = end - i64::try_from(GAP).unwrap()..end;
            assert!(gap.contains(&x), "{columns} columns: {x}");
            assert!((13..110).contains(&y), "{columns} columns: {y}");
        }
    }

    #[test]
    fn parallel_lines_have_labels_of_their_own() {
        let place = |nth| Curve::between((0, 0), (column(1), 0), nth).label();
        assert_eq!(place(0), (315, 13));
        assert!(place(1).1 >= place(0).1 + 10, "{:?}", place(1));
    }

    #[test]
    fn lines_back_are_labelled_in_their_middle() {
        let curve = Curve::between((column(2), 0), (0, 0), 0);
        assert_eq!(
            curve.label().0,
            i64::try_from(column(2) + WIDTH).unwrap() / 2
        );
    }
}
