//! What the functions' tests share.

use crate::{Saga, Store};
use asl_engine::{StatesError, Timestamp, Value};

/// The workshop's order.
pub(crate) const ORDER: &str = r#"{"order_id": "47063fe3-56d9-4c51-b91f-71929834ce03", "order_date": "2018-10-19T10:50:16+08:00", "customer_id": "8d04ea6f-c6b2-4422-8550-839a16f01feb", "items": [{"item_id": "567", "qty": 1.0, "description": "Cart item 1", "unit_price": 199.99}]}"#;

/// The workshop's order under another id.
pub(crate) fn order_value(order_id: &str) -> Value {
    let Ok(Value::Object(mut order)) = Value::parse(ORDER) else { panic!("an order") };
    order.insert("order_id", order_id.into());
    Value::Object(order)
}

/// Functions over an empty store in memory, at one moment.
pub(crate) fn saga() -> Saga {
    Saga::new(Store::in_memory(), || Timestamp::from_millis(1_706_702_400_120))
}

/// Runs a function by its short name.
pub(crate) fn run(saga: &Saga, function: &str, input: Value) -> Result<Value, StatesError> {
    crate::function(function).unwrap().run(saga, input)
}

/// The error's name and the `errorMessage` of its cause.
pub(crate) fn told(error: &StatesError) -> (&str, String) {
    let cause = Value::parse(error.cause.as_deref().unwrap()).unwrap();
    assert_eq!(cause.get("errorType").unwrap().as_str(), Some(error.name()));
    (error.name(), cause.get("errorMessage").unwrap().as_str().unwrap().to_owned())
}
