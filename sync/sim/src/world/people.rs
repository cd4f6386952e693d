//! Cashiers, managers and head office at work.

use sync::Draft;
use sync_proto::fact::FeedScope;
use sync_proto::ids::mint_sale_id;
use sync_proto::{Fact, Role, StationCode};

use super::{HQ, Shown, World};
use crate::faults::Fault;
use crate::{oracle, workload};

impl World {
    /// What people do.
    pub(super) fn act(&mut self) {
        for index in 0..self.processes.len() {
            let role = self.processes.get(index).map(|process| process.me.role);
            match role {
                Some(Role::Terminal) if self.chances.people.permille(60) => self.sell(index),
                Some(Role::Terminal) if self.chances.people.permille(8) => self.cancel(index),
                Some(Role::Agent) if self.chances.people.permille(10) => self.move_stock(index),
                Some(Role::Agent) if self.chances.people.permille(15) => self.receive_delivery(index),
                Some(Role::Hq) if self.chances.people.permille(10) => self.change_price(),
                Some(Role::Hq) if self.chances.people.permille(10) => self.ship(),
                _ => {}
            }
            self.bury(index);
        }
    }

    fn sell(&mut self, index: usize) {
        let day = self.day.clone();
        let Some(process) = self.processes.get_mut(index) else { return };
        let (me, now_ms, newer) = (process.me.clone(), self.now_ms, process.newer);
        let stamp = process.stamp(now_ms);
        let Some(node) = process.node() else { return };
        let own = node.own_stream();
        let Ok(head) = node.own_head() else { return };
        let number = head.seq.0 + 1;
        let Some(Ok(id)) = me.terminal.map(|no| mint_sale_id(&me.station, no, &own.incarnation, number))
        else {
            return;
        };
        let Some(sold) = workload::sale(id, &mut self.chances.people) else { return };
        let kind = self.chances.people.below(3);
        let (entries, future) = if newer {
            let Some(bytes) = workload::newer(&sold, stamp, &day, kind) else { return };
            (process.record_newer(now_ms, bytes), kind != workload::KNOWN)
        } else {
            (process.record(now_ms, &day, &[Draft::new(Fact::Sold(sold.clone()))]), false)
        };
        if let Some(entry) = entries.unwrap_or_default().pop() {
            if newer {
                self.faults.hit(Fault::NewerVersion);
            }
            self.note(|| {
                format!(
                    "{index} sold {} as {}{}",
                    sold.sale,
                    entry.key.to_text(),
                    if newer { ", newer" } else { "" }
                )
            });
            self.shown.push(Shown { till: index, sold, entry: entry.bytes, cancellation: None, future });
        }
    }

    fn cancel(&mut self, index: usize) {
        let (day, now_ms) = (self.day.clone(), self.now_ms);
        let open: Vec<usize> = self
            .shown
            .iter()
            .enumerate()
            .filter(|(_, shown)| shown.till == index && shown.cancellation.is_none() && !shown.future)
            .map(|(at, _)| at)
            .collect();
        let pick =
            usize::try_from(self.chances.people.below(u64::try_from(open.len()).unwrap_or(1))).unwrap_or(0);
        let (Some(shown), Some(process)) =
            (open.get(pick).and_then(|at| self.shown.get_mut(*at)), self.processes.get_mut(index))
        else {
            return;
        };
        let draft = Draft::new(Fact::SaleCancelled(workload::cancellation(&shown.sold)));
        if let Some(entry) = process.record(now_ms, &day, &[draft]).unwrap_or_default().pop() {
            shown.cancellation = Some(entry.bytes);
        }
    }

    fn move_stock(&mut self, index: usize) {
        let (day, now_ms) = (self.day.clone(), self.now_ms);
        if let (Some(draft), Some(process)) =
            (workload::movement(&mut self.chances.people), self.processes.get_mut(index))
        {
            process.record(now_ms, &day, &[draft]);
        }
    }

    fn receive_delivery(&mut self, index: usize) {
        let (day, now_ms) = (self.day.clone(), self.now_ms);
        let Some(process) = self.processes.get_mut(index).filter(|process| process.is_alive()) else {
            return;
        };
        let expected = process.disk().and_then(|disk| oracle::first_expected_delivery(&disk.durable));
        if let Some(expected) = expected
            && let Some(draft) = workload::receipt(
                &expected.order_id,
                &expected.ship_id,
                &expected.product_id,
                expected.quantity_milli,
                &mut self.chances.people,
            )
        {
            process.record(now_ms, &day, &[draft]);
        }
    }

    fn change_price(&mut self) {
        let at_ms = self.now_ms + self.chances.people.between(-1_000, 5_000);
        let price = self.chances.people.between(1_200, 2_400);
        if let Some((fact, scope, key)) = workload::price(price, at_ms) {
            self.publish(fact, scope, key);
        }
    }

    fn ship(&mut self) {
        let stations: Vec<StationCode> = self
            .processes
            .iter()
            .filter(|process| process.me.role == Role::Agent)
            .map(|process| process.me.station.clone())
            .collect();
        let pick = usize::try_from(self.chances.people.below(u64::try_from(stations.len()).unwrap_or(1)))
            .unwrap_or(0);
        self.ships += 1;
        if let Some(station) = stations.get(pick)
            && let Some((fact, scope, key)) =
                workload::shipment(station, self.ships, &mut self.chances.people)
        {
            self.publish(fact, scope, key);
        }
    }

    pub(super) fn publish(&mut self, fact: Fact, scope: FeedScope, key: String) {
        let now_ms = self.now_ms;
        if let Some(hq) = self.processes.get_mut(HQ) {
            hq.publish(now_ms, fact, scope, key);
        }
        self.bury(HQ);
    }
}
