//! `CreditPaymentFunction`: gives the customer's money back.

use crate::model::{Order, Payment};
use crate::{Saga, SagaError, TransactionType, transaction_id};
use asl_engine::Value;
use asl_engine::task::TaskResult;

const ERROR: SagaError = SagaError::ProcessRefund;

/// Stores the refund of the order's debit and answers with the order and its `payment`, now the refund.
pub(crate) fn run(saga: &Saga, input: Value) -> TaskResult {
    let order = Order::read(&input)?;
    let order_id = order.order_id();
    let debit = saga.store.payment(order_id, TransactionType::Debit).map_err(|error| ERROR.because(error))?;
    let debit = debit.ok_or_else(|| ERROR.because(format_args!("order `{order_id}` has no debit to refund")))?;
    let refund = Payment {
        // What was taken is given back, whatever the order says by now. (`0.0 -`: the negative of nothing is 0.0.)
        payment_amount: 0.0 - debit.payment_amount,
        transaction_id: transaction_id(order_id, TransactionType::Credit).into(),
        transaction_date: saga.now().into(),
        payment_type: TransactionType::Credit,
        ..debit
    };
    saga.store.put_payment(&refund).map_err(|error| ERROR.because(error))?;
    ERROR.provoke(order_id)?;
    Ok(order.with_payment(&refund))
}

#[cfg(test)]
mod tests {
    use crate::testing::{order_value, run, saga, told};
    use crate::{Saga, TransactionType, transaction_id};
    use asl_engine::{Value, object};

    fn amounts(saga: &Saga, order_id: &str) -> Vec<(TransactionType, f64)> {
        let payments = saga.store().payments(order_id).unwrap();
        payments.iter().map(|payment| (payment.payment_type, payment.payment_amount)).collect()
    }

    #[test]
    fn stores_the_refund_beside_the_debit_and_returns_the_order_with_it() {
        let saga = saga();
        let order = run(&saga, "payment-debit", order_value("4")).unwrap();
        let output = run(&saga, "payment-credit", order).unwrap();
        let expected = object! {
            "merchant_id" => "merch1",
            "payment_amount" => -199.99,
            "order_id" => "4",
            "transaction_id" => transaction_id("4", TransactionType::Credit),
            "transaction_date" => "2024-01-31T12:00:00.120Z",
            "payment_type" => "Credit",
        };
        assert_eq!(output.get("payment").unwrap().to_json(), expected.to_json());
        assert_eq!(amounts(&saga, "4"), [(TransactionType::Debit, 199.99), (TransactionType::Credit, -199.99)]);
    }

    #[test]
    fn refunds_what_was_taken_whatever_the_order_says() {
        let saga = saga();
        run(&saga, "payment-debit", order_value("4")).unwrap();
        let output = run(&saga, "payment-credit", object! { "order_id" => "4" }).unwrap();
        assert_eq!(output.get("payment").unwrap().get("payment_amount"), Some(&Value::from(-199.99)));
    }

    #[test]
    fn the_refund_of_nothing_is_nothing() {
        let saga = saga();
        run(&saga, "payment-debit", object! { "order_id" => "4" }).unwrap();
        let output = run(&saga, "payment-credit", object! { "order_id" => "4" }).unwrap();
        assert_eq!(output.get("payment").unwrap().get("payment_amount").unwrap().to_json(), "0.0");
    }

    #[test]
    fn fails_for_22_after_the_refund_is_stored() {
        let saga = saga();
        run(&saga, "payment-debit", order_value("22")).unwrap_err();
        let error = run(&saga, "payment-credit", order_value("22")).unwrap_err();
        assert_eq!(told(&error).0, "ErrProcessRefund");
        assert_eq!(amounts(&saga, "22").len(), 2);
    }

    #[test]
    fn fails_when_there_is_no_debit() {
        let saga = saga();
        let error = run(&saga, "payment-credit", order_value("4")).unwrap_err();
        assert_eq!(told(&error), ("ErrProcessRefund", "order `4` has no debit to refund".to_owned()));
        assert_eq!(amounts(&saga, "4"), []);
    }
}
