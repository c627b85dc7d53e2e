//! What the kernel says about a process.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// The part of it that no file stands behind.
    pub(crate) anonymous: u64,
    /// The most that was resident since the start, or since [`forget_peak`].
    pub(crate) peak: u64,
}

/// Reads the memory of a process.
///
/// # Errors
///
/// When the process is gone.
pub(crate) fn memory(process: u32) -> Result<Memory> {
    let text = read(process, "status")?;
    let field =
        |name| status_bytes(&text, name).with_context(|| format!("/proc/{process}/status lacks {name}"));
    Ok(Memory { resident: field("VmRSS")?, anonymous: field("RssAnon")?, peak: field("VmHWM")? })
}

/// Lets the peak begin anew from what is resident now.
///
/// # Errors
///
/// When the process is gone, or is not ours.
pub(crate) fn forget_peak(process: u32) -> Result<()> {
    fs::write(format!("/proc/{process}/clear_refs"), "5").context("cannot reset the peak of the memory")
}

/// Processor time that all threads of a process have used.
///
/// # Errors
///
/// When the process is gone.
pub(crate) fn processor_time(process: u32) -> Result<Duration> {
    let ticks = stat_ticks(&read(process, "stat")?).context("/proc/PID/stat is not as expected")?;
    let nanos_per_tick = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
    Ok(Duration::from_nanos(ticks * nanos_per_tick))
}

/// The processor's name and the number of cores, so that figures say where they come from.
pub(crate) fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let name = name.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{name}, {cores} cores")
}

fn read(process: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{process}/{file}");
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// A field of `/proc/PID/status`, which counts in kibibytes.
fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

/// User and system time of `/proc/PID/stat`, in ticks.
fn stat_ticks(stat: &str) -> Option<u64> {
    // The second field is the program's name in brackets, and may hold anything, also brackets and spaces.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_any_name() {
        let stat = "71 (a (b) c 9) S 1 71 71 0 -1 4194304 100 0 0 0 250 31 0 0 20 0 5 0 900 1 2 3";
        assert_eq!(stat_ticks(stat), Some(281));
        assert_eq!(stat_ticks("71 (cut"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tconcord\nVmHWM:\t   20480 kB\nVmRSS:\t   10240 kB\nRssAnon:\t 512 kB\n";
        assert_eq!(status_bytes(status, "VmRSS"), Some(10_240 * 1_024));
        assert_eq!(status_bytes(status, "RssAnon"), Some(512 * 1_024));
        assert_eq!(status_bytes(status, "Vm"), None);
    }

    #[test]
    fn this_process_has_memory_and_time() {
        let own = std::process::id();
        let memory = memory(own).expect("this process runs");
        assert!(memory.resident > 0 && memory.peak >= memory.anonymous, "{memory:?}");
        processor_time(own).expect("this process runs");
    }
}
