//! Writes what a dictionary is trained on, see `sync/dictionaries/README.md`: small batches of entries as stations
//! write them, of many stations, the same on every run.

use std::path::PathBuf;

use sync_proto::fact::{CancelReason, Line, SaleCancelled, Sold, Tender};
use sync_proto::ids::mint_sale_id;
use sync_proto::quantity::{Pieces, line_amount};
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::wire::frame_body;
use sync_proto::{
    AccountId, BusinessDay, Envelope, Fact, FeedVersion, Incarnation, Money, ProductId, Quantity, Stamp,
    StationCode, TerminalNo, Volume,
};

type Failure = Box<dyn std::error::Error>;

/// Samples, one file each.
const SAMPLES: u64 = 2_000;
/// Entries of a sample.
const ENTRIES: u64 = 4;

fn main() -> Result<(), Failure> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder to write to")?);
    std::fs::create_dir_all(&folder)?;
    let mut dice = Dice(0x6a75_7975);
    for number in 0..SAMPLES {
        let entries = sample(&mut dice)?;
        std::fs::write(folder.join(format!("{number:04}")), frame_body(entries.iter().map(Vec::as_slice)))?;
    }
    Ok(())
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    /// Something from 0 to below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides.max(1)
    }

    fn amount(&mut self, sides: u64) -> i64 {
        i64::try_from(self.roll(sides)).unwrap_or(0)
    }
}

fn sample(dice: &mut Dice) -> Result<Vec<Vec<u8>>, Failure> {
    let station = StationCode::new(format!("ST{:04}", 1 + dice.roll(9_999)))?;
    let terminal = TerminalNo(u16::try_from(1 + dice.roll(8))?);
    let mut life = [0; 16];
    for byte in &mut life {
        *byte = u8::try_from(dice.roll(256))?;
    }
    let day = BusinessDay::new(format!("2026-{:02}-{:02}", 1 + dice.roll(12), 1 + dice.roll(28)))?;
    let mut at = Stamp {
        wall_ms: 1_795_000_000_000 + dice.amount(31_000_000_000),
        mono_ms: dice.roll(3_000_000_000),
        boot: u32::try_from(dice.roll(1 << 32))?,
        offset_ms: (dice.roll(4) > 0).then(|| dice.amount(90) - 45),
    };
    let first = 1 + dice.roll(200_000);
    let mut entries = Vec::new();
    for counter in first..first + ENTRIES {
        let between_ms = 20_000 + dice.roll(240_000);
        at.wall_ms += i64::try_from(between_ms)?;
        at.mono_ms += between_ms;
        let sale = mint_sale_id(&station, terminal, &Incarnation(life), counter)?;
        let lines = lines(dice)?;
        let total: Money = lines.iter().map(|line| line.amount).sum();
        let tenders = vec![tender(dice, total)?];
        let fact = if dice.roll(40) == 0 {
            Fact::SaleCancelled(SaleCancelled { sale, reason: CancelReason::Mistake, lines, tenders, total })
        } else {
            Fact::Sold(Sold { sale, lines, tenders, total, vat: vat_within(TaxClass::Taxed, total) })
        };
        entries.push(Envelope::new(at, Some(day.clone()), fact).encode()?);
    }
    Ok(entries)
}

/// 85 % one line of fuel, the rest with one or two goods beside it.
fn lines(dice: &mut Dice) -> Result<Vec<Line>, Failure> {
    let count = if dice.roll(20) < 17 { 1 } else { 2 + dice.roll(2) };
    let mut lines = Vec::new();
    for place in 0..count {
        let fuel = place == 0;
        let unit_price =
            Money(if fuel { 1_400 + dice.amount(60) * 10 } else { 500 + dice.amount(100) * 100 });
        let quantity = if fuel {
            Quantity::Volume(Volume(1_000 + dice.amount(60_000)))
        } else {
            Quantity::Pieces(Pieces(1 + dice.amount(3)))
        };
        lines.push(Line {
            product: ProductId::new(format!("CD{:04}", 1_001 + dice.roll(if fuel { 4 } else { 40 })))?,
            quantity,
            unit_price,
            amount: line_amount(unit_price, quantity),
            tax: TaxClass::Taxed,
            price_version: FeedVersion(1 + dice.roll(500)),
        });
    }
    Ok(lines)
}

fn tender(dice: &mut Dice, amount: Money) -> Result<Tender, Failure> {
    Ok(match dice.roll(10) {
        0 | 1 => Tender::Cash { amount },
        2 => Tender::Account { amount, account: AccountId::new(format!("AC{:04}", 1 + dice.roll(200)))? },
        _ => Tender::Card { amount, approval: format!("{:08}", dice.roll(100_000_000)) },
    })
}
