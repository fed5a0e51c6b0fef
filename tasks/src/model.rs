//! The records of the saga.

use crate::error::no_order;
use crate::transaction::TransactionType;
use asl_engine::value::{Object, Str};
use asl_engine::{StatesError, Value, object};

/// The longest `order_id` in bytes: the longest partition key of a DynamoDB table, where such orders usually live.
pub const ORDER_ID_BYTES_MAX: usize = 2048;

/// An order: the members that the functions compute with, typed, and the whole document that they hand on.
///
/// An order without `items` is an order of nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    order_id: Str,
    items: Vec<Item>,
    // INVARIANT: agrees with the typed members; members that no function knows stay as they came.
    document: Object,
}

/// One item of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Which article.
    pub item_id: Str,
    /// How many.
    pub qty: f64,
    /// The price of one.
    pub unit_price: f64,
}

/// Where an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Taken.
    New,
    /// Undone by the saga; somebody has to look at it.
    Pending,
}

impl OrderStatus {
    /// The status as `order_status` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            OrderStatus::New => "New",
            OrderStatus::Pending => "Pending",
        }
    }
}

impl Order {
    /// Reads an order.
    ///
    /// # Errors
    /// `Runtime.UnmarshalError`, naming the member that is missing or of the wrong type.
    pub fn read(input: &Value) -> Result<Order, StatesError> {
        let document =
            input.as_object().ok_or_else(|| no_order(format!("the order is {}, not an object", described(input))))?;
        let order_id = text(document, "", "order_id")?;
        if order_id.is_empty() {
            return Err(no_order("`order_id` is empty".to_owned()));
        }
        if order_id.len() > ORDER_ID_BYTES_MAX {
            return Err(no_order(format!("`order_id` is longer than {ORDER_ID_BYTES_MAX} bytes")));
        }
        let items = match document.get("items") {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(index, item)| Item::read(item, index)).collect::<Result<_, _>>()?
            }
            Some(other) => return Err(no_order(format!("`items` is {}, not an array", described(other)))),
        };
        Ok(Order { order_id, items, document: document.clone() })
    }

    /// The order's id.
    pub fn order_id(&self) -> &Str {
        &self.order_id
    }

    /// What is ordered.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// What the order costs: Σ unit price × quantity. Not finite when the numbers are absurd.
    pub fn total(&self) -> f64 {
        // From 0.0: the empty sum of `Iterator::sum` is -0.0, and would be paid as such.
        let total = self.items.iter().fold(0.0, |sum, item| sum + item.unit_price * item.qty);
        // Doubles cannot hold most decimal fractions: 3 × 0.1 sums to 0.30000000000000004. A millionth is finer than
        // any currency and coarser than that noise; above 2^53 millionths the sum is as exact as doubles get.
        let millionths = (total * 1e6).round();
        if millionths.abs() < 9_007_199_254_740_992.0 { millionths / 1e6 } else { total }
    }

    /// Sets `order_status`.
    pub fn set_status(&mut self, status: OrderStatus) {
        self.document.insert("order_status", status.name().into());
    }

    /// The order with its payment, replacing an earlier one.
    pub fn with_payment(mut self, payment: &Payment) -> Value {
        self.document.insert("payment", payment.into());
        Value::Object(self.document)
    }

    /// The order with what happened to its goods, replacing what happened earlier.
    pub fn with_inventory(mut self, inventory: &Inventory) -> Value {
        self.document.insert("inventory", inventory.into());
        Value::Object(self.document)
    }

    /// The whole document. Cheap: it is shared.
    pub fn document(&self) -> Value {
        Value::Object(self.document.clone())
    }
}

impl Item {
    fn read(item: &Value, index: usize) -> Result<Item, StatesError> {
        let place = format!("items[{index}]");
        let members =
            item.as_object().ok_or_else(|| no_order(format!("`{place}` is {}, not an object", described(item))))?;
        Ok(Item {
            item_id: text(members, &place, "item_id")?,
            qty: number(members, &place, "qty")?,
            unit_price: number(members, &place, "unit_price")?,
        })
    }
}

/// A movement of money.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub struct Payment {
    /// Who is paid.
    pub merchant_id: Str,
    /// How much: negative when the customer gets it back.
    pub payment_amount: f64,
    /// For which order.
    pub order_id: Str,
    /// See [`crate::transaction_id`].
    pub transaction_id: Str,
    /// When (RFC 3339).
    pub transaction_date: Str,
    /// Debit or Credit.
    pub payment_type: TransactionType,
}

impl From<&Payment> for Value {
    fn from(payment: &Payment) -> Value {
        object! {
            "merchant_id" => payment.merchant_id.clone(),
            "payment_amount" => payment.payment_amount,
            "order_id" => payment.order_id.clone(),
            "transaction_id" => payment.transaction_id.clone(),
            "transaction_date" => payment.transaction_date.clone(),
            "payment_type" => payment.payment_type.name(),
        }
    }
}

/// A movement of goods.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
pub struct Inventory {
    /// For which order.
    pub order_id: Str,
    /// The ids of the items.
    pub items: Vec<Str>,
    /// See [`crate::transaction_id`].
    pub transaction_id: Str,
    /// When (RFC 3339).
    pub transaction_date: Str,
    /// Reserve or Release.
    pub transaction_type: TransactionType,
}

impl From<&Inventory> for Value {
    fn from(inventory: &Inventory) -> Value {
        object! {
            "order_id" => inventory.order_id.clone(),
            "items" => inventory.items.iter().cloned().map(Value::from).collect::<Value>(),
            "transaction_id" => inventory.transaction_id.clone(),
            "transaction_date" => inventory.transaction_date.clone(),
            "transaction_type" => inventory.transaction_type.name(),
        }
    }
}

fn text(members: &Object, place: &str, name: &str) -> Result<Str, StatesError> {
    match member(members, place, name)? {
        Value::String(text) => Ok(text.clone()),
        other => Err(no_order(format!("`{}` is {}, not a string", join(place, name), described(other)))),
    }
}

fn number(members: &Object, place: &str, name: &str) -> Result<f64, StatesError> {
    let value = member(members, place, name)?;
    let wrong = || no_order(format!("`{}` is {}, not a number", join(place, name), described(value)));
    value.as_f64().ok_or_else(wrong)
}

fn member<'a>(members: &'a Object, place: &str, name: &str) -> Result<&'a Value, StatesError> {
    let owner = if place.is_empty() { "the order".to_owned() } else { format!("`{place}`") };
    members.get(name).ok_or_else(|| no_order(format!("{owner} has no `{name}`")))
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") }
}

/// The value's type with its article: `a number`, `an object`, `null`.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) | Value::Object(_) => format!("an {}", value.type_name()),
        _ => format!("a {}", value.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_has_no_binary_noise() {
        for (items, total) in [
            (&[][..], 0.0),
            (&[(1.0, 199.99)], 199.99),
            (&[(3.0, 0.1)], 0.3),
            (&[(1.0, 199.99), (2.0, 10.5), (3.0, 0.1)], 221.29),
            (&[(2.5, 0.004)], 0.01),
            (&[(1e12, 1e12)], 1e24),
            (&[(-1.0, 5.0)], -5.0),
        ] {
            let item =
                |(qty, unit_price): &(f64, f64)| object! {"item_id" => "a", "qty" => *qty, "unit_price" => *unit_price};
            let items: Value = items.iter().map(item).collect();
            let order = Order::read(&object! { "order_id" => "4", "items" => items }).unwrap();
            // Bits, so that 0 and -0 differ.
            assert_eq!(order.total().to_bits(), f64::to_bits(total), "{total}");
        }
    }
}
