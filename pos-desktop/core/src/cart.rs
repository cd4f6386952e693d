//! The open cart. Every change of it is committed, so a crash brings back the same cart.
//!
//! A line keeps the price that held when it was added, and its version: what the customer was shown is what
//! is charged, also when a new price takes effect while the cart is open. Remove the line and add it again
//! for the new price.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _};
use sync_proto::fact::{Line, ProductKind};
use sync_proto::quantity::{QuantityError, WHOLE_UNITS_MAX, line_amount, volume_for_amount};
use sync_proto::rows::{RowChange, Table};
use sync_proto::tax::{TaxClass, vat_within};
use sync_proto::{AccountId, FeedVersion, Money, ProductId, Quantity, StationCode, Unit};

use crate::accounts;
use crate::day::Moment;
use crate::error::TillError;
use crate::menu::{self, MenuProduct, PricePoint};
use crate::recent;
use crate::store::TillNode;
use crate::tables::{CartHead, CartLineRow};

/// Lines of one sale: a receipt of half a metre, and an entry of about 12 KiB.
pub const LINES_MAX: usize = 100;

/// Largest amount of a line: 100 of them still add up exactly in every language the number passes through.
pub const LINE_AMOUNT_MAX: Money = Money(10_000_000_000_000);

/// The one cart.
const CART_NO: i64 = 1;

/// How a line is entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEntry {
    /// So many thousandths of the unit.
    Quantity {
        /// Thousandths of a litre or piece.
        milli: i64,
    },
    /// Fuel for so much money: the amount is what is charged, the litres are what it buys, rounded down.
    Amount {
        /// Won.
        won: Money,
    },
}

/// A line of the cart, as a screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// Its number, never used twice in one cart.
    pub line_no: i64,
    /// Korean name.
    pub name_ko: String,
    /// English name.
    pub name_en: String,
    /// Fuel or goods.
    pub kind: ProductKind,
    /// What will be sold.
    pub line: Line,
}

/// The open cart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cart {
    /// Its lines, in the order they were added.
    pub lines: Vec<CartLine>,
    /// Credit account chosen for it.
    pub account: Option<AccountId>,
    /// The account's name, if its record is here.
    pub account_name: Option<String>,
}

impl Cart {
    /// Sum of the lines.
    pub fn total(&self) -> Money {
        self.lines.iter().map(|each| each.line.amount).sum()
    }

    /// VAT within the total.
    pub fn vat(&self) -> Money {
        vat_of(self.lines.iter().map(|each| &each.line))
    }
}

/// VAT within the lines of one receipt, computed once per tax class.
pub fn vat_of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Money {
    let mut totals: BTreeMap<TaxClass, Money> = BTreeMap::new();
    for line in lines {
        let total = totals.entry(line.tax).or_default();
        *total = total.plus(line.amount);
    }
    totals.into_iter().map(|(class, total)| vat_within(class, total)).sum()
}

/// Makes the line that an entry means, at the product's price now.
///
/// # Errors
/// The quantity or the amount is refused.
pub fn line_of(product: &MenuProduct, entry: LineEntry) -> Result<Line, TillError> {
    let (quantity, amount) = match entry {
        LineEntry::Quantity { milli } => {
            let quantity = Quantity::positive_from_milli(product.unit, milli)?;
            (quantity, line_amount(product.price, quantity))
        }
        LineEntry::Amount { won } => {
            let refused = || TillError::NotByAmount(product.product.clone(), won);
            if won.0 > WHOLE_UNITS_MAX {
                return Err(QuantityError::TooLarge.into());
            }
            if product.kind != ProductKind::Fuel || product.unit != Unit::Litre {
                return Err(refused());
            }
            let volume = volume_for_amount(product.price, won).ok_or_else(refused)?;
            (Quantity::positive_from_milli(Unit::Litre, volume.0)?, won)
        }
    };
    if amount > LINE_AMOUNT_MAX {
        return Err(TillError::AmountTooLarge);
    }
    Ok(Line {
        product: product.product.clone(),
        quantity,
        unit_price: product.price,
        amount,
        tax: product.tax,
        price_version: product.price_version,
    })
}

/// The cart as it is.
///
/// # Errors
/// The database does not answer.
pub fn cart(connection: &Connection, station: &StationCode) -> Result<Cart, TillError> {
    let mut statement = connection.prepare_cached(
        "SELECT l.line_no, l.product_id, l.quantity_milli, l.unit, l.unit_price, l.amount, l.tax, l.price_version, \
         coalesce(p.name_ko, l.product_id), coalesce(p.name_en, l.product_id), coalesce(p.kind, 'goods') \
         FROM cart_lines l LEFT JOIN products p ON p.product_id = l.product_id ORDER BY l.line_no",
    )?;
    let mut rows = statement.query([])?;
    let mut cart = Cart::default();
    while let Some(row) = rows.next()? {
        cart.lines.push(recent::read_cart_line(row)?);
    }
    let account: Option<Option<String>> = connection
        .prepare_cached("SELECT account_id FROM carts WHERE cart_no = $1")?
        .query_row([CART_NO], |row| row.get(0))
        .optional()?;
    if let Some(account) = account.flatten().and_then(|id| AccountId::new(id).ok()) {
        cart.account_name = accounts::find(connection, station, &account)?.and_then(|found| found.name);
        cart.account = Some(account);
    }
    Ok(cart)
}

