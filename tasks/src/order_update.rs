//! `UpdateOrderFunction`: marks an order that the saga had to undo.

use crate::model::{Order, OrderStatus};
use crate::{Saga, SagaError};
use asl_engine::Value;
use asl_engine::task::TaskResult;

const ERROR: SagaError = SagaError::UpdateOrderStatus;

/// Sets the stored order to pending and answers with its input.
pub(crate) fn run(saga: &Saga, input: Value) -> TaskResult {
    let order_id = Order::read(&input)?.order_id().clone();
    let stored = saga.store.order(&order_id).map_err(|error| ERROR.because(error))?;
    let stored = stored.ok_or_else(|| ERROR.because(format_args!("there is no order `{order_id}`")))?;
    let mut order = Order::read(&stored)?;
    order.set_status(OrderStatus::Pending);
    saga.store.put_order(&order).map_err(|error| ERROR.because(error))?;
    ERROR.provoke(&order_id)?;
    Ok(input)
}

#[cfg(test)]
mod tests {
    use crate::testing::{order_value, run, saga, told};
    use asl_engine::{Value, object};

    #[test]
    fn sets_the_stored_order_to_pending_and_returns_its_input() {
        let saga = saga();
        let Value::Object(mut order) = run(&saga, "order-new", order_value("4")).unwrap() else { panic!("an order") };
        let stored = Value::Object(order.clone());
        order.insert("error", object! { "Error" => "ErrProcessPayment", "Cause" => "{}" });
        let input = Value::Object(order);
        assert_eq!(run(&saga, "order-update", input.clone()).unwrap(), input);
        let expected = stored.to_json().replace("New", "Pending");
        assert_eq!(saga.store().order("4").unwrap().unwrap().to_json(), expected);
    }

    #[test]
    fn fails_for_11_after_the_order_is_pending() {
        let saga = saga();
        run(&saga, "order-new", order_value("11")).unwrap_err();
        let error = run(&saga, "order-update", order_value("11")).unwrap_err();
        assert_eq!(told(&error).0, "ErrUpdateOrderStatus");
        assert_eq!(saga.store().order("11").unwrap().unwrap().get("order_status"), Some(&Value::from("Pending")));
    }

    #[test]
    fn fails_when_there_is_no_order() {
        let error = run(&saga(), "order-update", order_value("4")).unwrap_err();
        assert_eq!(told(&error), ("ErrUpdateOrderStatus", "there is no order `4`".to_owned()));
    }
}
