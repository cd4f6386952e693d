//! Facts: what happened, written once by the device where it happened, never changed.
//!
//! One file per context. On disk and on the wire a fact is its type name, its schema version and its
//! data (see [`crate::envelope`]); the names below are part of the format and never change.

mod account;
mod catalogue;
mod device;
mod identity;
mod logistics;
mod order;
mod quarantine;
mod sale;
mod station;

use serde::{Deserialize, Serialize};

use crate::origin::Role;

pub use account::{AccountOpened, AccountPaid, SubjectNamed};
pub use catalogue::{PriceScheduled, PriceScope, ProductChanged, ProductKind, Withdrawn};
pub use device::{FeedApplied, FeedScope, StreamOpened};
pub use identity::{CertificateIssued, DeviceRevoked, IssuedFor, PendingAct, PendingOverridden};
pub use logistics::{ShipmentPlanned, Shipped};
pub use order::{OrderCancelRequested, OrderCancelled, OrderRefused, OrderRequested, Ordered, StationAdded};
pub use quarantine::{AsideKey, AsideMoney, QuarantineReplayed, QuarantineSettled};
pub use sale::{CancelReason, Line, SaleCancelled, Sold, Tender};
pub use station::{Received, StockMoveReason, StockMoved};

/// Every fact of schema version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", content = "d")]
pub enum Fact {
    /// First entry of every incarnation: who writes here, and what came before.
    StreamOpened(StreamOpened),
    /// A device applied a feed up to a version (R24).
    FeedApplied(FeedApplied),
    /// 판매.
    Sold(Sold),
    /// 판매취소.
    SaleCancelled(SaleCancelled),
    /// 재고흐름 that no other fact implies.
    StockMoved(StockMoved),
    /// 입고확정.
    Received(Received),
    /// 외상계정 opened.
    AccountOpened(AccountOpened),
    /// 입금 on an account.
    AccountPaid(AccountPaid),
    /// 주문요청 by a station.
    OrderRequested(OrderRequested),
    /// A station asks for its order to be called off.
    OrderCancelRequested(OrderCancelRequested),
    /// 주문.
    Ordered(Ordered),
    /// HQ cannot take a station's request.
    OrderRefused(OrderRefused),
    /// 주문취소.
    OrderCancelled(OrderCancelled),
    /// Logistics planned the delivery of an order.
    ShipmentPlanned(ShipmentPlanned),
    /// 배송.
    Shipped(Shipped),
    /// 상품 added or changed.
    ProductChanged(ProductChanged),
    /// A price and the time from which it holds.
    PriceScheduled(PriceScheduled),
    /// Something published in a feed was withdrawn.
    Withdrawn(Withdrawn),
    /// A station joined the chain's register.
    StationAdded(StationAdded),
    /// 기기 등록, or a renewed certificate.
    CertificateIssued(CertificateIssued),
    /// 기기 폐기.
    DeviceRevoked(DeviceRevoked),
    /// 미전송 무시: somebody went on although entries were pending.
    PendingOverridden(PendingOverridden),
    /// 격리 재처리: an entry that had stepped aside is in the books.
    QuarantineReplayed(QuarantineReplayed),
    /// 격리 정리: what becomes of an entry that stays aside.
    QuarantineSettled(QuarantineSettled),
    /// A person's name under an opaque id: travels in a feed, is never an entry of a journal (R39).
    SubjectNamed(SubjectNamed),
}

impl Fact {
    /// The type name in the envelope.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::StreamOpened(_) => "StreamOpened",
            Self::FeedApplied(_) => "FeedApplied",
            Self::Sold(_) => "Sold",
            Self::SaleCancelled(_) => "SaleCancelled",
            Self::StockMoved(_) => "StockMoved",
            Self::Received(_) => "Received",
            Self::AccountOpened(_) => "AccountOpened",
            Self::AccountPaid(_) => "AccountPaid",
            Self::OrderRequested(_) => "OrderRequested",
            Self::OrderCancelRequested(_) => "OrderCancelRequested",
            Self::Ordered(_) => "Ordered",
            Self::OrderRefused(_) => "OrderRefused",
            Self::OrderCancelled(_) => "OrderCancelled",
            Self::ShipmentPlanned(_) => "ShipmentPlanned",
            Self::Shipped(_) => "Shipped",
            Self::ProductChanged(_) => "ProductChanged",
            Self::PriceScheduled(_) => "PriceScheduled",
            Self::Withdrawn(_) => "Withdrawn",
            Self::StationAdded(_) => "StationAdded",
            Self::CertificateIssued(_) => "CertificateIssued",
            Self::DeviceRevoked(_) => "DeviceRevoked",
            Self::PendingOverridden(_) => "PendingOverridden",
            Self::QuarantineReplayed(_) => "QuarantineReplayed",
            Self::QuarantineSettled(_) => "QuarantineSettled",
            Self::SubjectNamed(_) => "SubjectNamed",
        }
    }

    /// Whether the fact may stand in a journal. Personal data may not: a journal is never erased (R39).
    pub const fn may_be_journaled(&self) -> bool {
        !matches!(self, Self::SubjectNamed(_))
    }

    /// Whether a device of this role may say it: what head office decides counts from head office's journal only,
    /// whatever else a journal of a station may hold.
    pub const fn may_be_written_by(&self, role: Role) -> bool {
        match self {
            Self::Ordered(_)
            | Self::OrderRefused(_)
            | Self::OrderCancelled(_)
            | Self::ShipmentPlanned(_)
            | Self::Shipped(_)
            | Self::ProductChanged(_)
            | Self::PriceScheduled(_)
            | Self::StationAdded(_) => matches!(role, Role::Hq),
            Self::Withdrawn(_)
            | Self::CertificateIssued(_)
            | Self::DeviceRevoked(_)
            | Self::StockMoved(_)
            | Self::Received(_)
            | Self::AccountOpened(_)
            | Self::AccountPaid(_)
            | Self::OrderRequested(_)
            | Self::OrderCancelRequested(_)
            | Self::QuarantineReplayed(_)
            | Self::QuarantineSettled(_)
            | Self::SubjectNamed(_) => matches!(role, Role::Hq | Role::Agent),
            Self::StreamOpened(_)
            | Self::FeedApplied(_)
            | Self::Sold(_)
            | Self::SaleCancelled(_)
            | Self::PendingOverridden(_) => !matches!(role, Role::Office),
        }
    }
}
