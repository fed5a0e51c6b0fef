//! The order saga's six functions, answered in process over a small store.
//!
//! | function | also known as | on success | fails with |
//! | --- | --- | --- | --- |
//! | `NewOrderFunction` | `order-new` | the order is stored, its status is `New` | `ErrProcessOrder` |
//! | `UpdateOrderFunction` | `order-update` | the stored order's status is `Pending` | `ErrUpdateOrderStatus` |
//! | `DebitPaymentFunction` | `payment-debit` | a debit is stored | `ErrProcessPayment` |
//! | `CreditPaymentFunction` | `payment-credit` | the debit's refund is stored | `ErrProcessRefund` |
//! | `ReserveInventoryFunction` | `inventory-reserve` | a reservation is stored | `ErrReserveInventory` |
//! | `ReleaseInventoryFunction` | `inventory-release` | the reservation's release is stored | `ErrReleaseInventory` |
//!
//! A function takes an order and answers with the order. What it does not know of the order passes through untouched:
//! other members, the order of the members, the spelling of numbers.
//!
//! The beginning of the order id chooses a fault, so that every path of the saga can be walked ([`SagaError::prefix`]).
//! The work is stored *before* the fault is raised, as when a function dies after its effect: there is something to
//! compensate.
//!
//! Every function may be asked twice (tasks are at-least-once): its record's key depends on the order alone, so the
//! second answer overwrites the first one's record instead of charging twice.
//!
//! ```
//! use asl_engine::{Timestamp, Value};
//! let saga = tasks::Saga::new(tasks::Store::in_memory(), || Timestamp::from_millis(0));
//! let order = Value::parse(r#"{"order_id": "4", "items": []}"#).unwrap();
//! let order = tasks::function("NewOrderFunction").unwrap().run(&saga, order).unwrap();
//! assert_eq!(order.to_json(), r#"{"order_id":"4","items":[],"order_status":"New"}"#);
//! ```

mod error;
mod inventory_release;
mod inventory_reserve;
mod model;
mod order_new;
mod order_update;
mod payment_credit;
mod payment_debit;
mod store;
#[cfg(test)]
mod testing;
mod transaction;

pub use error::SagaError;
pub use model::{Inventory, Item, ORDER_ID_BYTES_MAX, Order, OrderStatus, Payment};
pub use store::{Store, StoreError};
pub use transaction::{TransactionType, transaction_id};

use asl_engine::task::{TaskFuture, TaskHandler, TaskRequest, TaskResult};
use asl_engine::{Timestamp, Value};
use std::sync::Arc;

/// The saga's state machine, as written in `statemachine/llt.asl.yaml`; its `${…}` are those of [`substitutions`].
pub const DEFINITION: &str = include_str!("../../statemachine/llt.asl.yaml");

/// What the functions work with. Cloning is cheap; clones share the store.
#[derive(Clone)]
pub struct Saga {
    store: Store,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Saga {
    /// Functions over `store` that date their records by `clock`.
    pub fn new(store: Store, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Saga { store, clock: Arc::new(clock) }
    }

    /// The store, to read the records back.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The time as records write it (RFC 3339).
    fn now(&self) -> String {
        (self.clock)().to_string()
    }
}

/// One of the saga's functions.
#[derive(Debug)]
pub struct Function {
    /// Its name: the name of its substitution in the definition, and of the Lambda function it stands for.
    pub name: &'static str,
    /// Its short name.
    pub alias: &'static str,
    run: fn(&Saga, Value) -> TaskResult,
}

impl Function {
    /// Runs the function to its end, on this thread.
    ///
    /// It blocks while the store writes: with a durable store that is one `fsync`.
    ///
    /// # Errors
    /// The function's own error ([`SagaError`]), or `Runtime.UnmarshalError` when the input is no order.
    pub fn run(&self, saga: &Saga, input: Value) -> TaskResult {
        (self.run)(saga, input)
    }
}

/// The saga's functions, in the order of its states.
pub static FUNCTIONS: [Function; 6] = [
    Function { name: "NewOrderFunction", alias: "order-new", run: order_new::run },
    Function { name: "DebitPaymentFunction", alias: "payment-debit", run: payment_debit::run },
    Function { name: "ReserveInventoryFunction", alias: "inventory-reserve", run: inventory_reserve::run },
    Function { name: "ReleaseInventoryFunction", alias: "inventory-release", run: inventory_release::run },
    Function { name: "CreditPaymentFunction", alias: "payment-credit", run: payment_credit::run },
    Function { name: "UpdateOrderFunction", alias: "order-update", run: order_update::run },
];

/// The function of that name or short name.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name || function.alias == name)
}

/// Every function as a handler, once by its name and once by its short name.
///
/// A handler works when its future is first polled and blocks that thread while the store writes; a runtime that must
/// not block polls it on a thread of its own, or calls [`Function::run`] there.
pub fn handlers(saga: &Saga) -> Vec<(&'static str, Arc<dyn TaskHandler>)> {
    FUNCTIONS
        .iter()
        .flat_map(|function| {
            let handler: Arc<dyn TaskHandler> = Arc::new(Handler { saga: saga.clone(), function });
            [(function.name, Arc::clone(&handler)), (function.alias, handler)]
        })
        .collect()
}

struct Handler {
    saga: Saga,
    function: &'static Function,
}

impl TaskHandler for Handler {
    fn call(&self, request: TaskRequest) -> TaskFuture {
        let (saga, function) = (self.saga.clone(), self.function);
        Box::pin(async move { function.run(&saga, request.input) })
    }
}

