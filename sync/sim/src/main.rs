//! `sync-sim --seeds N [--seed S]`: runs worlds and fails on any violation.

use std::num::NonZero;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use sync_sim::run::{self, Summary};
use sync_sim::{Break, Fault, Plan, WorldOptions, breakage, smaller};

/// Fewer seeds than this may leave a fault unfired by chance.
const SEEDS_FOR_EVERY_FAULT: u64 = 50;

/// A breakage that is not found within so many seeds is not found.
const SEEDS_TO_FIND: u64 = 1_000;

/// The smallest runs of so many violating seeds are looked for; that takes as long as a hundred seeds each.
const MADE_SMALLER_MAX: usize = 3;

/// Lines of a trace that are printed.
const TRACE_LINES: usize = 60;

/// Runs simulated worlds; every one is a pure function of its seed.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed; with `--seeds 1` replays exactly one world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; as many as there are cores unless given.
    #[arg(long)]
    threads: Option<usize>,
    /// Kinds of faults to leave out, as a minimised violation names them.
    #[arg(long, value_delimiter = ',', value_name = "FAULT")]
    without: Vec<String>,
    /// The storm ends after so many steps at the latest.
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Break a rule of the product on purpose: r3, r5, r10, r13 or r18.
    #[arg(long = "break", value_name = "RULE")]
    broken: Option<String>,
    /// Break each of the rules in turn; fails unless every breakage is found.
    #[arg(long, conflicts_with_all = ["broken", "without", "steps"])]
    mutations: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let threads =
        options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get));
    let fine = match world_options(&options) {
        Ok(_) if options.mutations => mutations(&options, threads),
        Ok(world) => seeds(&options, world, threads),
        Err(why) => {
            eprintln!("{why}");
            false
        }
    };
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn world_options(options: &Options) -> Result<WorldOptions, String> {
    let mut plan = Plan::default().of_steps(options.steps.unwrap_or(u32::MAX));
    for name in &options.without {
        plan = plan.without(Fault::parse(name).ok_or_else(|| format!("no fault is called {name}"))?);
    }
    let broken = match &options.broken {
        None => None,
        Some(name) => Some(Break::parse(name).ok_or_else(|| format!("no breakage is called {name}"))?),
    };
    Ok(WorldOptions { plan, broken, traced: false })
}

#[expect(clippy::print_stdout, reason = "the table is this command's product")]
fn seeds(options: &Options, world: WorldOptions, threads: usize) -> bool {
    if let Some(broken) = world.broken {
        println!("{}: {}", breakage::BROKEN, broken.name());
    }
    let started = Instant::now();
    let range = options.seed..options.seed.saturating_add(options.seeds);
    let summary = run::many(range, threads, world, |report| {
        let what = report.violations.first().map(String::as_str).unwrap_or_default();
        println!("seed {} violates: {what}", report.seed);
    });
    let elapsed_ms = started.elapsed().as_millis().max(1);
    let per_second = u128::from(summary.seeds) * 1_000 / elapsed_ms;
    let cores = u128::try_from(threads).unwrap_or(1).max(1);
    println!(
        "seeds {}  sales shown done {}  entries given back {}  slowest drain {} ms (virtual)",
        summary.seeds, summary.sales, summary.given_back, summary.slowest_drain_ms
    );
    println!("seeds per second {per_second}  per core {}  cores {cores}", per_second / cores);
    if let Some(busy_ms) = busy_ms() {
        // Wall time counts what else the machine does.
        println!("seeds per second of a core's time {}", u128::from(summary.seeds) * 1_000 / busy_ms.max(1));
    }
    let small = summary.small;
    if let Some(per_second) = (u128::from(small.seeds) * 1_000_000).checked_div(small.took.as_micros()) {
        let seeds = small.seeds;
        println!("small worlds (one station) {seeds}  per second of a core's time {per_second}");
    }
    for fault in Fault::ALL {
        println!("fault {:<20} {}", fault.name(), summary.faults.count(fault));
    }
    println!("violations {}", summary.violating.len());
    for seed in summary.violating.keys().take(MADE_SMALLER_MAX) {
        print_smallest(*seed, world);
    }
    let quiet = quiet(options, world, &summary);
    if !quiet.is_empty() {
        println!("never fired: {}", quiet.join(", "));
    }
    quiet.is_empty() && summary.violating.is_empty()
}

/// Time that this process had on all cores so far, milliseconds; where the system tells.
fn busy_ms() -> Option<u128> {
    /// The kernel counts in hundredths of a second here.
    const TICK_MS: u128 = 10;
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field after it.
    let mut fields = text.rsplit_once(") ")?.1.split_ascii_whitespace().skip(11);
    let user: u128 = fields.next()?.parse().ok()?;
    let system: u128 = fields.next()?.parse().ok()?;
    Some((user + system) * TICK_MS)
}

/// Faults that should have fired and never did.
fn quiet(options: &Options, world: WorldOptions, summary: &Summary) -> Vec<&'static str> {
    if options.seeds < SEEDS_FOR_EVERY_FAULT || summary.seeds < options.seeds {
        return Vec::new();
    }
    summary.faults.silent().filter(|fault| world.plan.allows(*fault)).map(Fault::name).collect()
}

#[expect(clippy::print_stdout, reason = "the trace is this command's product")]
fn print_smallest(seed: u64, world: WorldOptions) {
    let (plan, report) = smaller::smallest(seed, world);
    println!("seed {seed}, made smaller to {} steps:", report.steps);
    report.violations.iter().take(5).for_each(|violation| println!("  {violation}"));
    let skip = report.trace.len().saturating_sub(TRACE_LINES);
    report.trace.iter().skip(skip).for_each(|line| println!("    {line}"));
    println!("  replay: {}", smaller::replay(seed, WorldOptions { plan, ..world }));
}

/// Breaks each rule in turn, until a seed finds it.
#[expect(clippy::print_stdout, reason = "the table is this command's product")]
fn mutations(options: &Options, threads: usize) -> bool {
    println!("{}", breakage::BROKEN);
    let mut all_found = true;
    for broken in Break::ALL {
        let seeds = options.seed..options.seed.saturating_add(SEEDS_TO_FIND);
        match run::mutation(broken, seeds, threads) {
            Some(run::Found { seeds, seed, what }) => {
                println!("mutation {:<4} found after {seeds} seeds, by seed {seed}: {what}", broken.name());
            }
            None => {
                println!("mutation {:<4} not found in {SEEDS_TO_FIND} seeds", broken.name());
                all_found = false;
            }
        }
    }
    all_found
}
