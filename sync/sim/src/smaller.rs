//! The shortest trace of a violation that can be found: fewer kinds of faults, a shorter storm.

use crate::faults::{Fault, Plan};
use crate::run;
use crate::world::{Report, STORM_STEPS, WorldOptions};

/// Runs the seed again with one kind of fault after the other left out and the storm cut short, as long as it still
/// violates something. The report is of the smallest run, traced; the plan replays it.
pub fn smallest(seed: u64, options: WorldOptions) -> (Plan, Report) {
    let violates = |plan: Plan| !run::one(seed, WorldOptions { plan, ..options }).violations.is_empty();
    let mut plan = options.plan;
    loop {
        let before = plan;
        for fault in Fault::ALL {
            let without = plan.without(fault);
            if without != plan && violates(without) {
                plan = without;
            }
        }
        plan = shortest(plan, violates);
        if plan == before {
            break;
        }
    }
    (plan, run::one(seed, WorldOptions { plan, traced: true, ..options }))
}

/// Halves the number of steps. Whether a run violates something need not grow with its steps, so the result is short
/// rather than the shortest there is.
fn shortest(plan: Plan, violates: impl Fn(Plan) -> bool) -> Plan {
    let (mut fine, mut bad) = (0, plan.steps_max.min(STORM_STEPS));
    while bad - fine > 1 {
        let middle = fine + (bad - fine) / 2;
        if violates(plan.of_steps(middle)) {
            bad = middle;
        } else {
            fine = middle;
        }
    }
    if violates(plan.of_steps(bad)) { plan.of_steps(bad) } else { plan }
}

/// The command that runs exactly this again.
pub fn replay(seed: u64, options: WorldOptions) -> String {
    let mut command = format!("cargo xtask sim --seeds 1 --seed {seed}");
    if options.plan.steps_max < STORM_STEPS {
        command.push_str(&format!(" --steps {}", options.plan.steps_max));
    }
    let without: Vec<&str> = options.plan.left_out().map(Fault::name).collect();
    if !without.is_empty() {
        command.push_str(&format!(" --without {}", without.join(",")));
    }
    if let Some(broken) = options.broken {
        command.push_str(&format!(" --break {}", broken.name()));
    }
    command
}
