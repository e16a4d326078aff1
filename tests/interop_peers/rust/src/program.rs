//! Carries out the requests: the objects by their names, the jobs in the processors' hands, and who waits for what.
use crate::codec;
use bullmq::options::RedisConnectionOptions;
use bullmq::{
    BulkJob, Error, Job, JobOptions, JobProgress, JobState, Queue, QueueEvents, QueueEventsOptions, QueueOptions,
    Worker, WorkerOptions,
};
use serde_json::{json, Value};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

const CLOSE_TIMEOUT_MS: u64 = 5000;
const QUEUE_METHODS: [&str; 11] = [
    "waitUntilReady", "add", "addBulk", "getJob", "getJobCounts", "getJobLogs", "getWorkers", "pause", "resume",
    "isPaused", "getDeduplicationJobId",
];
const JOB_METHODS: [&str; 6] = ["getState", "updateProgress", "updateData", "log", "promote", "retry"];

type Answer = Result<Value, String>;

#[derive(Clone)]
enum Object {
    Queue(Arc<Queue>),
    Worker(Arc<Worker>),
    QueueEvents(Arc<QueueEvents>),
}

#[derive(Default)]
pub struct Program {
    objects: Mutex<HashMap<String, Object>>,
    subscribed: Mutex<HashSet<(String, String)>>,
    held: Mutex<HashMap<(String, String), Arc<tokio::sync::Mutex<Job>>>>,
    running: Mutex<HashMap<u64, oneshot::Sender<Value>>>,
    last_call: Mutex<u64>,
}

impl Program {
    pub async fn answer(self: Arc<Self>, request: Value) {
        let id = request["id"].clone();
        match self.carry_out(&request).await {
            Ok(value) => send(json!({ "id": id, "ok": value })),
            Err(message) => {
                let name = if message.starts_with("NotSupported") { "NotSupported" } else { "Error" };
                send(json!({ "id": id, "error": { "name": name, "message": message } }))
            }
        }
    }

    pub fn answer_processor(&self, message: &Value) {
        let waiting = message["call"].as_u64().and_then(|call| self.running.lock().unwrap().remove(&call));
        if let Some(waiting) = waiting {
            let _ = waiting.send(message.clone());
        }
    }

    pub async fn close(&self) {
        let names: Vec<String> = self.objects.lock().unwrap().keys().cloned().collect();
        for name in names {
            let _ = self.free(&name).await;
        }
    }

    async fn carry_out(self: &Arc<Self>, request: &Value) -> Answer {
        if let Some(kind) = request["new"].as_str() {
            return self.make(kind, text(&request["as"]), &request["args"]).await;
        }
        if let Some(name) = request["free"].as_str() {
            return self.free(name).await;
        }
        let (method, args) = (text(&request["call"]), &request["args"]);
        if request.get("on").is_none() {
            return if method == "capabilities" { Ok(capabilities()) } else { Err(format!("NotSupported: {request}")) };
        }
        if let Some(id) = request["on"]["job"].as_str() {
            return self.on_job(id, text(&request["on"]["of"]), &method, args).await;
        }
        let name = text(&request["on"]);
        if method == "on" {
            self.subscribed.lock().unwrap().insert((name, text(&args[0])));
            return Ok(Value::Null);
        }
        match self.find(&name)? {
            Object::Queue(queue) => on_queue(&queue, &method, args).await,
            Object::Worker(_) | Object::QueueEvents(_) if method == "waitUntilReady" => Ok(Value::Null),
            _ => Err(format!("NotSupported: {method}")),
        }
    }

    fn find(&self, name: &str) -> Result<Object, String> {
        self.objects.lock().unwrap().get(name).cloned().ok_or(format!("there is no {name}"))
    }

