//! Looking for the last place at which two chains are one, a hello at a time (R12).

use super::terms::Agreement;
use crate::ids::Seq;

/// A search by halving. Chains that differ at a place differ at every later one, so that a journal of a million
/// entries takes twenty hellos.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Search {
    /// Both chains are one here; the genesis always is.
    low: Seq,
    /// They differ here.
    high: Seq,
    /// The place asked for next.
    pub(super) probe: Seq,
}

impl Search {
    /// They differ at `high`. `likely` was acknowledged once, so it is asked for first.
    pub(super) fn below(high: Seq, likely: Seq) -> Self {
        let mut search = Self { low: Seq::NONE, high, probe: likely };
        if likely <= search.low || likely >= high {
            search.halve();
        }
        search
    }

    /// Takes the answer for `probe`. A place that one side does not hold any more counts as one at which they
    /// agree: only what was acknowledged is ever let go of.
    pub(super) fn told(&mut self, agreement: Agreement) {
        match agreement {
            Agreement::Same | Agreement::Unknown => self.low = self.probe,
            Agreement::Different => self.high = self.probe,
        }
        self.halve();
    }

    /// The last common place, once it is known.
    pub(super) fn found(&self) -> Option<Seq> {
        (self.high <= self.low.next()).then_some(self.low)
    }

    fn halve(&mut self) {
        self.probe = Seq(self.low.0 + self.high.0.saturating_sub(self.low.0) / 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r12_the_last_common_place_is_found_wherever_it_is() {
        for high in 1..70u64 {
            for common in 0..high {
                for likely in 0..=high {
                    let mut search = Search::below(Seq(high), Seq(likely));
                    let mut asked = 0;
                    while search.found().is_none() {
                        assert!(search.probe > Seq::NONE && search.probe < Seq(high));
                        let same = search.probe.0 <= common;
                        search.told(if same { Agreement::Same } else { Agreement::Different });
                        asked += 1;
                        assert!(asked <= 8, "{high} {common} {likely}");
                    }
                    assert_eq!(search.found(), Some(Seq(common)));
                }
            }
        }
    }
}
