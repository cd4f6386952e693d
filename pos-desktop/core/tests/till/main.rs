//! The till's use cases over a real database in a temporary folder.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod cancelling;
#[cfg(test)]
mod carts;
#[cfg(test)]
mod clones;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod marks;
#[cfg(test)]
mod menus;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod selling;
#[cfg(test)]
mod year;
