//! Transactions: what moves money or goods, and its identity.

use std::fmt;
use uuid::{Uuid, uuid};

/// The namespace of transaction ids (RFC 9562, 5.5); any change of it makes old records unfindable.
pub(crate) const NAMESPACE: Uuid = uuid!("5e8ddf0a-9c3b-4d8e-9d0e-52a7c1f6b3d4");

/// What a transaction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TransactionType {
    /// Takes the order's price from the customer.
    Debit,
    /// Gives it back.
    Credit,
    /// Sets the order's items aside.
    Reserve,
    /// Puts them back.
    Release,
}

impl TransactionType {
    /// The type's name, as records spell it.
    pub const fn name(self) -> &'static str {
        match self {
            TransactionType::Debit => "Debit",
            TransactionType::Credit => "Credit",
            TransactionType::Reserve => "Reserve",
            TransactionType::Release => "Release",
        }
    }
}

impl fmt::Display for TransactionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The id of an order's transaction: a UUIDv5 of the order id and the type.
///
/// An order has one transaction of each type, whoever asks and how often: a repeated task meets its own record.
pub fn transaction_id(order_id: &str, transaction_type: TransactionType) -> String {
    // No type's name contains a slash, so no two pairs make the same name.
    Uuid::new_v5(&NAMESPACE, format!("{order_id}/{transaction_type}").as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::TransactionType::*;
    use super::*;

    #[test]
    fn an_id_depends_on_the_order_and_the_type_alone() {
        let ids: Vec<String> = ["a", "b"]
            .into_iter()
            .flat_map(|order| [Debit, Credit, Reserve, Release].map(|kind| transaction_id(order, kind)))
            .collect();
        let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        // Pinned: an id that changed would orphan every record on disk.
        assert_eq!(ids[0], "47a34862-d63c-5a00-8fc8-fec9dcf520e6");
        assert_eq!(Uuid::parse_str(&ids[0]).unwrap().get_version_num(), 5);
    }
}
