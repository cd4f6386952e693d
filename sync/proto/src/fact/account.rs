//! Credit accounts 외상. Names are personal data: see R39 in ARCHITECTURE.md, "Personal data".

use serde::{Deserialize, Serialize};

use crate::ids::AccountId;
use crate::quantity::Money;

/// An account was opened. The holder's name is not here: it lives in an erasable record under `account`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOpened {
    /// Opaque id of the account and of its holder's record.
    pub account: AccountId,
    /// Highest balance allowed; absent means no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Money>,
}

/// 입금: the holder paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPaid {
    /// Which account.
    pub account: AccountId,
    /// How much.
    pub amount: Money,
}

/// The name behind an account. Erasing the feed's record erases it everywhere; journals never held it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectNamed {
    /// The account, which is the subject's opaque id.
    pub account: AccountId,
    /// The holder's name as the manager wrote it.
    pub name: String,
}
