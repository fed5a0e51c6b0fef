//! `ReleaseInventoryFunction`: puts the order's items back.

use crate::model::{Inventory, Order};
use crate::{Saga, SagaError, TransactionType, transaction_id};
use asl_engine::Value;
use asl_engine::task::TaskResult;

const ERROR: SagaError = SagaError::ReleaseInventory;

/// Stores the release of the order's reservation and answers with the order and its `inventory`, now the release.
pub(crate) fn run(saga: &Saga, input: Value) -> TaskResult {
    let order = Order::read(&input)?;
    let order_id = order.order_id();
    let reserved = saga.store.movement(order_id, TransactionType::Reserve).map_err(|error| ERROR.because(error))?;
    let reserved =
        reserved.ok_or_else(|| ERROR.because(format_args!("order `{order_id}` has no reservation to release")))?;
    let release = Inventory {
        transaction_id: transaction_id(order_id, TransactionType::Release).into(),
        transaction_date: saga.now().into(),
        transaction_type: TransactionType::Release,
        ..reserved
    };
    saga.store.put_inventory(&release).map_err(|error| ERROR.because(error))?;
    ERROR.provoke(order_id)?;
    Ok(order.with_inventory(&release))
}

#[cfg(test)]
mod tests {
    use crate::testing::{order_value, run, saga, told};
    use crate::{Saga, TransactionType, transaction_id};
    use asl_engine::{Value, object};

    fn kinds(saga: &Saga, order_id: &str) -> Vec<TransactionType> {
        saga.store().inventory(order_id).unwrap().iter().map(|record| record.transaction_type).collect()
    }

    #[test]
    fn stores_the_release_beside_the_reservation_and_returns_the_order_with_it() {
        let saga = saga();
        let order = run(&saga, "inventory-reserve", order_value("4")).unwrap();
        let output = run(&saga, "inventory-release", order).unwrap();
        let expected = object! {
            "order_id" => "4",
            "items" => vec![Value::from("567")],
            "transaction_id" => transaction_id("4", TransactionType::Release),
            "transaction_date" => "2024-01-31T12:00:00.120Z",
            "transaction_type" => "Release",
        };
        assert_eq!(output.get("inventory").unwrap().to_json(), expected.to_json());
        assert_eq!(kinds(&saga, "4"), [TransactionType::Reserve, TransactionType::Release]);
    }

    #[test]
    fn fails_for_33_after_the_release_is_stored() {
        let saga = saga();
        run(&saga, "inventory-reserve", order_value("33")).unwrap_err();
        let error = run(&saga, "inventory-release", order_value("33")).unwrap_err();
        assert_eq!(told(&error).0, "ErrReleaseInventory");
        assert_eq!(kinds(&saga, "33").len(), 2);
    }

    #[test]
    fn fails_when_there_is_no_reservation() {
        let saga = saga();
        let error = run(&saga, "inventory-release", order_value("4")).unwrap_err();
        assert_eq!(told(&error), ("ErrReleaseInventory", "order `4` has no reservation to release".to_owned()));
        assert_eq!(kinds(&saga, "4"), []);
    }
}