    async fn make(self: &Arc<Self>, kind: &str, name: String, args: &Value) -> Answer {
        let queue = text(&args[0]);
        let options = args.as_array().and_then(|args| args.last()).cloned().unwrap_or_default();
        let connection = RedisConnectionOptions::new().url(text(&options["connection"]["url"]));
        let made = match kind {
            "Queue" => {
                let opts = QueueOptions::new().connection(connection);
                Object::Queue(Arc::new(Queue::with_options(&queue, opts).await.map_err(told)?))
            }
            "Worker" => {
                let opts = worker_options(&options).connection(connection);
                let processor = self.clone().processor(name.clone());
                let worker = Arc::new(Worker::with_options(&queue, processor, opts).await.map_err(told)?);
                tokio::spawn(self.clone().forward_worker_events(name.clone(), worker.clone()));
                Object::Worker(worker)
            }
            "QueueEvents" => {
                let opts = QueueEventsOptions {
                    connection,
                    last_event_id: options["lastEventId"].as_str().map(String::from),
                    ..Default::default()
                };
                let events = Arc::new(QueueEvents::with_options(&queue, opts).await.map_err(told)?);
                tokio::spawn(self.clone().forward_queue_events(name.clone(), events.clone()));
                Object::QueueEvents(events)
            }
            _ => return Err(format!("NotSupported: {kind}")),
        };
        self.objects.lock().unwrap().insert(name, made);
        Ok(Value::Null)
    }

    async fn free(&self, name: &str) -> Answer {
        let made = self.objects.lock().unwrap().remove(name);
        match made {
            Some(Object::Queue(queue)) => queue.close().await,
            Some(Object::Worker(worker)) => worker.close(CLOSE_TIMEOUT_MS).await.map_err(told)?,
            Some(Object::QueueEvents(events)) => events.close().await,
            None => return Err(format!("there is no {name}")),
        }
        Ok(Value::Null)
    }

    async fn on_job(&self, id: &str, of: String, method: &str, args: &Value) -> Answer {
        let held = self.held.lock().unwrap().get(&(of.clone(), id.to_string())).cloned();
        if let Some(job) = held {
            return on_job(&mut *job.lock().await, method, args).await;
        }
        let Object::Queue(queue) = self.find(&of)? else { return Err(format!("{of} does not hold job {id}")) };
        let mut job = queue.get_job(id).await.map_err(told)?.ok_or(format!("there is no job {id}"))?;
        on_job(&mut job, method, args).await
    }

    fn processor(
        self: Arc<Self>,
        worker: String,
    ) -> impl Fn(Job, bullmq::worker::CancellationToken) -> std::pin::Pin<Box<dyn std::future::Future<Output = Result<Value, Error>> + Send>>
           + Send
           + Sync
           + 'static {
        move |job, _| Box::pin(self.clone().process(worker.clone(), job))
    }

    async fn process(self: Arc<Self>, worker: String, job: Job) -> Result<Value, Error> {
        let call = {
            let mut last = self.last_call.lock().unwrap();
            *last += 1;
            *last
        };
        let key = (worker.clone(), job.id().to_string());
        let (waiting, answer) = oneshot::channel();
        self.running.lock().unwrap().insert(call, waiting);
        let process = json!({ "call": call, "worker": worker, "job": codec::job(&job), "token": job.token() });
        self.held.lock().unwrap().insert(key.clone(), Arc::new(tokio::sync::Mutex::new(job)));
        send(json!({ "process": process }));
        let answer = answer.await.map_err(|_| Error::WorkerClosed)?;
        self.held.lock().unwrap().remove(&key);
        if answer.get("reject").is_none() {
            return Ok(answer["resolve"].clone());
        }
        let message = text(&answer["reject"]["message"]);
        Err(match text(&answer["reject"]["name"]).as_str() {
            "UnrecoverableError" => Error::Unrecoverable(message),
            _ => Error::ProcessingError(message),
        })
    }

    fn emit(&self, from: &str, event: &str, args: Value) {
        if self.subscribed.lock().unwrap().contains(&(from.to_string(), event.to_string())) {
            send(json!({ "event": event, "from": from, "args": args }));
        }
    }

    async fn forward_worker_events(self: Arc<Self>, name: String, worker: Arc<Worker>) {
        use bullmq::worker::WorkerEvent;
        while let Some(event) = worker.next_event().await {
            match event {
                WorkerEvent::Completed { job_id, result } => {
                    self.emit(&name, "completed", json!([{ "$job": { "id": job_id } }, result]))
                }
                WorkerEvent::Failed { job_id, error } => {
                    self.emit(&name, "failed", json!([{ "$job": { "id": job_id } }, { "message": error }]))
                }
                WorkerEvent::Error(message) => self.emit(&name, "error", json!([{ "message": message }])),
                WorkerEvent::Closed => return,
                _ => {}
            }
        }
    }

    /// Listeners are told of what came after their `on`, which the caller sends right after `new`.
    async fn forward_queue_events(self: Arc<Self>, name: String, events: Arc<QueueEvents>) {
        while let Some(entry) = events.next_event().await {
            let (event, args) = codec::event(&entry.event);
            self.emit(&name, &event, json!([args, entry.id]));
        }
    }
}

