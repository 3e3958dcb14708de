//! Areas in proportion to weights, as square as can be.

/// A rectangle; the unit is the caller's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Rect {
    pub(super) fn area(self) -> f64 {
        self.width * self.height
    }

    /// Cuts off a strip of this area along the shorter side: the strip, and what is left.
    fn cut(self, area: f64) -> (Self, Self) {
        if self.width >= self.height {
            let width = (area / self.height).min(self.width);
            let strip = Self { width, ..self };
            (
                strip,
                Self {
                    x: self.x + width,
                    width: self.width - width,
                    ..self
                },
            )
        } else {
            let height = (area / self.width).min(self.height);
            let strip = Self { height, ..self };
            (
                strip,
                Self {
                    y: self.y + height,
                    height: self.height - height,
                    ..self
                },
            )
        }
    }

    /// The strip divided among its areas, along its longer side.
    fn divide(self, areas: &[f64], upright: bool, out: &mut Vec<Self>) {
        let total: f64 = areas.iter().sum();
        let (mut x, mut y) = (self.x, self.y);
        for area in areas {
            let share = area / total;
            let rect = if upright {
                Self {
                    x,
                    y,
                    width: self.width,
                    height: self.height * share,
                }
            } else {
                Self {
                    x,
                    y,
                    width: self.width * share,
                    height: self.height,
                }
            };
            if upright {
                y += rect.height
            } else {
                x += rect.width
            }
            out.push(rect);
        }
    }
}

/// One rectangle for each weight, in their order, which is best the largest first. Together they
/// fill `space`; those of weight 0 (and all, if the space has no area) are empty.
///
/// The method of Bruls, Huizing and van Wijk: rows along the shorter side grow as long as that
/// makes their worst rectangle more square.
pub(super) fn squarify(weights: &[u64], space: Rect) -> Vec<Rect> {
    let total: f64 = weights.iter().map(|weight| *weight as f64).sum();
    let mut out = Vec::with_capacity(weights.len());
    if total > 0.0 && space.area() > 0.0 {
        let scale = space.area() / total;
        let positive = weights.iter().take_while(|weight| **weight > 0);
        let areas: Vec<f64> = positive.map(|weight| *weight as f64 * scale).collect();
        lay_rows(&areas, space, &mut out);
    }
    out.resize(
        weights.len(),
        Rect {
            width: 0.0,
            height: 0.0,
            ..space
        },
    );
    out
}

fn lay_rows(mut areas: &[f64], mut space: Rect, out: &mut Vec<Rect>) {
    while !areas.is_empty() {
        let side = space.width.min(space.height);
        let mut length = 1;
        while length < areas.len()
            && worst(areas.get(..=length), side) <= worst(areas.get(..length), side)
        {
            length += 1;
        }
        let (row, rest) = areas.split_at(length);
        let upright = space.width >= space.height;
        // The last row takes what is left, rounding and all.
        let (strip, left) = if rest.is_empty() {
            (space, space)
        } else {
            space.cut(row.iter().sum())
        };
        strip.divide(row, upright, out);
        (areas, space) = (rest, left);
    }
}

/// The worst ratio of sides in a row along a side of this length.
fn worst(row: Option<&[f64]>, side: f64) -> f64 {
    let row = row.unwrap_or_default();
    let sum: f64 = row.iter().sum();
    let largest = row.iter().copied().fold(0.0, f64::max);
    let smallest = row.iter().copied().fold(f64::MAX, f64::min);
    let square = |value: f64| value * value;
    (square(side) * largest / square(sum)).max(square(sum) / (square(side) * smallest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACE: Rect = Rect {
        x: 3.0,
        y: 7.0,
        width: 800.0,
        height: 380.0,
    };

    fn overlap(a: Rect, b: Rect) -> f64 {
        let along = |a: f64, a_size: f64, b: f64, b_size: f64| {
            ((a + a_size).min(b + b_size) - a.max(b)).max(0.0)
        };
        along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height)
    }

    proptest! {
        #[test]
        fn areas_follow_weights_fill_the_space_and_do_not_overlap(
            mut weights in proptest::collection::vec(0_u64..1 << 40, 1..40),
        ) {
            weights.sort_unstable_by(|a, b| b.cmp(a));
            let rects = squarify(&weights, SPACE);
            prop_assert_eq!(rects.len(), weights.len());
            let total: f64 = weights.iter().map(|weight| *weight as f64).sum();
            prop_assume!(total > 0.0);
            for (rect, weight) in rects.iter().zip(&weights) {
                let share = *weight as f64 / total;
                prop_assert!((rect.area() / SPACE.area() - share).abs() < 1e-6);
                prop_assert!(rect.x >= SPACE.x - 1e-6 && rect.y >= SPACE.y - 1e-6);
                prop_assert!(rect.x + rect.width <= SPACE.x + SPACE.width + 1e-6);
                prop_assert!(rect.y + rect.height <= SPACE.y + SPACE.height + 1e-6);
            }
            for (index, a) in rects.iter().enumerate() {
                for b in &rects[index + 1..] {
                    prop_assert!(overlap(*a, *b) < 1e-3, "{a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn equal_weights_become_nearly_square() {
        let space = Rect {
            x: 0.0,
            y: 0.0,
            width: 400.0,
            height: 400.0,
        };
        for rect in squarify(&[1; 16], space) {
            assert!((rect.width - 100.0).abs() < 1e-6 && (rect.height - 100.0).abs() < 1e-6);
        }
    }

    #[test]
    fn nothing_has_no_area() {
        assert!(squarify(&[], SPACE).is_empty());
        assert!(
            squarify(&[0, 0], SPACE)
                .iter()
                .all(|rect| rect.area() == 0.0)
        );
    }
}
