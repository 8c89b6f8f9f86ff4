import GrapevineCore
import Testing

/// What a replica makes of sections, its limits, and what it tells readers.
struct ApplyTests {
  private static func changes(
    _ state: inout VersionedState,
    _ section: HandMadeSection
  ) throws -> [VisibleChange] {
    var log = ChangeLog(isRecording: true)
    try state.take(section.bytes(), log: &log)
    return log.changes
  }

  private static func apply(
    _ count: Int,
    valueSize: Int = 1,
    keySize: Int = 2,
    limits: EntryLimits
  ) throws -> (Acceptance?, VersionedState) {
    var state = Samples.state()
    let entries = (0..<count).map { index in
      let key = String(repeating: "k", count: keySize - 1) + "\(index)"
      return Samples.entry(key, String(repeating: "v", count: valueSize), at: UInt64(index) + 1)
    }
    var log = ChangeLog(isRecording: false)
    let section = HandMadeSection(end: UInt64(count), entries: entries)
    return (try state.take(section.bytes(), limits: limits, log: &log), state)
  }

  @Test func `limits hold at the limit and one past it`() throws {
    let limits = EntryLimits(entryCount: 3, keySize: 5, valueSize: 10)
    let within = try Self.apply(3, valueSize: 10, keySize: 5, limits: limits)
    #expect(within.0 == .accepted && within.1.progress.version == 3)
    let many = try Self.apply(4, limits: limits)
    #expect(many.0 == .overLimit && many.1.version == 3)
    let long = try Self.apply(1, keySize: 6, limits: limits)
    #expect(long.0 == .overLimit && long.1.version == 0)
    let large = try Self.apply(1, valueSize: 11, limits: limits)
    #expect(large.0 == .overLimit && large.1.version == 0)
  }

  @Test func `at the limit a key may still be overwritten and deleted`() throws {
    let limits = EntryLimits(entryCount: 2, keySize: 5, valueSize: 5)
    var (_, state) = try Self.apply(2, limits: limits)
    var log = ChangeLog(isRecording: false)
    let section = HandMadeSection(
      base: 2,
      end: 4,
      entries: [Samples.entry("k0", "w", at: 3), Samples.entry("k1", nil, at: 4)]
    )
    #expect(try state.take(section.bytes(), limits: limits, log: &log) == .accepted)
    #expect(state.text == ["k0=w@3", "k1 deleted@4"])
  }

  @Test func `what an owner at its limit wrote after compaction fits`() throws {
    let limits = EntryLimits(entryCount: 2, keySize: 5, valueSize: 5)
    var state = Samples.state {
      _ = $0.set(key: "a", value: [])
      _ = $0.set(key: "b", value: [])
      _ = $0.delete(key: "a")
    }
    var log = ChangeLog(isRecording: false)
    let section = HandMadeSection(
      compacted: 3,
      base: 3,
      end: 4,
      entries: [Samples.entry("c", "v", at: 4)]
    )
    #expect(try state.take(section.bytes(), limits: limits, log: &log) == .accepted)
    #expect(state.text == ["b=@2", "c=v@4"])
  }

