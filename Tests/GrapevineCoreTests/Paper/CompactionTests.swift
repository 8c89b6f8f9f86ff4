import GrapevineCore
import Testing

/// Compaction and the rules of the exchange, sentence by sentence (design, section 3).
struct CompactionTests {
  /// a@1, b@2, then b deleted @3, c@4.
  private static func owner() -> MemberRecord {
    var record = Samples.record()
    _ = record.state.set(key: "a", value: [1])
    _ = record.state.set(key: "b", value: [1])
    _ = record.state.delete(key: "b")
    _ = record.state.set(key: "c", value: [1])
    return record
  }

  private static func section(_ record: MemberRecord, to replica: Progress) throws -> Section.State?
  {
    var owed = Owed(key: record.key, replica: replica)
    var bytes: [UInt8] = []
    _ = record.write(&owed, to: &bytes, limit: 500, share: 500, entryLimit: 500, now: .zero)
    guard !bytes.isEmpty else { return nil }
    var reader = WireReader(0..<bytes.count)
    return try Section.read(bytes.span, &reader).state
  }

  /// “it sets `compacted` to the highest version among them and drops its tombstones ≤ `compacted`;
  /// live entries keep their versions and nothing is re-sent”.
  @Test func `compaction drops tombstones, and live entries keep their versions`() throws {
    var owner = Self.owner()
    let before = owner.state.live
    owner.state.compact(upTo: 3)
    #expect(owner.state.progress == Progress(version: 4, compacted: 3))
    #expect(owner.state.live == before && owner.state.tombstoneCount == 0)
    let section = try #require(
      try Self.section(owner, to: Progress(version: 4, compacted: 0))
    )
    #expect(section.isComplete && section.entries.isEmpty)
  }

  /// “A replica adopts a higher `compacted` = c when its own version ≥ c and drops its tombstones ≤
  /// c”.
  @Test func `a replica adopts a compaction that it has reached`() throws {
    let owner = Self.owner()
    var replica = owner.state
    try replica.take(HandMadeSection(compacted: 3, base: 4, end: 4))
    #expect(replica.compacted == 3 && replica.tombstoneCount == 0)
    var behind = Samples.state { _ = $0.set(key: "a", value: [1]) }
    let answer = try behind.take(HandMadeSection(compacted: 3, base: 1, end: 4))
    #expect(answer == .refused && behind.compacted == 0)
  }

  /// “Every plain section carries its base, c_S and, as its end, m_S: after a compaction no entry
  /// may bear the highest version any more, and a replica that never reaches it would differ for
  /// ever”.
  @Test func `a section's end takes a replica past the last entry`() throws {
    var owner = Samples.record()
    _ = owner.state.set(key: "a", value: [1])
    _ = owner.state.set(key: "b", value: [1])
    _ = owner.state.delete(key: "b")
    owner.state.compact(upTo: 3)
    let section = try #require(try Self.section(owner, to: .none))
    #expect(section.base == 0 && section.compacted == 3 && section.end == 3)
    var replica = Samples.state()
    let entries = [Samples.entry("a", "\u{1}", at: 1)]
    try replica.take(HandMadeSection(compacted: 3, end: 3, entries: entries))
    #expect(replica.progress == owner.state.progress && replica.text == owner.state.text)
  }

  /// “a gap if m < base”.
  @Test func `a section that builds on more than is held is a gap`() throws {
    var replica = Samples.state { _ = $0.set(key: "a", value: [1]) }
    #expect(try replica.take(HandMadeSection(base: 2, end: 3)) == .gap)
    #expect(replica.version == 1)
  }

  /// “Refuse if c_S > max(m, c) and m > 0 (it was cut for a replica that held nothing, and lacks
  /// tombstones that this one needs)”.
  @Test func `a section for a replica that held nothing is refused by one that holds something`()
    throws
  {
    var replica = Samples.state {
      _ = $0.set(key: "a", value: [1])
      _ = $0.set(key: "b", value: [1])
    }
    var owner = Self.owner()
    owner.state.compact(upTo: 3)
    let section = HandMadeSection(compacted: 3, end: 4, entries: [Samples.entry("c", "1", at: 4)])
    #expect(try replica.take(section) == .refused)
    #expect(replica.version == 2, "or b would live on here for ever")
  }

  /// “or if c_S < c and m < c”.
  @Test func `a section cut before the compaction that a fresh replica began with is refused`()
    throws
  {
    var replica = Samples.state()
    let first = HandMadeSection(
      isComplete: false,
      compacted: 3,
      end: 4,
      entries: [Samples.entry("a", "1", at: 1)]
    )
    try replica.take(first)
    #expect(replica.progress == Progress(version: 1, compacted: 3))
    let old = HandMadeSection(base: 1, end: 2, entries: [Samples.entry("b", "1", at: 2)])
    #expect(try replica.take(old) == .refused)
  }

  /// “If m = 0, take c := max(c, c_S)”.
  @Test func `a replica that holds nothing takes over the compaction with the first entry`() throws
  {
    var replica = Samples.state()
    try replica.take(HandMadeSection(isComplete: false, compacted: 9, end: 12))
    #expect(replica.progress == Progress(version: 0, compacted: 9))
  }

  /// “Apply entries above m in order (a tombstone ≤ c just removes the key), each moving m”.
  @Test func `entries above the version are applied, and compacted tombstones only remove`() throws
  {
    var replica = Samples.state()
    let first = HandMadeSection(
      isComplete: false,
      compacted: 9,
      end: 12,
      entries: [Samples.entry("a", "1", at: 2), Samples.entry("b", "1", at: 3)]
    )
    try replica.take(first)
    let second = HandMadeSection(
      isComplete: false,
      compacted: 9,
      base: 1,
      end: 12,
      entries: [
        Samples.entry("a", "2", at: 3), Samples.entry("b", nil, at: 5),
        Samples.entry("c", nil, at: 10),
      ]
    )
    try replica.take(second)
    #expect(replica.text == ["a=1@2", "c deleted@10"] && replica.version == 10)
  }

  /// “the complete section moves m to its end”.
  @Test func `only a complete section moves the version to its end`() throws {
    var replica = Samples.state()
    let entries = [Samples.entry("a", "1", at: 2)]
    try replica.take(HandMadeSection(isComplete: false, end: 9, entries: entries))
    #expect(replica.version == 2)
    try replica.take(HandMadeSection(base: 2, end: 9))
    #expect(replica.version == 9)
  }

  /// “ignore unless m_S ≥ m and c_S ≥ c”.
  @Test func `an older snapshot is ignored`() throws {
    var replica = Samples.state {
      _ = $0.set(key: "a", value: [1])
      _ = $0.delete(key: "a")
    }
    replica.compact(upTo: 2)
    for (version, compacted) in [(1, 2), (2, 1), (1, 1)] as [(Version, Version)] {
      var section = HandMadeSection(isSnapshot: true, compacted: compacted, end: version)
      section.entries = [Samples.entry("a", "1", at: 1)]
      #expect(try replica.take(section) == .refused)
      #expect(replica.entryCount == 0 && replica.progress == Progress(version: 2, compacted: 2))
    }
  }

  /// “It is staged and applied atomically …; readers never see keys vanish and return”.
  @Test func `a snapshot that is not complete changes nothing`() throws {
    var replica = Samples.state { _ = $0.set(key: "a", value: [1]) }
    var section = HandMadeSection(
      isSnapshot: true,
      isComplete: false,
      compacted: 3,
      base: 1,
      end: 5
    )
    section.entries = [Samples.entry("b", "1", at: 5)]
    #expect(try replica.take(section) == nil)
    #expect(replica.live.map(\.key) == ["a"] && replica.version == 1)
  }

  /// “A *grave* (key, name, generation, incarnation, last address) stays for 24 h, at most 4,096 of
  /// them, oldest out first”.
  @Test func `a grave holds what it takes to know a ghost`() throws {
    let configuration = GossipConfiguration()
    #expect(configuration.graveLimit == 4_096 && configuration.graveLifetime == .seconds(86_400))
    var graves = Graveyard(
      limit: configuration.graveLimit,
      lifetime: configuration.graveLifetime
    )
    var record = Samples.record("ghost", generation: 4)
    record.standing.merge(Standing(incarnation: 6, verdict: .down))
    graves.bury(record, isReplaced: false, now: .zero)
    let grave = try #require(graves.find(record.key))
    #expect(grave.id == record.id && grave.standing.incarnation == 6)
    #expect(grave.key == record.key && grave.endpoint == record.endpoint)
  }
}
