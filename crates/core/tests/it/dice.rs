//! Choices for a run: a list of numbers that proptest can shrink, or one that a seed gives. When it is used up every choice is the
//! first, and the first choice is always the harmless one.

/// A source of choices.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    picks: Vec<u16>,
    at: usize,
}

impl Dice {
    /// These choices.
    pub(crate) fn of(picks: Vec<u16>) -> Self {
        Self { picks, at: 0 }
    }

    /// So many choices, the same for the same seed.
    pub(crate) fn seeded(seed: u64, count: usize) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
        let picks = (0..count).map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            u16::try_from((mixed >> 40) & 0xffff).unwrap()
        });
        Self::of(picks.collect())
    }

    /// Whether nothing is left to choose with.
    pub(crate) fn is_used_up(&self) -> bool {
        self.at >= self.picks.len()
    }

    /// Whether all but an eighth is used up: the rest is for what comes after the end.
    pub(crate) fn is_nearly_used_up(&self) -> bool {
        self.at >= self.picks.len() - self.picks.len() / 8
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let pick = self.picks.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(pick) % count.max(1)
    }

    /// True once in so many times; never when the choices are used up, and never for zero.
    pub(crate) fn once_in(&mut self, count: usize) -> bool {
        count > 0 && self.below(count) == count - 1
    }

    /// One of these.
    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}
