import GrapevineCore
import Testing

/// What fits of what is owed.
struct OwedTests {
  private static func write(
    _ record: MemberRecord,
    _ owed: inout Owed,
    limit: Int = 1_000,
    share: Int = 1_000,
    entryLimit: Int = 1_000
  ) -> (outcome: SectionOutcome, bytes: [UInt8]) {
    var bytes: [UInt8] = []
    let outcome = record.write(
      &owed,
      to: &bytes,
      limit: limit,
      share: share,
      entryLimit: entryLimit,
      now: .zero
    )
    return (outcome, bytes)
  }

  private static func record(keyCount: Int, valueSize: Int = 40) -> MemberRecord {
    var record = Samples.record()
    for index in 0..<keyCount {
      _ = record.state.set(key: "key \(index)", value: Array(repeating: 7, count: valueSize))
    }
    return record
  }

  @Test func `random limits are kept, and every part that is sent moves on`() throws {
    for seed in 0..<300 as Range<UInt64> {
      var random = Xoshiro256(seed: seed)
      var record = Self.record(keyCount: random.index(30), valueSize: random.index(60))
      if random.chance(1, outOf: 2), record.state.delete(key: "key 0") {
        // No entry bears the highest version any more.
        record.state.compact(upTo: record.state.version)
      }
      var owed = Owed.whole(record.key)
      var replica = Samples.state()
      var log = ChangeLog(isRecording: false)
      let limit = 200 + random.index(500)
      var outcome = SectionOutcome.partial
      for _ in 0..<100 where outcome == .partial {
        let before = owed
        let part = Self.write(record, &owed, limit: limit, share: random.index(limit))
        outcome = part.outcome
        #expect(part.bytes.count <= limit)
        #expect(before != owed || outcome == .complete, "seed \(seed)")
        try replica.take(part.bytes, log: &log)
        #expect(replica.version == owed.replica.version)
      }
      #expect(outcome == .complete && replica.text == record.state.text)
      let rest = Self.write(record, &owed)
      #expect(rest.outcome == .complete && rest.bytes.isEmpty)
    }
  }

  @Test func `all parts of a burst to a fresh replica are plain`() throws {
    var record = Self.record(keyCount: 10)
    _ = record.state.delete(key: "key 9")
    record.state.compact(upTo: 11)
    var owed = Owed.whole(record.key)
    let first = Self.write(record, &owed, limit: 300)
    #expect(first.outcome == .partial && owed.replica.compacted == 11)
    let second = Self.write(record, &owed)
    #expect(second.outcome == .complete)
    var replica = Samples.state()
    var log = ChangeLog(isRecording: false)
    try replica.take(first.bytes + second.bytes, log: &log)
    #expect(replica.text == record.state.text && replica.progress == record.state.progress)
  }

  @Test func `one entry is let in beyond the share if it fits`() {
    let record = Self.record(keyCount: 2)
    var owed = Owed(key: record.key, replica: .none)
    let part = Self.write(record, &owed, share: 0)
    #expect(part.outcome == .partial && owed.replica.version == 1)
  }

  @Test func `an entry over its limit needs a stream`() {
    let record = Self.record(keyCount: 1, valueSize: 100)
    let size = record.state.entry(at: 1)?.size(after: 0) ?? 0
    var owed = Owed(key: record.key, replica: .none)
    #expect(Self.write(record, &owed, entryLimit: size - 1).outcome == .needsStream)
    #expect(Self.write(record, &owed, entryLimit: size).outcome == .complete)
  }

  @Test func `nothing is written where there is no room`() {
    let record = Self.record(keyCount: 1)
    var owed = Owed.whole(record.key)
    let before = owed
    for limit in 0..<80 {
      let part = Self.write(record, &owed, limit: limit)
      #expect(part.bytes.count <= limit)
      guard part.bytes.isEmpty else { break }
      #expect(part.outcome == .noRoom && owed == before)
    }
  }

  @Test func `compaction alone is told in a section without entries`() throws {
    var record = Self.record(keyCount: 2)
    _ = record.state.delete(key: "key 1")
    var replica = record.state
    record.state.compact(upTo: 3)
    var owed = Owed(key: record.key, replica: replica.progress)
    let part = Self.write(record, &owed)
    var log = ChangeLog(isRecording: true)
    try replica.take(part.bytes, log: &log)
    #expect(part.outcome == .complete && log.changes.isEmpty && log.appliedCount == 0)
    #expect(replica.progress == record.state.progress && replica.text == record.state.text)
  }

  @Test func `what is not whole offers no snapshot`() throws {
    var owner = Self.record(keyCount: 3)
    _ = owner.state.delete(key: "key 0")
    _ = owner.state.set(key: "key 3", value: [])
    owner.state.compact(upTo: 4)
    var holder = Samples.record()
    let section = HandMadeSection(
      isComplete: false,
      compacted: 4,
      end: 5,
      horizon: 6,
      entries: [Samples.entry("key 3", "", at: 5)]
    )
    try holder.state.take(section)
    var owed = Owed(key: owner.key, replica: Progress(version: 1, compacted: 0))
    #expect(Self.write(owner, &owed).outcome == .needsStream)
    let part = Self.write(holder, &owed)
    #expect(part.outcome == .complete && part.bytes.isEmpty)
  }
}
