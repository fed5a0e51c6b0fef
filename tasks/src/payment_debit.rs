//! `DebitPaymentFunction`: takes the order's price from the customer.

use crate::model::{Order, Payment};
use crate::{Saga, SagaError, TransactionType, transaction_id};
use asl_engine::Value;
use asl_engine::task::TaskResult;

const ERROR: SagaError = SagaError::ProcessPayment;

/// Stores the debit and answers with the order and its `payment`.
pub(crate) fn run(saga: &Saga, input: Value) -> TaskResult {
    let order = Order::read(&input)?;
    let payment_amount = order.total();
    if !payment_amount.is_finite() {
        return Err(ERROR.because(format_args!("order `{}` costs more than a number can tell", order.order_id())));
    }
    let payment = Payment {
        merchant_id: "merch1".into(),
        payment_amount,
        order_id: order.order_id().clone(),
        transaction_id: transaction_id(order.order_id(), TransactionType::Debit).into(),
        transaction_date: saga.now().into(),
        payment_type: TransactionType::Debit,
    };
    saga.store.put_payment(&payment).map_err(|error| ERROR.because(error))?;
    ERROR.provoke(order.order_id())?;
    Ok(order.with_payment(&payment))
}

#[cfg(test)]
mod tests {
    use crate::testing::{order_value, run, saga, told};
    use crate::{TransactionType, transaction_id};
    use asl_engine::{Value, object};

    #[test]
    fn stores_the_debit_and_returns_the_order_with_it() {
        let saga = saga();
        let output = run(&saga, "payment-debit", order_value("4")).unwrap();
        let expected = object! {
            "merchant_id" => "merch1",
            "payment_amount" => 199.99,
            "order_id" => "4",
            "transaction_id" => transaction_id("4", TransactionType::Debit),
            "transaction_date" => "2024-01-31T12:00:00.120Z",
            "payment_type" => "Debit",
        };
        assert_eq!(output.get("payment").unwrap().to_json(), expected.to_json());
        let stored: Vec<Value> = saga.store().payments("4").unwrap().iter().map(Value::from).collect();
        assert_eq!(stored, [expected]);
    }

    #[test]
    fn fails_for_2_after_the_debit_is_stored() {
        let saga = saga();
        let error = run(&saga, "payment-debit", order_value("2a")).unwrap_err();
        assert_eq!(told(&error).0, "ErrProcessPayment");
        assert_eq!(saga.store().payments("2a").unwrap().len(), 1);
    }

    #[test]
    fn an_order_of_infinite_price_is_not_charged() {
        let saga = saga();
        let item = object! { "item_id" => "a", "qty" => 1e300, "unit_price" => 1e300 };
        let order = object! { "order_id" => "4", "items" => vec![item] };
        let error = run(&saga, "payment-debit", order).unwrap_err();
        assert_eq!(told(&error), ("ErrProcessPayment", "order `4` costs more than a number can tell".to_owned()));
        assert!(saga.store().payments("4").unwrap().is_empty());
    }
}
