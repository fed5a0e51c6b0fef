//! What was measured, for people and for programs.

use super::histogram::Histogram;
use super::workload::Workload;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The figures of one workload.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) standard: bool,
    pub(super) latencies: Histogram,
    pub(super) failed: u64,
    pub(super) elapsed: Duration,
    /// The server's, user and system.
    pub(super) cpu_millis: Option<f64>,
    pub(super) peak_mb: Option<f64>,
    /// Figures that only this workload has: name, number, unit.
    pub(super) more: Vec<(&'static str, f64, &'static str)>,
}

pub(super) struct Report {
    pub(super) workload: Workload,
    pub(super) measured: Measured,
}

pub(super) fn heading() -> String {
    format!(
        "{:<16} {:<8} {:>10} {:>9} {:>8} {:>8} {:>8} {:>8} {:>11} {:>8}",
        "workload", "type", "executions", "a second", "p50 ms", "p90 ms", "p99 ms", "max ms", "CPU ms each", "peak MB"
    )
}

impl Report {
    fn kind(&self) -> &'static str {
        if self.measured.standard { "STANDARD" } else { "EXPRESS" }
    }

    fn rate(&self) -> f64 {
        self.measured.latencies.total() as f64 / self.measured.elapsed.as_secs_f64().max(1e-9)
    }

    fn cpu_each(&self) -> Option<f64> {
        Some(self.measured.cpu_millis? / self.measured.latencies.total().max(1) as f64)
    }

    /// A line of the table, and below it what only this workload has.
    pub(super) fn line(&self) -> String {
        let Report { workload, measured } = self;
        let latencies = &measured.latencies;
        let told = |number: Option<f64>, digits: usize| number.map_or("-".to_owned(), |it| format!("{it:.digits$}"));
        let mut text = format!(
            "{:<16} {:<8} {:>10} {:>9.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>11} {:>8}",
            format!("{}:{}", workload.name, workload.size),
            self.kind(),
            latencies.total(),
            self.rate(),
            latencies.percentile(50.0),
            latencies.percentile(90.0),
            latencies.percentile(99.0),
            latencies.percentile(100.0),
            told(self.cpu_each(), 4),
            told(measured.peak_mb, 1),
        );
        if let (Some(cpu), Some((unit, count))) = (self.cpu_each(), workload.units()) {
            text += &format!("\n{:<16} {:.3} µs of the server's CPU for each {unit}", "", cpu * 1000.0 / count as f64);
        }
        if measured.failed > 0 {
            text += &format!("\n{:<16} {} FAILED", "", measured.failed);
        }
        for (name, number, unit) in &measured.more {
            text += &format!("\n{:<16} {name}: {number:.2} {unit}", "");
        }
        text
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> Value {
        let Report { workload, measured } = self;
        let latencies = &measured.latencies;
        let percentile = |percent| latencies.percentile(percent);
        let more: Map<String, Value> = measured
            .more
            .iter()
            .map(|(name, number, unit)| ((*name).to_owned(), json!({"value": number, "unit": unit})))
            .collect();
        json!({
            "workload": workload.name,
            "size": workload.size,
            "type": self.kind(),
            "executions": latencies.total(),
            "failed": measured.failed,
            "seconds": measured.elapsed.as_secs_f64(),
            "perSecond": self.rate(),
            "latencyMs": {"p50": percentile(50.0), "p90": percentile(90.0), "p99": percentile(99.0),
                "p999": percentile(99.9), "max": percentile(100.0)},
            "serverCpuMsPerExecution": self.cpu_each(),
            "serverPeakMB": measured.peak_mb,
            "more": more,
        })
    }
}