  @Test func `a snapshot over the limit is not staged`() throws {
    let limits = EntryLimits(entryCount: 2, keySize: 5, valueSize: 5)
    var state = Samples.state {
      _ = $0.set(key: "a", value: [])
      _ = $0.set(key: "b", value: [])
    }
    var section = HandMadeSection(isSnapshot: true, compacted: 3, base: 2, end: 5)
    section.retained = [1...2]
    section.entries = [Samples.entry("c", "v", at: 5)]
    var log = ChangeLog(isRecording: false)
    #expect(throws: MalformedDatagram.malformed) {
      try state.take(section.bytes(), limits: limits, log: &log)
    }
    section.retained = [2...2]
    #expect(try state.take(section.bytes(), limits: limits, log: &log) == .accepted)
    #expect(state.text == ["b=@2", "c=v@5"])
  }

  @Test func `readers hear of sets, overwrites and deletions, in order`() throws {
    var state = Samples.state()
    let entries = [
      Samples.entry("a", "1", at: 1), Samples.entry("b", nil, at: 2),
      Samples.entry("a", "1", at: 3),
    ]
    let first = try Self.changes(&state, HandMadeSection(end: 3, entries: entries))
    #expect(
      first == [.set(entries[0].entry), .set(entries[2].entry)],
      "a tombstone of a key that was never seen is no news"
    )
    let second = try Self.changes(
      &state,
      HandMadeSection(base: 3, end: 5, entries: [Samples.entry("a", nil, at: 4)])
    )
    #expect(second == [.deleted(key: "a", version: 4)])
    let third = try Self.changes(
      &state,
      HandMadeSection(base: 3, end: 5, entries: [Samples.entry("a", nil, at: 4)])
    )
    #expect(third.isEmpty)
  }

  @Test func `reserved keys replicate and are not told of`() throws {
    var state = Samples.state()
    let key = ReservedKeys.prefix + "leaving"
    let changes = try Self.changes(
      &state,
      HandMadeSection(end: 1, entries: [Samples.entry(key, "x", at: 1)])
    )
    #expect(changes.isEmpty && state.find(key)?.isReserved == true)
  }

  @Test func `a snapshot tells only what differs`() throws {
    var state = Samples.state {
      for key in ["same", "rewritten", "changed", "gone", "buried"] {
        _ = $0.set(key: key, value: Array("1".utf8))
      }
    }
    var section = HandMadeSection(isSnapshot: true, compacted: 8, base: 5, end: 12)
    section.retained = [1...1]
    section.entries = [
      Samples.entry("rewritten", "1", at: 9), Samples.entry("changed", "2", at: 10),
      Samples.entry("buried", nil, at: 11), Samples.entry("new", "1", at: 12),
    ]
    let changes = try Self.changes(&state, section)
    #expect(
      Set(changes) == [
        .deleted(key: "gone", version: 12), .deleted(key: "buried", version: 12),
        .set(section.entries[1].entry), .set(section.entries[3].entry),
      ]
    )
    #expect(changes.count == 4)
    #expect(state.live.map(\.key) == ["same", "rewritten", "changed", "new"])
  }

  @Test func `a snapshot that names what is not held changes nothing`() throws {
    var state = Samples.state { _ = $0.set(key: "a", value: []) }
    let before = state.text
    var section = HandMadeSection(isSnapshot: true, compacted: 3, base: 2, end: 5)
    section.retained = [1...2]
    #expect(try state.take(section) == .gap)
    _ = state.delete(key: "a")
    #expect(try state.take(section) == .refused)
    #expect(before == ["a=@1"] && state.text == ["a deleted@2"] && state.version == 2)
  }

  @Test func `a snapshot can't smuggle in a compacted tombstone`() throws {
    var state = Samples.state {
      _ = $0.set(key: "a", value: [])
      _ = $0.delete(key: "a")
    }
    var section = HandMadeSection(isSnapshot: true, compacted: 2, base: 2, end: 2)
    section.retained = [2...2]
    #expect(try state.take(section) == .refused)
    section.retained = []
    section.base = 0
    section.entries = [Samples.entry("b", nil, at: 2)]
    #expect(throws: MalformedDatagram.malformed) { try state.take(section) }
    #expect(state.text == ["a deleted@2"])
  }

  @Test func `a snapshot's pieces must join`() throws {
    var section = HandMadeSection(isSnapshot: true, isComplete: false, end: 9)
    section.entries = [Samples.entry("a", "1", at: 2)]
    var next = HandMadeSection(isSnapshot: true, base: 2, end: 9)
    next.entries = [Samples.entry("b", "1", at: 7)]
    var state = Samples.state()
    var log = ChangeLog(isRecording: false)
    for base in [0, 1, 3] as [Version] {
      next.base = base
      #expect(throws: MalformedDatagram.malformed) {
        try state.take(section.bytes() + next.bytes(), log: &log)
      }
    }
    next.base = 2
    #expect(try state.take(section.bytes() + next.bytes(), log: &log) == .accepted)
    #expect(state.text == ["a=1@2", "b=1@7"] && state.version == 9)
  }

  @Test func `a replica is whole when it reaches what its entries were cut at`() throws {
    var state = Samples.state()
    #expect(state.isWhole)
    var section = HandMadeSection(isComplete: false, end: 9)
    section.entries = [Samples.entry("a", "1", at: 2)]
    try state.take(section)
    #expect(!state.isWhole && state.horizon == 9)
    try state.take(HandMadeSection(base: 2, end: 5, horizon: 7))
    #expect(!state.isWhole && state.horizon == 9, "what was left out at 9 is missing still")
    try state.take(HandMadeSection(base: 5, end: 9))
    #expect(state.isWhole)
    try state.take(HandMadeSection(base: 9, end: 10, horizon: 12))
    #expect(!state.isWhole && state.horizon == 12)
    try state.take(HandMadeSection(isSnapshot: true, compacted: 10, end: 11))
    #expect(state.isWhole && state.version == 11)
  }

  @Test func `a section that brings nothing leaves a replica whole`() throws {
    var state = Samples.state { _ = $0.set(key: "a", value: []) }
    try state.take(HandMadeSection(isComplete: false, base: 0, end: 9))
    #expect(state.isWhole)
  }
}