/// The classes and their methods, by the names that a request may call them by: what `on_queue` and `on_job` know.
fn capabilities() -> Value {
    json!({
        "Queue": QUEUE_METHODS,
        "Worker": ["on", "waitUntilReady"],
        "QueueEvents": ["on", "waitUntilReady"],
        "Job": JOB_METHODS,
    })
}

async fn on_queue(queue: &Queue, method: &str, args: &Value) -> Answer {
    let done = |()| Value::Null;
    match method {
        "waitUntilReady" => Ok(Value::Null),
        "add" => {
            let job = queue.add(&text(&args[0]), args[1].clone()).options(job_options(&args[2])?).await.map_err(told)?;
            Ok(codec::job(&job))
        }
        "addBulk" => {
            let mut jobs = Vec::new();
            for job in args[0].as_array().ok_or("addBulk wants a list")? {
                let options = job_options(&job["opts"])?;
                jobs.push(BulkJob::with_options(text(&job["name"]), job["data"].clone(), options));
            }
            Ok(queue.add_bulk(jobs).await.map_err(told)?.iter().map(codec::job).collect())
        }
        "getJob" => Ok(queue.get_job(&text(&args[0])).await.map_err(told)?.as_ref().map_or(Value::Null, codec::job)),
        "getJobCounts" => {
            let names: Vec<String> = args.as_array().into_iter().flatten().map(text).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            Ok(json!(queue.get_job_counts_by_types(&names).await.map_err(told)?))
        }
        "getJobLogs" => {
            let (logs, count) = queue.get_job_logs(&text(&args[0]), 0, -1, true).await.map_err(told)?;
            Ok(json!({ "logs": logs, "count": count }))
        }
        "getWorkers" => Ok(json!(queue.get_workers().await.map_err(told)?)),
        "pause" => queue.pause().await.map(done).map_err(told),
        "resume" => queue.resume().await.map(done).map_err(told),
        "isPaused" => Ok(json!(queue.is_paused().await.map_err(told)?)),
        "getDeduplicationJobId" => {
            Ok(json!(queue.get_deduplication_job_id(&text(&args[0])).await.map_err(told)?))
        }
        _ => Err(format!("NotSupported: {method}")),
    }
}

async fn on_job(job: &mut Job, method: &str, args: &Value) -> Answer {
    let done = |()| Value::Null;
    match method {
        "getState" => Ok(json!(match job.get_state().await.map_err(told)? {
            JobState::Waiting => "waiting",
            other => other.as_str(),
        })),
        "updateProgress" => {
            let progress = args[0].as_f64().map_or(JobProgress::Object(args[0].clone()), JobProgress::Number);
            job.update_progress(progress).await.map(done).map_err(told)
        }
        "updateData" => job.update_data(args[0].clone()).await.map(done).map_err(told),
        "log" => job.log(&text(&args[0])).await.map(Value::from).map_err(told),
        "promote" => job.promote().await.map(done).map_err(told),
        "retry" => job.retry("failed", None).await.map(done).map_err(told),
        _ => Err(format!("NotSupported: {method}")),
    }
}

fn job_options(options: &Value) -> Result<JobOptions, String> {
    if options.is_null() { Ok(JobOptions::default()) } else { serde_json::from_value(options.clone()).map_err(told) }
}

fn worker_options(options: &Value) -> WorkerOptions {
    let mut made = WorkerOptions::new();
    made.name = options["name"].as_str().map(String::from);
    let number = |name: &str, otherwise: u64| options[name].as_u64().unwrap_or(otherwise);
    made.concurrency = number("concurrency", made.concurrency as u64) as usize;
    made.stalled_interval = number("stalledInterval", made.stalled_interval);
    made.lock_duration(Duration::from_millis(number("lockDuration", 30000)))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn send(message: Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{message}");
    let _ = out.flush();
}
