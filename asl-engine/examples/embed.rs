//! A Rust program that runs a state machine: `cargo run -p asl-engine --example embed`.

use asl_engine::{Definition, StatesError, Value, machine::Outcome, runtime::Engine, task::typed};

#[derive(serde::Deserialize, serde::Serialize)]
struct Order {
    id: String,
    amount: f64,
}

#[tokio::main]
async fn main() {
    let definition = Definition::parse(include_str!("order.asl.yaml"), &Default::default());
    let Some(program) = definition.program.clone() else { panic!("{}", definition.render("order.asl.yaml", false)) };

    let engine = Engine::builder()
        .function(
            "Charge",
            typed(|order: Order| async move {
                if order.amount > 100.0 {
                    return Err(StatesError::new("CardDeclined", "over the limit"));
                }
                Ok(order)
            }),
        )
        .build();

    for input in [r#"{"id": "a-1", "amount": 42.5}"#, r#"{"id": "a-2", "amount": 420.0}"#] {
        match engine.run(program.clone(), Value::parse(input).unwrap()).await {
            Outcome::Succeeded { output } => println!("succeeded: {output}"),
            other => println!("ended otherwise: {other:?}"),
        }
    }
}
