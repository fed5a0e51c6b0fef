//! `ReserveInventoryFunction`: sets the order's items aside.

use crate::model::{Inventory, Order};
use crate::{Saga, SagaError, TransactionType, transaction_id};
use asl_engine::Value;
use asl_engine::task::TaskResult;

const ERROR: SagaError = SagaError::ReserveInventory;

/// Stores the reservation and answers with the order and its `inventory`.
pub(crate) fn run(saga: &Saga, input: Value) -> TaskResult {
    let order = Order::read(&input)?;
    let reservation = Inventory {
        order_id: order.order_id().clone(),
        items: order.items().iter().map(|item| item.item_id.clone()).collect(),
        transaction_id: transaction_id(order.order_id(), TransactionType::Reserve).into(),
        transaction_date: saga.now().into(),
        transaction_type: TransactionType::Reserve,
    };
    saga.store.put_inventory(&reservation).map_err(|error| ERROR.because(error))?;
    ERROR.provoke(order.order_id())?;
    Ok(order.with_inventory(&reservation))
}

#[cfg(test)]
mod tests {
    use crate::testing::{order_value, run, saga, told};
    use crate::{TransactionType, transaction_id};
    use asl_engine::{Value, object};

    #[test]
    fn stores_the_reservation_and_returns_the_order_with_it() {
        let saga = saga();
        let output = run(&saga, "inventory-reserve", order_value("4")).unwrap();
        let expected = object! {
            "order_id" => "4",
            "items" => vec![Value::from("567")],
            "transaction_id" => transaction_id("4", TransactionType::Reserve),
            "transaction_date" => "2024-01-31T12:00:00.120Z",
            "transaction_type" => "Reserve",
        };
        assert_eq!(output.get("inventory").unwrap().to_json(), expected.to_json());
        let stored: Vec<Value> = saga.store().inventory("4").unwrap().iter().map(Value::from).collect();
        assert_eq!(stored, [expected]);
    }

    #[test]
    fn fails_for_3_after_the_reservation_is_stored() {
        let saga = saga();
        let error = run(&saga, "inventory-reserve", order_value("3a")).unwrap_err();
        assert_eq!(told(&error).0, "ErrReserveInventory");
        assert_eq!(saga.store().inventory("3a").unwrap().len(), 1);
    }
}
