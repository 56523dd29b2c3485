"""The contract between Parley's processes: events, topics, frames, tables; no behaviour."""
