//! The first fill, and the same with a cut in the middle.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use crate::bulk::{copy_in_bulk, items_len};
use crate::later;
use crate::office::Office;
use crate::shop::{Member, head_of};
use crate::wire::Wire;

/// How long a link that was cut stays so.
const CUT_FOR: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// A cut that did not come by then never does.
const CUT_WITHIN: Duration = Duration::from_secs(60);

/// Figures by name.
pub type Figures = Map<String, Value>;

pub async fn measure(products: u32) -> Result<Value> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let office = Office::new(folder.path())?;
    let mut figures = Figures::new();
    figures.insert("products".to_owned(), json!(products));
    figures.insert("durability".to_owned(), json!("D2"));
    note_ms(&mut figures, "published_ms", office.publish(products)?);
    let mut agent = Member::agent(&office, "ST0001", &path("agent.db"))?;
    let mut second = Member::agent(&office, "ST0002", &path("agent-2.db"))?;
    let mut till = agent.till(1, &path("till.db")).await?;
    let mut second_till = agent.till(2, &path("till-2.db")).await?;
    let door = agent.door(&path("agent.db")).await?;
    let running = office.start()?;
    let head = head_of(&office.database())?;

    let above = Wire::to(office.mqtt_addr.clone(), u64::MAX).await?;
    let below = Wire::to(door.to_string(), u64::MAX).await?;
    let begun = Instant::now();
    agent.pull_mqtt(above.addr.to_string())?;
    till.pull_https(below.addr)?;
    note_ms(&mut figures, "first_fill_agent_ms", agent.reaches(head, begun).await?);
    let whole = till.reaches(head, begun).await?;
    note_ms(&mut figures, "first_fill_till_ms", whole);
    let (above_lens, below_lens) = (above.lens(), below.lens());
    note(&mut figures, "first_fill_down_agent_bytes", above_lens.1);
    note(&mut figures, "first_fill_down_till_bytes", below_lens.1);
    note(&mut figures, "first_fill_up_agent_bytes", above_lens.0);
    note(&mut figures, "first_fill_up_till_bytes", below_lens.0);
    yardsticks(&mut figures, &office, folder.path(), whole, above_lens.1)?;

    let cut = Cut { to: office.mqtt_addr.clone(), at_len: above_lens.1 / 2 };
    let (took, len) =
        cut.through(&mut second, head, |member, addr| member.pull_mqtt(addr.to_string())).await?;
    note_ms(&mut figures, "resumed_agent_ms", took);
    note(&mut figures, "resumed_agent_again_bytes", len.saturating_sub(above_lens.1));
    let cut = Cut { to: door.to_string(), at_len: below_lens.1 / 2 };
    let (took, len) = cut.through(&mut second_till, head, Member::pull_https).await?;
    note_ms(&mut figures, "resumed_till_ms", took);
    note(&mut figures, "resumed_till_again_bytes", len.saturating_sub(below_lens.1));
    second.stop();
    second_till.stop();

    later::hundred_prices(&mut figures, &office, &till, [&above, &below]).await?;
    later::wrong_row(&mut figures, &mut till, below.addr).await?;
    note(&mut figures, "memory_max_kib", running.memory_max_kib()?);
    later::old_cursor(&mut figures, &office, running, &mut agent).await?;
    judge(&mut figures)?;
    Ok(Value::Object(figures))
}

pub fn note_ms(figures: &mut Figures, name: &str, took: Duration) {
    figures.insert(name.to_owned(), json!(u64::try_from(took.as_millis()).unwrap_or(u64::MAX)));
}

pub fn note(figures: &mut Figures, name: &str, value: u64) {
    figures.insert(name.to_owned(), json!(value));
}

fn yardsticks(
    figures: &mut Figures,
    office: &Office,
    folder: &Path,
    whole: Duration,
    down_len: u64,
) -> Result<()> {
    let relayed = ["products", "prices", "feed_items"];
    let of_agent = copy_in_bulk(&folder.join("agent.db"), &folder.join("bulk-1.db"), &relayed)?;
    let of_till = copy_in_bulk(&folder.join("till.db"), &folder.join("bulk-2.db"), &["products", "prices"])?;
    let bulk = of_agent + of_till;
    note_ms(figures, "bulk_ms", bulk);
    let ratio = bulk.as_micros() * 1_000 / whole.as_micros().max(1);
    note(figures, "first_fill_ratio_milli", u64::try_from(ratio)?);
    let (raw, packed) = items_len(&office.database())?;
    note(figures, "items_bytes", u64::try_from(raw)?);
    note(figures, "items_packed_bytes", u64::try_from(packed)?);
    let ratio = down_len * 1_000 / u64::try_from(packed)?.max(1);
    note(figures, "wire_to_packed_milli", ratio);
    Ok(())
}

/// A first fill that is cut.
struct Cut {
    to: String,
    at_len: u64,
}

impl Cut {
    /// How long it took with the cut, and how many bytes came down.
    async fn through(
        &self,
        member: &mut Member,
        head: sync::store::FeedHead,
        pull: impl Fn(&mut Member, SocketAddr) -> Result<()>,
    ) -> Result<(Duration, u64)> {
        let wire = Wire::to(self.to.clone(), self.at_len).await?;
        let begun = Instant::now();
        pull(member, wire.addr)?;
        while !wire.is_broken() {
            ensure!(begun.elapsed() < CUT_WITHIN, "the cut never came");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tokio::time::sleep(CUT_FOR).await;
        wire.heal();
        let took = member.reaches(head, begun).await?;
        Ok((took, wire.lens().1))
    }
}

/// A cut repeats less than two parts, whatever the catalogue's size; and a fill does not take longer than people wait.
fn judge(figures: &mut Figures) -> Result<()> {
    let of = |name: &str| figures.get(name).and_then(Value::as_u64);
    let parts_two = u64::try_from(2 * sync_proto::wire::PULL_LEN_MAX)?;
    let met = of("first_fill_till_ms").is_some_and(|ms| ms <= 10_000)
        && of("resumed_agent_again_bytes").is_some_and(|len| len <= parts_two)
        && of("resumed_till_again_bytes").is_some_and(|len| len <= parts_two);
    figures.insert("must".to_owned(), json!("first_fill_till_ms <= 10000, again_bytes <= two parts"));
    figures.insert("met".to_owned(), json!(met));
    Ok(())
}
