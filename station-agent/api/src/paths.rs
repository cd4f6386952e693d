//! Every path of the LAN API, in the form axum's router takes; `{order_id}` stands for one path segment.

/// `GET` -> [`crate::Overview`].
pub const OVERVIEW: &str = "/api/v1/overview";
/// `GET` -> list of [`crate::Delivery`].
pub const DELIVERIES: &str = "/api/v1/deliveries";
/// `POST` [`crate::ConfirmDelivery`] -> [`crate::Delivery`].
pub const DELIVERY_CONFIRM: &str = "/api/v1/deliveries/{order_id}/confirm";
/// `GET` -> list of [`crate::StationOrder`]; `POST` [`crate::PlaceOrder`] -> [`crate::StationOrder`].
pub const ORDERS: &str = "/api/v1/orders";
/// `GET` -> list of [`crate::Product`].
pub const PRODUCTS: &str = "/api/v1/products";
/// `GET`, query `limit` -> list of [`crate::JournalRow`], newest first.
pub const JOURNAL: &str = "/api/v1/journal";
/// `POST` a file of a journal -> [`crate::ImportedJournal`]. Loopback and token only.
pub const JOURNAL_IMPORT: &str = "/api/v1/journal/import";
/// `GET` -> list of [`crate::QuarantineRow`], those that wait first.
pub const QUARANTINE: &str = "/api/v1/quarantine";
/// `POST` -> [`crate::Replayed`]: everything that waits is tried again.
pub const QUARANTINE_REPLAY: &str = "/api/v1/quarantine/replay";
/// `GET` -> [`crate::QuarantineEntry`].
pub const QUARANTINE_ENTRY: &str = "/api/v1/quarantine/{key}";
/// `POST` -> [`crate::QuarantineEntry`]: tried again; that it still fails is an answer, with the new reason.
pub const QUARANTINE_ENTRY_REPLAY: &str = "/api/v1/quarantine/{key}/replay";
/// `GET` -> [`crate::SetupState`]; `POST` [`crate::SetUp`] -> [`crate::SetupState`]. Loopback and token only.
pub const SETUP: &str = "/api/v1/setup";
/// `POST` [`crate::OpenCode`] -> [`crate::EnrolmentCode`].
pub const ENROLMENT_CODES: &str = "/api/v1/enrolment-codes";
/// `GET` -> list of [`crate::Device`].
pub const DEVICES: &str = "/api/v1/devices";
/// `POST` [`crate::RevokeDevice`] -> [`crate::Device`].
pub const DEVICE_REVOKE: &str = "/api/v1/devices/{device_id}/revoke";
/// `GET`, without a token: the process runs.
pub const LIVEZ: &str = "/livez";
/// `GET`, without a token: the process can serve requests.
pub const READYZ: &str = "/readyz";

/// Request header that makes a repeated `POST` the same `POST`.
pub const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";
