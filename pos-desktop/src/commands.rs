//! The window's bridge: each command parses, calls one use case and converts.

use pos_core::sale::Payment;
use pos_core::settings::{self, Language, Theme};
use pos_core::{Moment, TillError, TillNode, accounts, cancel, cart, recent};
use sync_proto::fact::CancelReason;
use sync_proto::{AccountId, ProductId, SaleId};
use tauri::State;

use crate::dto::{
    Account, Cart, CompletedSale, LineEntry, MenuProduct, Refusal, SaleDetail, SaleRow, Tender, TillStatus,
};
use crate::till::Till;

type Answer<T> = Result<T, Refusal>;

/// What the status bar shows.
#[tauri::command]
pub async fn till_status(till: State<'_, Till>) -> Answer<TillStatus> {
    Ok(till.status().await?)
}

/// Products whose code, name or barcode contains `query`.
#[tauri::command]
pub async fn product_menu(till: State<'_, Till>, query: String) -> Answer<Vec<MenuProduct>> {
    let found = till.menu(query).await?;
    Ok(found.into_iter().map(MenuProduct::from).collect())
}

/// The open cart.
#[tauri::command]
pub async fn cart(till: State<'_, Till>) -> Answer<Cart> {
    let station = till.me().station.clone();
    Ok(till.read(move |connection| cart::cart(connection, &station)).await?.into())
}

/// Adds a product to the cart.
#[tauri::command]
pub async fn cart_add_line(till: State<'_, Till>, product_id: String, entry: LineEntry) -> Answer<Cart> {
    let product = ProductId::new(product_id.as_str()).map_err(|_| TillError::UnknownProduct(product_id))?;
    Ok(till.write(move |node, now| cart::add_line(node, now, &product, entry.into())).await?.into())
}

/// Gives a line of the cart another quantity.
#[tauri::command]
pub async fn cart_set_quantity(till: State<'_, Till>, line_no: i64, milli: i64) -> Answer<Cart> {
    Ok(till.write(move |node, now| cart::set_quantity(node, now, line_no, milli)).await?.into())
}

/// Takes a line out of the cart.
#[tauri::command]
pub async fn cart_remove_line(till: State<'_, Till>, line_no: i64) -> Answer<Cart> {
    Ok(till.write(move |node, now| cart::remove_line(node, now, line_no)).await?.into())
}

/// Empties the cart.
#[tauri::command]
pub async fn cart_clear(till: State<'_, Till>) -> Answer<Cart> {
    Ok(till.write(cart::clear).await?.into())
}

/// Chooses the cart's credit account, or none.
#[tauri::command]
pub async fn cart_set_account(till: State<'_, Till>, account_id: Option<String>) -> Answer<Cart> {
    let unknown = |id: &str| TillError::UnknownAccount(id.to_owned());
    let account = account_id.map(|id| AccountId::new(id.as_str()).map_err(|_| unknown(&id))).transpose()?;
    Ok(till.write(move |node, now| cart::set_account(node, now, account)).await?.into())
}

/// Sells the cart.
#[tauri::command]
pub async fn complete_sale(till: State<'_, Till>, tenders: Vec<Tender>) -> Answer<CompletedSale> {
    let payments: Vec<Payment> = tenders.into_iter().map(Payment::try_from).collect::<Result<_, _>>()?;
    let (done, receipt) = till.complete_sale(payments).await?;
    Ok(CompletedSale::new(&done, receipt))
}

/// The last sales, newest first.
#[tauri::command]
pub async fn recent_sales(till: State<'_, Till>, limit: i64) -> Answer<Vec<SaleRow>> {
    let rows = till.read(move |connection| recent::sales(connection, limit)).await?;
    Ok(rows.into_iter().map(SaleRow::from).collect())
}

/// One sale in full.
#[tauri::command]
pub async fn sale_detail(till: State<'_, Till>, sale_id: String) -> Answer<SaleDetail> {
    let (row, lines, receipt) = till.sale_detail(sale(sale_id)?).await?;
    Ok(SaleDetail::new(row, lines, receipt))
}

/// Cancels a sale.
#[tauri::command]
pub async fn cancel_sale(till: State<'_, Till>, sale_id: String, reason: String) -> Answer<SaleRow> {
    let (sale, reason, calendar) = (sale(sale_id)?, cancel_reason(&reason)?, till.calendar().clone());
    let cancelled = move |node: &mut TillNode, now: &Moment| {
        cancel::cancel_sale(node, &calendar, now, (&sale, reason), None)?;
        recent::sale(node.store().connection(), &sale)
    };
    Ok(till.write(cancelled).await?.into())
}

/// Credit accounts whose name or number contains `query`.
#[tauri::command]
pub async fn accounts(till: State<'_, Till>, query: String) -> Answer<Vec<Account>> {
    let station = till.me().station.clone();
    let found = till.read(move |connection| accounts::search(connection, &station, &query)).await?;
    Ok(found.into_iter().map(Account::from).collect())
}

/// Chooses the till's language.
#[tauri::command]
pub async fn set_language(till: State<'_, Till>, language: String) -> Answer<()> {
    let chosen = Language::parse(&language).ok_or_else(|| unknown_choice("language", &language))?;
    Ok(till.write(move |node, now| settings::set_language(node, now, chosen)).await?)
}

/// Chooses the till's theme.
#[tauri::command]
pub async fn set_theme(till: State<'_, Till>, theme: String) -> Answer<()> {
    let chosen = Theme::parse(&theme).ok_or_else(|| unknown_choice("theme", &theme))?;
    Ok(till.write(move |node, now| settings::set_theme(node, now, chosen)).await?)
}

fn sale(sale_id: String) -> Result<SaleId, TillError> {
    SaleId::new(sale_id.as_str()).map_err(|_| TillError::UnknownSale(sale_id))
}

fn unknown_choice(what: &str, given: &str) -> TillError {
    TillError::BadRequest(format!("{given:?} is no {what} of this till; choose one that it offers"))
}

/// The reason as the journal keeps it. A reason in somebody's own words may hold a name, so that only its
/// kind is recorded (R39).
fn cancel_reason(text: &str) -> Result<CancelReason, TillError> {
    match text.trim() {
        "customer" => Ok(CancelReason::Customer),
        "product" => Ok(CancelReason::Product),
        "mistake" | "input" => Ok(CancelReason::Mistake),
        "payment" | "tender" => Ok(CancelReason::Payment),
        "other" => Ok(CancelReason::Other),
        _ => {
            Err(TillError::BadRequest("a cancellation needs one of the known reasons; choose one".to_owned()))
        }
    }
}
