//! The client's types as the protocol's JSON, with Node's names.
use bullmq::{Job, JobProgress, QueueEvent};
use serde_json::{json, Map, Value};

/// Stored JSON text, as npm's client would give it; what is not JSON stays text.
pub fn stored(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

pub fn job(job: &Job) -> Value {
    let progress = match job.progress() {
        JobProgress::Number(number) => json!(number),
        JobProgress::Object(value) => value.clone(),
    };
    let mut fields = json!({
        "id": job.id(), "name": job.name(), "data": job.data(), "opts": job.opts(), "progress": progress,
        "attemptsMade": job.attempts_made(), "attemptsStarted": job.attempts_started(),
        "timestamp": job.timestamp(), "delay": job.delay(), "priority": job.priority(),
    });
    let mut optional = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields[name] = value;
        }
    };
    let text = |value: &str| (!value.is_empty()).then(|| value.to_string());
    optional("processedOn", job.processed_on().map(Value::from));
    optional("finishedOn", job.finished_on().map(Value::from));
    optional("processedBy", job.processed_by().map(Value::from));
    optional("failedReason", text(job.failed_reason()).map(Value::from));
    optional("returnvalue", text(job.returnvalue()).map(|value| stored(&value)));
    json!({ "$job": fields })
}

/// The name and the first argument of the event that npm's QueueEvents would emit.
pub fn event(event: &QueueEvent) -> (String, Value) {
    let mut fields = Map::new();
    if let Some(id) = event.job_id() {
        fields.insert("jobId".into(), json!(id));
    }
    match event {
        QueueEvent::Added { name, .. } => {
            fields.insert("name".into(), json!(name));
        }
        QueueEvent::Completed { return_value, .. } => {
            fields.insert("returnvalue".into(), stored(return_value));
        }
        QueueEvent::Failed { failed_reason, .. } => {
            fields.insert("failedReason".into(), json!(failed_reason));
        }
        QueueEvent::Progress { data, .. } => {
            fields.insert("data".into(), data.clone());
        }
        QueueEvent::Delayed { delay, .. } => {
            fields.insert("delay".into(), json!(delay));
        }
        QueueEvent::RetriesExhausted { attempts_made, .. } => {
            fields.insert("attemptsMade".into(), json!(attempts_made));
        }
        _ => {}
    }
    (event.name().to_string(), Value::Object(fields))
}
