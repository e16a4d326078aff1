//! bench/bullmq/driver.mjs with chasquimq, which has a format of its own and needs a Redis of 8.6 or later. Results are
//! not stored, which is its default, so there is no latency here.
use bench_peers::{wait_for_go, Payload, Settings, Stopwatch, WARM_UP_PART};
use bytes::Bytes;
use chasquimq::{Consumer, ConsumerConfig, Job, Producer, ProducerConfig, Result};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

async fn open_producer(name: &str, settings: &Settings) -> Result<Producer<Payload>> {
    let config = ProducerConfig { queue_name: name.to_string(), ..Default::default() };
    Producer::connect(&settings.url, config).await
}

async fn add_lane(queue: &Producer<Payload>, settings: &Settings, next: &Cell<usize>, jobs: usize) -> Result<()> {
    while next.get() < jobs {
        let number = next.replace(next.get() + 1);
        queue.add(settings.payload(number)).await?;
    }
    Ok(())
}

async fn add_all(queue: &Producer<Payload>, settings: &Settings, jobs: usize) -> Result<()> {
    if settings.scenario == "add" {
        let next = Cell::new(0);
        let lanes = (0..settings.at_once.min(jobs)).map(|_| add_lane(queue, settings, &next, jobs));
        futures_util::future::try_join_all(lanes).await?;
        return Ok(());
    }
    for chunk in settings.chunks(jobs) {
        queue.add_bulk(chunk.map(|number| settings.payload(number)).collect()).await?;
    }
    Ok(())
}

async fn add_scenario(settings: &Settings) -> Result<()> {
    let (warm, queue) = (open_producer("warm", settings).await?, open_producer("bench", settings).await?);
    add_all(&warm, settings, settings.jobs / WARM_UP_PART).await?;
    if settings.scenario == "fill" {
        return add_all(&queue, settings, settings.jobs).await;
    }
    wait_for_go();
    let watch = Stopwatch::start();
    add_all(&queue, settings, settings.jobs).await?;
    watch.report(settings.jobs, None);
    Ok(())
}

/// Returns when the last job was handled, with what goes on until its acknowledgement is written.
async fn process_all(name: &str, settings: &Settings, jobs: usize) -> JoinHandle<Result<()>> {
    let config = ConsumerConfig { queue_name: name.to_string(), concurrency: settings.at_once, ..Default::default() };
    let consumer: Consumer<Payload> = Consumer::new(settings.url.clone(), config);
    let done = CancellationToken::new();
    let (left, all) = (Arc::new(AtomicUsize::new(jobs)), done.clone());
    let handler = move |_: Job<Payload>| {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            all.cancel();
        }
        async { Ok(Bytes::new()) }
    };
    let running = tokio::spawn(consumer.run(handler, done.clone()));
    done.cancelled().await;
    running
}

async fn process_scenario(settings: &Settings) -> Result<()> {
    process_all("warm", settings, settings.jobs / WARM_UP_PART).await.await.expect("the warm-up")?;
    wait_for_go();
    let watch = Stopwatch::start();
    // Its shutdown is no part of the work.
    let running = process_all("bench", settings, settings.jobs).await;
    watch.report(settings.jobs, None);
    running.await.expect("the work")
}

// One thread, as the other clients have; the driver has one processor anyway.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let settings = Settings::from_arguments();
    match settings.scenario.as_str() {
        "process" => process_scenario(&settings).await,
        _ => add_scenario(&settings).await,
    }
}
