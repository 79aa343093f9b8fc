"""What happened: tables go in, a folder of Parquet shards and a manifest comes out, and may be read again.

A record is a folder with ``manifest.jsonl`` and ``tables/<table>/<shard>.parquet``. ``store`` writes and reads the
tables, ``manifest`` says what the record is of, which shards are whole, and resumes a record that was cut off,
``buffer`` gathers the loop's tables until a shard is full. Assessment and reports read records only.
"""

from watchfloor.record.buffer import Buffer
from watchfloor.record.manifest import Header, Record, read_table
from watchfloor.record.store import ManifestLine, TableEntry, write_shard

__all__ = ["Buffer", "Header", "ManifestLine", "Record", "TableEntry", "read_table", "write_shard"]
