//! The till's use cases over a real database in a temporary folder.

mod accounts;
mod cancelling;
mod carts;
mod fixture;
mod marks;
mod menus;
mod properties;
mod selling;
