//! The functions' errors: the names that the saga's Catch fields know, told as Lambda tells a function's error.

use asl_engine::{StatesError, object};
use std::fmt;

/// A custom error of the saga, one a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SagaError {
    /// A new order cannot be processed.
    ProcessOrder,
    /// An order's status cannot be updated.
    UpdateOrderStatus,
    /// A payment cannot be debited.
    ProcessPayment,
    /// A payment cannot be refunded.
    ProcessRefund,
    /// Inventory cannot be reserved.
    ReserveInventory,
    /// Inventory cannot be released.
    ReleaseInventory,
}

impl SagaError {
    /// The error's name, as `ErrorEquals` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            SagaError::ProcessOrder => "ErrProcessOrder",
            SagaError::UpdateOrderStatus => "ErrUpdateOrderStatus",
            SagaError::ProcessPayment => "ErrProcessPayment",
            SagaError::ProcessRefund => "ErrProcessRefund",
            SagaError::ReserveInventory => "ErrReserveInventory",
            SagaError::ReleaseInventory => "ErrReleaseInventory",
        }
    }

    /// How the ids of orders begin that provoke this error.
    ///
    /// A compensation's prefix begins with that of the step it undoes: an id that starts with `22` fails the payment,
    /// because it starts with `2`, and then the refund.
    pub const fn prefix(self) -> &'static str {
        match self {
            SagaError::ProcessOrder => "1",
            SagaError::UpdateOrderStatus => "11",
            SagaError::ProcessPayment => "2",
            SagaError::ProcessRefund => "22",
            SagaError::ReserveInventory => "3",
            SagaError::ReleaseInventory => "33",
        }
    }

    /// This error with a reason.
    pub(crate) fn because(self, reason: impl fmt::Display) -> StatesError {
        function_error(self.name(), &reason.to_string())
    }

    /// Fails when the order's id asks for it.
    pub(crate) fn provoke(self, order_id: &str) -> Result<(), StatesError> {
        let prefix = self.prefix();
        if order_id.starts_with(prefix) {
            return Err(self.because(format_args!("order `{order_id}` fails on purpose: its id starts with {prefix}")));
        }
        Ok(())
    }
}

/// The input is no order. Named as the engine names an input that does not fit a function.
pub(crate) fn no_order(reason: String) -> StatesError {
    function_error("Runtime.UnmarshalError", &reason)
}

/// An error as Step Functions reports that of a Lambda function: the error is the `errorType`, the cause is the
/// function's error payload as JSON text (Developer Guide, *Handling errors*).
fn function_error(name: &str, message: &str) -> StatesError {
    StatesError::new(name, object! { "errorMessage" => message, "errorType" => name }.to_json())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_told_as_lambda_tells_it() {
        let error = SagaError::ProcessOrder.provoke("1-a").unwrap_err();
        assert_eq!(error.name(), "ErrProcessOrder");
        assert_eq!(
            error.cause.as_deref(),
            Some(
                r#"{"errorMessage":"order `1-a` fails on purpose: its id starts with 1","errorType":"ErrProcessOrder"}"#
            )
        );
    }

    #[test]
    fn every_prefix_provokes_its_own_error_and_that_of_its_step() {
        use SagaError::*;
        let all = [ProcessOrder, UpdateOrderStatus, ProcessPayment, ProcessRefund, ReserveInventory, ReleaseInventory];
        for (order_id, expected) in [
            ("1", &[ProcessOrder][..]),
            ("11", &[ProcessOrder, UpdateOrderStatus]),
            ("2", &[ProcessPayment]),
            ("22", &[ProcessPayment, ProcessRefund]),
            ("3", &[ReserveInventory]),
            ("33", &[ReserveInventory, ReleaseInventory]),
            ("12", &[ProcessOrder]),
            ("4", &[]),
            ("9", &[]),
            ("", &[]),
        ] {
            let provoked: Vec<SagaError> = all.into_iter().filter(|error| error.provoke(order_id).is_err()).collect();
            assert_eq!(provoked, expected, "{order_id}");
        }
    }
}