/// The values of the definition's substitutions: the functions' ARNs, and that of the topic `SagaTopic`.
pub fn substitutions(region: &str, account: &str) -> Vec<(&'static str, String)> {
    FUNCTIONS
        .iter()
        .map(|function| (function.name, format!("arn:aws:lambda:{region}:{account}:function:{}", function.name)))
        .chain([("SagaTopic", format!("arn:aws:sns:{region}:{account}:SagaTopic"))])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ORDER, order_value, saga};
    use std::task::{Context, Poll, Waker};

    fn request(input: Value) -> TaskRequest {
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:NewOrderFunction";
        TaskRequest::new(asl_engine::task::Resource::parse(arn).unwrap(), input)
    }

    #[test]
    fn a_handler_answers_by_either_name() {
        for name in ["NewOrderFunction", "order-new"] {
            let saga = saga();
            let handlers = handlers(&saga);
            let (_, handler) = handlers.iter().find(|(known, _)| *known == name).unwrap();
            let mut future = handler.call(request(order_value("4")));
            let Poll::Ready(Ok(output)) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("an answer")
            };
            assert_eq!(output.get("order_status"), Some(&Value::from("New")));
            assert_eq!(saga.store().orders().unwrap().len(), 1);
        }
    }

    #[test]
    fn the_definition_has_exactly_these_substitutions() {
        let mut named: Vec<&str> =
            DEFINITION.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        named.sort_unstable();
        named.dedup();
        let substitutions = substitutions("us-east-1", "123456789012");
        let mut known: Vec<&str> = substitutions.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        assert_eq!(named, known);
        assert_eq!(substitutions[0].1, "arn:aws:lambda:us-east-1:123456789012:function:NewOrderFunction");
    }

    #[test]
    fn what_a_function_does_not_know_passes_through_as_it_is() {
        let order = ORDER.replace(r#""order_id""#, r#""gift": {"b": 1.0, "a": [10.50, 1e2]}, "order_id""#);
        for function in &FUNCTIONS {
            let saga = saga();
            prepare(&saga);
            let mut output = function.run(&saga, Value::parse(&order).unwrap()).unwrap();
            let Value::Object(object) = &mut output else { panic!("an object") };
            for own in ["order_status", "payment", "inventory"] {
                object.remove(own);
            }
            assert_eq!(output.to_json(), Value::parse(&order).unwrap().to_json(), "{}", function.name);
        }
    }

    #[test]
    fn asked_twice_a_function_answers_the_same_and_keeps_one_record() {
        for function in &FUNCTIONS {
            let saga = saga();
            prepare(&saga);
            let first = function.run(&saga, Value::parse(ORDER).unwrap());
            let stored = everything(&saga);
            assert!(first.is_ok(), "{first:?}");
            assert_eq!(function.run(&saga, Value::parse(ORDER).unwrap()), first, "{}", function.name);
            assert_eq!(everything(&saga), stored, "{}", function.name);
        }
    }

    #[test]
    fn what_is_no_order_is_refused_and_nothing_is_stored() {
        for (input, told) in [
            ("null", "the order is null, not an object"),
            ("{}", "the order has no `order_id`"),
            (r#"{"order_id": 4}"#, "`order_id` is a number, not a string"),
            (r#"{"order_id": ""}"#, "`order_id` is empty"),
            (r#"{"order_id": "4", "items": {}}"#, "`items` is an object, not an array"),
            (r#"{"order_id": "4", "items": [1]}"#, "`items[0]` is a number, not an object"),
            (
                r#"{"order_id": "4", "items": [{"item_id": "a", "qty": "2", "unit_price": 1}]}"#,
                "`items[0].qty` is a string, not a number",
            ),
            (r#"{"order_id": "4", "items": [{"qty": 2, "unit_price": 1}]}"#, "`items[0]` has no `item_id`"),
        ] {
            for function in &FUNCTIONS {
                let saga = saga();
                let error = function.run(&saga, Value::parse(input).unwrap()).unwrap_err();
                assert_eq!(error.name(), "Runtime.UnmarshalError", "{}", function.name);
                let cause = Value::parse(error.cause.as_deref().unwrap()).unwrap();
                assert_eq!(cause.get("errorMessage").unwrap().as_str(), Some(told), "{}", function.name);
                assert!(saga.store().orders().unwrap().is_empty());
            }
        }
    }

    #[test]
    fn an_order_id_is_no_longer_than_a_key_may_be() {
        let order = |bytes: usize| order_value(&"4".repeat(bytes));
        let run = |order| FUNCTIONS[0].run(&saga(), order);
        assert!(run(order(ORDER_ID_BYTES_MAX)).is_ok());
        assert_eq!(run(order(ORDER_ID_BYTES_MAX + 1)).unwrap_err().name(), "Runtime.UnmarshalError");
    }

    /// The records that compensations look for.
    fn prepare(saga: &Saga) {
        for name in ["order-new", "payment-debit", "inventory-reserve"] {
            function(name).unwrap().run(saga, Value::parse(ORDER).unwrap()).unwrap();
        }
    }

    fn everything(saga: &Saga) -> (Vec<Value>, Vec<Payment>, Vec<Inventory>) {
        let (store, id) = (saga.store(), "47063fe3-56d9-4c51-b91f-71929834ce03");
        (store.orders().unwrap(), store.payments(id).unwrap(), store.inventory(id).unwrap())
    }
}