/// Adds a product. Goods that are in the cart at the same price already become more of the same line.
///
/// # Errors
/// The product, the quantity or the amount is refused, or the cart is full.
pub fn add_line(
    node: &mut TillNode,
    now: &Moment,
    product: &ProductId,
    entry: LineEntry,
) -> Result<Cart, TillError> {
    let station = node.me().station.clone();
    let point = PricePoint { station: &station, at_ms: now.price_at_ms };
    let product = menu::product(node.store().connection(), point, product)?;
    let line = line_of(&product, entry)?;
    let cart = cart(node.store().connection(), &station)?;
    let same = cart.lines.iter().find(|each| {
        each.kind == ProductKind::Goods
            && each.line.product == line.product
            && each.line.unit_price == line.unit_price
            && each.line.price_version == line.price_version
    });
    if let Some(same) = same {
        let milli = same.line.quantity.milli().saturating_add(line.quantity.milli());
        return set_quantity(node, now, same.line_no, milli);
    }
    if cart.lines.len() >= LINES_MAX {
        return Err(TillError::CartFull);
    }
    let head = head(node)?;
    let line_no = head.next_line_no;
    let next = CartHead { next_line_no: line_no.saturating_add(1), ..head };
    write(node, now, vec![put(next), put(stored_line(line_no, &line))])
}

/// Gives a line another quantity, at the line's own price. A preset amount ends with it.
///
/// # Errors
/// There is no such line, or the quantity is refused.
pub fn set_quantity(node: &mut TillNode, now: &Moment, line_no: i64, milli: i64) -> Result<Cart, TillError> {
    let found = node.get::<CartLineRow>(&CartLineRow::key(line_no))?;
    let line = read_line(found.ok_or(TillError::UnknownLine(line_no))?)?;
    let quantity = Quantity::positive_from_milli(line.quantity.unit(), milli)?;
    let amount = line_amount(line.unit_price, quantity);
    if amount > LINE_AMOUNT_MAX {
        return Err(TillError::AmountTooLarge);
    }
    let changed = stored_line(line_no, &Line { quantity, amount, ..line });
    write(node, now, vec![put(changed)])
}

/// Takes a line out.
///
/// # Errors
/// There is no such line.
pub fn remove_line(node: &mut TillNode, now: &Moment, line_no: i64) -> Result<Cart, TillError> {
    let key = CartLineRow::key(line_no);
    if node.get::<CartLineRow>(&key)?.is_none() {
        return Err(TillError::UnknownLine(line_no));
    }
    write(node, now, vec![RowChange { key, cells: None }])
}

/// Empties the cart.
///
/// # Errors
/// The database does not take it.
pub fn clear(node: &mut TillNode, now: &Moment) -> Result<Cart, TillError> {
    let cart = cart_of(node)?;
    let rows = emptied(&cart);
    write(node, now, rows)
}

/// Chooses the credit account, or none.
///
/// # Errors
/// The station has no such account.
pub fn set_account(node: &mut TillNode, now: &Moment, account: Option<AccountId>) -> Result<Cart, TillError> {
    let station = node.me().station.clone();
    if let Some(account) = &account {
        accounts::known(node.store().connection(), &station, account)?;
    }
    let head = CartHead { account_id: account.map(String::from), ..head(node)? };
    write(node, now, vec![put(head)])
}

/// The changes that leave an empty cart: part of a sale's own commit.
pub(crate) fn emptied(cart: &Cart) -> Vec<RowChange> {
    let lines = cart.lines.iter().map(|each| CartLineRow::key(each.line_no));
    lines.chain([CartHead::key(CART_NO)]).map(|key| RowChange { key, cells: None }).collect()
}

/// The cart, on the writer's side.
pub(crate) fn cart_of(node: &mut TillNode) -> Result<Cart, TillError> {
    let station = node.me().station.clone();
    cart(node.store().connection(), &station)
}

fn head(node: &mut TillNode) -> Result<CartHead, TillError> {
    let found = node.get::<CartHead>(&CartHead::key(CART_NO))?;
    Ok(found.unwrap_or(CartHead { cart_no: CART_NO, next_line_no: 1, account_id: None }))
}

fn write(node: &mut TillNode, now: &Moment, rows: Vec<RowChange>) -> Result<Cart, TillError> {
    node.write(rows, now.stamp.wall_ms)?;
    cart_of(node)
}

/// A row as a change.
pub(crate) fn put<T: Table>(row: T) -> RowChange {
    RowChange { key: row.row_key(), cells: Some(row.into_cells()) }
}

fn stored_line(line_no: i64, line: &Line) -> CartLineRow {
    CartLineRow {
        line_no,
        product_id: line.product.to_string(),
        quantity_milli: line.quantity.milli(),
        unit: line.quantity.unit().as_str().to_owned(),
        unit_price: line.unit_price.0,
        amount: line.amount.0,
        tax: line.tax.as_str().to_owned(),
        price_version: i64::try_from(line.price_version.0).unwrap_or(i64::MAX),
    }
}

/// A line as it is stored, in the cart or in a sale.
pub(crate) fn read_line(stored: CartLineRow) -> Result<Line, TillError> {
    let damaged = || sync::StoreError::Damaged("a line of a sale does not read".to_owned());
    let unit = Unit::parse(&stored.unit).ok_or_else(damaged)?;
    Ok(Line {
        product: ProductId::new(stored.product_id).map_err(|_| damaged())?,
        quantity: Quantity::from_milli(unit, stored.quantity_milli).map_err(|_| damaged())?,
        unit_price: Money(stored.unit_price),
        amount: Money(stored.amount),
        tax: TaxClass::parse(&stored.tax).ok_or_else(damaged)?,
        price_version: FeedVersion(u64::try_from(stored.price_version).unwrap_or(0)),
    })
}
