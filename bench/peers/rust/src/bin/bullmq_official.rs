//! bench/bullmq/driver.mjs with the official Rust client. Its jobs cannot be waited for, so the latency is measured
//! with its QueueEvents.
use bench_peers::{wait_for_go, Settings, Stopwatch, WARM_UP_PART};
use bullmq::options::RedisConnectionOptions;
use bullmq::worker::{CancellationToken, WorkerEvent};
use bullmq::{
    BulkJob, Error, Job, Queue, QueueEvent, QueueEvents, QueueEventsOptions, QueueOptions, Worker, WorkerOptions,
};
use std::cell::Cell;
use std::time::Instant;

const CLOSE_TIMEOUT_MS: u64 = 5_000;

fn connection(settings: &Settings) -> RedisConnectionOptions {
    RedisConnectionOptions::new().url(settings.url.clone())
}

async fn open_queue(name: &str, settings: &Settings) -> Result<Queue, Error> {
    Queue::with_options(name, QueueOptions::new().connection(connection(settings))).await
}

async fn open_worker(name: &str, settings: &Settings) -> Result<Worker, Error> {
    let mut options = WorkerOptions::default().connection(connection(settings));
    options.concurrency = settings.at_once;
    options.autorun = false;
    let nothing = |_: Job, _: CancellationToken| async { Ok(serde_json::Value::Null) };
    Worker::with_options(name, nothing, options).await
}

async fn add_lane(queue: &Queue, settings: &Settings, next: &Cell<usize>, jobs: usize) -> Result<(), Error> {
    while next.get() < jobs {
        let number = next.replace(next.get() + 1);
        queue.add("job", settings.payload(number)).await?;
    }
    Ok(())
}

async fn add_all(queue: &Queue, settings: &Settings, jobs: usize) -> Result<(), Error> {
    if settings.scenario == "add" {
        let next = Cell::new(0);
        let lanes = (0..settings.at_once.min(jobs)).map(|_| add_lane(queue, settings, &next, jobs));
        futures_util::future::try_join_all(lanes).await?;
        return Ok(());
    }
    for chunk in settings.chunks(jobs) {
        let bulk = chunk.map(|number| BulkJob::new("job", settings.payload(number))).collect();
        queue.add_bulk(bulk).await?;
    }
    Ok(())
}

async fn add_scenario(settings: &Settings) -> Result<(), Error> {
    let (warm, queue) = (open_queue("warm", settings).await?, open_queue("bench", settings).await?);
    add_all(&warm, settings, settings.jobs / WARM_UP_PART).await?;
    wait_for_go();
    let watch = Stopwatch::start();
    add_all(&queue, settings, settings.jobs).await?;
    watch.report(settings.jobs, None);
    Ok(())
}

async fn process_all(worker: &Worker, jobs: usize) -> Result<(), Error> {
    worker.run().await?;
    let mut left = jobs;
    while left > 0 {
        match worker.next_event().await {
            Some(WorkerEvent::Completed { .. }) => left -= 1,
            Some(WorkerEvent::Failed { error, .. } | WorkerEvent::Error(error)) => panic!("{error}"),
            Some(_) => {}
            None => panic!("the worker ended early"),
        }
    }
    Ok(())
}

async fn process_scenario(settings: &Settings) -> Result<(), Error> {
    let warm = open_worker("warm", settings).await?;
    process_all(&warm, settings.jobs / WARM_UP_PART).await?;
    warm.close(CLOSE_TIMEOUT_MS).await?;
    let worker = open_worker("bench", settings).await?;
    wait_for_go();
    let watch = Stopwatch::start();
    process_all(&worker, settings.jobs).await?;
    watch.report(settings.jobs, None);
    worker.close(CLOSE_TIMEOUT_MS).await
}

async fn wait_for_results(
    queue: &Queue,
    events: &QueueEvents,
    settings: &Settings,
    jobs: usize,
) -> Result<Vec<f64>, Error> {
    let mut waits_us = Vec::with_capacity(jobs);
    for number in 0..jobs {
        let began = Instant::now();
        let job = queue.add("job", settings.payload(number)).await?;
        loop {
            let entry = events.next_event().await.expect("an event");
            if matches!(&entry.event, QueueEvent::Completed { job_id, .. } if job_id == job.id()) {
                break;
            }
        }
        waits_us.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(waits_us)
}

async fn latency_scenario(settings: &Settings) -> Result<(), Error> {
    let queue = open_queue("bench", settings).await?;
    let options = QueueEventsOptions { connection: connection(settings), ..Default::default() };
    let events = QueueEvents::with_options("bench", options).await?;
    let worker = open_worker("bench", settings).await?;
    worker.run().await?;
    wait_for_results(&queue, &events, settings, settings.jobs / WARM_UP_PART).await?;
    wait_for_go();
    let watch = Stopwatch::start();
    let waits_us = wait_for_results(&queue, &events, settings, settings.jobs).await?;
    watch.report(settings.jobs, Some(waits_us));
    worker.close(CLOSE_TIMEOUT_MS).await?;
    events.close().await;
    Ok(())
}

// One thread, as the other clients have; the driver has one processor anyway.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let settings = Settings::from_arguments();
    match settings.scenario.as_str() {
        "process" => process_scenario(&settings).await,
        "latency" => latency_scenario(&settings).await,
        _ => add_scenario(&settings).await,
    }
}
