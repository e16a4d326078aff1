//! What the drivers share: the line protocol of bench/bullmq/driver.mjs, the payload and the stopwatch.
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::time::Instant;

/// Before the work, this part of it is done on another queue, as in the other drivers.
pub const WARM_UP_PART: usize = 4;

#[derive(Clone)]
pub struct Settings {
    pub url: String,
    pub scenario: String,
    pub jobs: usize,
    pub at_once: usize,
    pub payload_bytes: usize,
}

impl Settings {
    /// PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES
    pub fn from_arguments() -> Settings {
        let arguments: Vec<String> = std::env::args().collect();
        assert_eq!(arguments.len(), 6, "usage: PORT SCENARIO JOBS AT_ONCE PAYLOAD_BYTES");
        let number = |at: usize| arguments[at].parse::<usize>().expect("a number");
        Settings {
            url: format!("redis://127.0.0.1:{}", arguments[1]),
            scenario: arguments[2].clone(),
            jobs: number(3),
            at_once: number(4),
            payload_bytes: number(5),
        }
    }

    pub fn payload(&self, number: usize) -> Payload {
        Payload { n: number, text: "x".repeat(self.payload_bytes.saturating_sub(24)) }
    }

    /// The numbers of the jobs of one bulk after the other.
    pub fn chunks(&self, jobs: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let size = self.at_once;
        (0..jobs).step_by(size).map(move |begin| begin..(begin + size).min(jobs))
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Payload {
    pub n: usize,
    pub text: String,
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("standard output");
}

/// Blocks the loop: nothing else has to go on before the word.
pub fn wait_for_go() {
    say("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("standard input");
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills in the structure that it is given.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

pub struct Stopwatch {
    cpu: f64,
    began: Instant,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch { cpu: cpu_seconds(), began: Instant::now() }
    }

    pub fn report(&self, jobs: usize, waits_us: Option<Vec<f64>>) {
        let seconds = self.began.elapsed().as_secs_f64();
        let mut report = serde_json::json!({"jobs": jobs, "seconds": seconds, "cpu_seconds": cpu_seconds() - self.cpu});
        if let Some(mut waits) = waits_us {
            waits.sort_by(f64::total_cmp);
            let quantile = |q: f64| waits[(waits.len() - 1).min((q * waits.len() as f64) as usize)];
            report["p50_us"] = quantile(0.5).into();
            report["p99_us"] = quantile(0.99).into();
        }
        say(&report.to_string());
    }
}
