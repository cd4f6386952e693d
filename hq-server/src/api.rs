//! The console's API, as JSON: shapes that the console's TypeScript is generated from.
//!
//! Money is in won, quantities in thousandths of their unit, times are RFC 3339 in UTC.

mod order;
mod product;
mod quarantine;
mod role;
mod station;

pub use order::{OrderDto, ShipmentDto};
pub use product::{AcknowledgementDto, ProductDto, ScheduledPriceDto};
pub use quarantine::{QuarantineEntryDto, QuarantineRowDto, ReplayedDto};
pub use role::{LogisticsSettingsDto, ProblemDto, RoleStateDto, SummaryDto};
pub use station::{
    AlarmDto, DeviceDto, EnrolmentCodeDto, FeedBehindDto, ImportedDto, StationDto, TerminalDto,
};

use ts_rs::{Config, TS};

/// The TypeScript of every type, by file name in `console/src/generated/`.
///
/// # Errors
/// When a type has no TypeScript.
pub fn typescript() -> Result<Vec<(String, String)>, ts_rs::ExportError> {
    // Numbers stay below 2^53: money is at most 10^15 won, quantities 10^12 thousandths.
    let config = Config::default().with_large_int("number");
    let mut files = Vec::new();
    add::<AcknowledgementDto>(&config, &mut files)?;
    add::<AlarmDto>(&config, &mut files)?;
    add::<DeviceDto>(&config, &mut files)?;
    add::<EnrolmentCodeDto>(&config, &mut files)?;
    add::<FeedBehindDto>(&config, &mut files)?;
    add::<LogisticsSettingsDto>(&config, &mut files)?;
    add::<OrderDto>(&config, &mut files)?;
    add::<ProblemDto>(&config, &mut files)?;
    add::<ProductDto>(&config, &mut files)?;
    add::<QuarantineEntryDto>(&config, &mut files)?;
    add::<QuarantineRowDto>(&config, &mut files)?;
    add::<ReplayedDto>(&config, &mut files)?;
    add::<RoleStateDto>(&config, &mut files)?;
    add::<ScheduledPriceDto>(&config, &mut files)?;
    add::<ShipmentDto>(&config, &mut files)?;
    add::<StationDto>(&config, &mut files)?;
    add::<SummaryDto>(&config, &mut files)?;
    add::<TerminalDto>(&config, &mut files)?;
    Ok(files)
}

fn add<T: TS + 'static>(
    config: &Config,
    files: &mut Vec<(String, String)>,
) -> Result<(), ts_rs::ExportError> {
    let text = T::export_to_string(config)?;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    files.push((format!("{}.ts", T::name(config)), format!("{}\n", lines.join("\n"))));
    Ok(())
}
