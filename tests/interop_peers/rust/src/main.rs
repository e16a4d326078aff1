//! The official Rust client behind the line protocol of bullmq-remote (tests/interop): what the tests here need of it.
mod codec;
mod program;

use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, BufReader};

#[tokio::main]
async fn main() {
    let program = Arc::new(program::Program::default());
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let message: serde_json::Value = serde_json::from_str(&line).expect("a line of JSON");
        if message.get("id").is_none() {
            program.answer_processor(&message);
        } else {
            tokio::spawn(program.clone().answer(message));
        }
    }
    program.close().await;
}
