//! `NewOrderFunction`: takes an order.

use crate::model::{Order, OrderStatus};
use crate::{Saga, SagaError};
use asl_engine::Value;
use asl_engine::task::TaskResult;

const ERROR: SagaError = SagaError::ProcessOrder;

/// Stores the order as new and answers with it.
pub(crate) fn run(saga: &Saga, input: Value) -> TaskResult {
    let mut order = Order::read(&input)?;
    order.set_status(OrderStatus::New);
    saga.store.put_order(&order).map_err(|error| ERROR.because(error))?;
    ERROR.provoke(order.order_id())?;
    Ok(order.document())
}

#[cfg(test)]
mod tests {
    use crate::testing::{order_value, run, saga, told};
    use asl_engine::Value;

    #[test]
    fn stores_the_order_as_new_and_returns_it() {
        let saga = saga();
        let output = run(&saga, "order-new", order_value("4")).unwrap();
        assert_eq!(output.get("order_status"), Some(&Value::from("New")));
        assert_eq!(saga.store().order("4").unwrap(), Some(output));
    }

    #[test]
    fn fails_for_1_after_the_order_is_stored() {
        let saga = saga();
        let error = run(&saga, "order-new", order_value("1a")).unwrap_err();
        let told = told(&error);
        assert_eq!(told, ("ErrProcessOrder", "order `1a` fails on purpose: its id starts with 1".to_owned()));
        assert!(saga.store().order("1a").unwrap().is_some());
    }
}
