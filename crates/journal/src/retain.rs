use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use ambient::Clock;
use audit::{Kind, Record};
use model::Timestamp;

use crate::commit::Slot;
use crate::layout::{self, SegmentName};
use crate::options::Retention;
use crate::queue::Queue;
use crate::sink::SinkHandle;

/// Removes the oldest segments, after a record in the log has said so: without one, `verify` takes missing records
/// for what they are.
pub(crate) struct Retainer {
    dir: PathBuf,
    rules: Retention,
    /// The number of the record that announces a removal, and the first record that stays.
    pending: Option<(u64, u64)>,
}

impl Retainer {
    pub(crate) const fn new(dir: PathBuf, rules: Retention) -> Self {
        Self { dir, rules, pending: None }
    }

    /// Decides, when a segment was closed, what goes, and records it. What cannot be recorded now is kept for now.
    pub(crate) fn plan(&mut self, queue: &Arc<Queue>, clock: &Clock) {
        if self.pending.is_some() || self.rules == Retention::default() {
            return;
        }
        let now = clock.now_millis();
        let Some((first, first_kept)) = self.surplus(now) else { return };
        let Ok(slot) = Slot::reserve(queue) else { return };
        let record = Record {
            tool: Some("audit.retention".into()),
            note: Some(format!("records {first} to {} removed", first_kept - 1).into()),
            first_kept: Some(first_kept),
            ..Record::new(Kind::Admin, Timestamp(now))
        };
        self.pending = slot.commit_own(&record, None).seq().map(|seq| (seq, first_kept));
    }

    /// Removes what was announced, once the announcement is durable.
    pub(crate) fn remove_when_recorded(&mut self, queue: &Queue, sink: Option<&SinkHandle>) {
        let Some((_, first_kept)) = self.pending.take_if(|(seq, _)| queue.durable() >= *seq) else {
            return;
        };
        let delivered = sink.map_or(u64::MAX, SinkHandle::delivered);
        for extension in ["jsonl", "leaves", "tree", "checkpoints"] {
            let Ok(found) = layout::with_extension(&self.dir, extension) else { continue };
            for name in found.iter().filter(|name| name.0 < first_kept) {
                // What the sink has yet to get stays until it has it.
                if extension == "checkpoints" && delivered < first_kept - 1 {
                    continue;
                }
                let path = name.file(&self.dir, extension);
                if let Err(error) = queue.disk.remove(&path) {
                    tracing::warn!(%error, path = %path.display(), "an old audit segment was not removed");
                }
            }
        }
    }

    /// The first record there is and the first that stays, if something goes.
    fn surplus(&self, now: u64) -> Option<(u64, u64)> {
        let segments = layout::segments(&self.dir).ok()?;
        let files: Vec<(SegmentName, u64, u64)> = segments
            .iter()
            .filter_map(|name| {
                let file = std::fs::metadata(name.log(&self.dir)).ok()?;
                let written = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
                Some((*name, file.len(), u64::try_from(written.as_millis()).ok()?))
            })
            .collect();
        // The newest segment always stays: it is being written.
        let (_, closed) = files.split_last()?;
        let mut bytes: u64 = closed.iter().map(|(_, len, _)| len).sum();
        let mut gone = 0;
        for (_, len, written) in closed {
            let too_many = self.rules.segments.is_some_and(|max| files.len() - gone > max.max(1));
            let too_much = self.rules.bytes.is_some_and(|max| bytes > max);
            let too_old = self
                .rules
                .age
                .is_some_and(|max| u128::from(now.saturating_sub(*written)) > max.as_millis());
            if !(too_many || too_much || too_old) {
                break;
            }
            gone += 1;
            bytes -= len;
        }
        (gone > 0).then(|| (files[0].0.0, files[gone].0.0))
    }
}
