import GrapevineCore
import GrapevineHashing
import Testing

/// A state as a sorted list, which every reading goes through from its beginning.
private struct NaiveState {
  var version: Version = 0
  var compacted: Version = 0
  var entries: [Entry] = []

  mutating func put(_ key: String, _ value: [UInt8]?) {
    version += 1
    entries.removeAll { $0.key == key }
    entries.append(
      Entry(key: key, value: value ?? [], version: version, isDeleted: value == nil)
    )
  }

  mutating func adopt(_ bound: Version) {
    compacted = max(compacted, bound)
    entries.removeAll { $0.isDeleted && $0.version <= compacted }
  }
}

struct VersionedStateTests {
  @Test func `random changes give what a naive state gives`() {
    for index in 0..<Environment.caseCount(usual: 40) {
      let seed = Environment.firstSeed &+ UInt64(index)
      if let failure = Self.compare(seed: seed) {
        Issue.record("\(failure); \(Environment.replay(case: index, filter: "naive"))")
        return
      }
    }
  }

  private static func compare(seed: UInt64) -> String? {
    var random = Xoshiro256(seed: seed)
    var state = VersionedState(hash: SipHash(key0: seed, key1: 0))
    var naive = NaiveState()
    let keyCount = 1 + random.index(40)
    // Large values fill a page each few.
    let padding = random.chance(1, outOf: 3) ? random.index(6_000) : 0
    for step in 0..<120 {
      let key = "key \(random.index(keyCount))"
      let value = Array("value".utf8.prefix(random.index(5))) + Array(repeating: 7, count: padding)
      change(&state, &naive, key, value, &random)
      state.checkInvariants()
      if let difference = difference(state, naive) { return "step \(step): \(difference)" }
    }
    return nil
  }

  private static func change(
    _ state: inout VersionedState,
    _ naive: inout NaiveState,
    _ key: String,
    _ value: [UInt8],
    _ random: inout Xoshiro256
  ) {
    let known = naive.entries.first { $0.key == key }
    let isLive = known.map { !$0.isDeleted } ?? false
    switch random.index(20) {
    case 0..<8:
      let isChange = state.set(key: key, value: value)
      precondition(isChange == !(isLive && known?.value == value), "set \(key)")
      if isChange { naive.put(key, value) }
    case 8..<14:
      let isChange = state.delete(key: key)
      precondition(isChange == isLive, "delete \(key)")
      if isChange { naive.put(key, nil) }
    case 14..<16:
      let gap = random.below(4)
      naive.version += gap
      state.put(
        StoredEntry(
          key: key,
          value: value,
          version: naive.version + 1,
          isDeleted: false
        )
      )
      naive.put(key, value)
    case 16..<18:
      let bytes = Array(key.utf8)
      naive.version += 1
      let removed = state.remove(bytes.span, 0..<bytes.count, at: naive.version)
      precondition(removed?.version == known?.version, "remove \(key)")
      naive.entries.removeAll { $0.key == key }
    case 18:
      let bound = random.below(naive.version + 1)
      state.adopt(compacted: bound)
      naive.adopt(bound)
    default: replace(&state, &naive, &random)
    }
  }

  /// Lets a snapshot keep some entries and bring others, now and then for keys that it keeps.
  private static func replace(
    _ state: inout VersionedState,
    _ naive: inout NaiveState,
    _ random: inout Xoshiro256
  ) {
    let base = random.below(naive.version + 1)
    naive.entries.removeAll { $0.version > base || random.chance(1, outOf: 3) }
    let compacted = min(naive.compacted + random.below(3), naive.version)
    naive.entries.removeAll { $0.isDeleted && $0.version <= compacted }
    var section = HandMadeSection(isSnapshot: true, compacted: compacted, base: base, end: 0)
    section.retained = naive.entries.map { $0.version...$0.version }
    let end = max(naive.version, base)
    naive.version = base
    for _ in 0..<random.index(8) {
      naive.version += random.below(3)
      let isDeleted = naive.version >= compacted && random.chance(1, outOf: 4)
      let key = "key \(random.index(40))"
      let value = isDeleted ? nil : String(repeating: "v", count: random.index(4_000))
      section.entries.append(Samples.entry(key, value, at: naive.version + 1))
      naive.put(key, value.map { Array($0.utf8) })
    }
    naive.version = max(naive.version, end)
    naive.compacted = compacted
    section.end = naive.version
    var log = ChangeLog(isRecording: false)
    let limits = EntryLimits(entryCount: 1_000, keySize: 100, valueSize: 10_000)
    let acceptance = try? state.take(section.bytes(), limits: limits, log: &log)
    precondition(acceptance == .accepted, "a snapshot from \(base) was not taken")
  }

  private static func difference(_ state: VersionedState, _ naive: NaiveState) -> String? {
    let progress = Progress(version: naive.version, compacted: naive.compacted)
    guard state.progress == progress else { return "\(state.progress), not \(progress)" }
    var entries: [Entry] = []
    state.forEach { entry in
      entries.append(entry.entry)
      return true
    }
    guard entries == naive.entries else { return "\(entries), not \(naive.entries)" }
    let liveCount = entries.count { !$0.isDeleted }
    guard state.liveCount == liveCount, state.entryCount == entries.count else { return "counts" }
    for entry in entries where state.find(entry.key)?.version != entry.version {
      return "\(entry.key) is not found"
    }
    guard state.find("no such key") == nil else { return "found what is not there" }
    for version in 0...naive.version {
      let next = entries.first { $0.version > version }
      guard state.next(after: version)?.version == next?.version else { return "next" }
      let at = entries.first { $0.version == version }
      guard state.entry(at: version)?.version == at?.version else { return "entry at" }
    }
    return nil
  }

  @Test func `ten thousand keys are found after growth, removal and compaction`() {
    var state = Samples.state()
    let count: UInt64 = 10_000
    for index in 0..<count { _ = state.set(key: "key \(index)", value: [UInt8(index & 255)]) }
    for index in stride(from: 0, to: count, by: 2) { _ = state.delete(key: "key \(index)") }
    state.checkInvariants()
    #expect(state.liveCount == 5_000 && state.tombstoneCount == 5_000)
    state.compact(upTo: state.version)
    state.checkInvariants()
    #expect(state.liveCount == 5_000 && state.tombstoneCount == 0)
    for index in 0..<count {
      #expect(state.find("key \(index)")?.version == (index % 2 == 0 ? nil : index + 1))
    }
    for index in stride(from: 0, to: count, by: 2) {
      _ = state.set(key: "key \(index)", value: [])
    }
    state.checkInvariants()
    #expect(state.liveCount == 10_000)
  }

  @Test func `keys that come and go for long leave nothing behind`() {
    var state = Samples.state()
    for index in 0..<20_000 {
      _ = state.set(key: "key \(index)", value: [1, 2, 3])
      _ = state.delete(key: "key \(index)")
      if index % 100 == 99 { state.compact(upTo: state.version) }
    }
    state.checkInvariants()
    #expect(state.entryCount == 0 && state.footprint <= 256 && state.version == 40_000)
  }

  @Test func `an empty state compacts and is replaced`() {
    var state = Samples.state()
    state.compact(upTo: 0)
    #expect(state.next(after: 0) == nil && state.entry(at: 0) == nil)
    state.replace(keeping: { _ in true }, adding: EntryLog(), version: 5, compacted: 3)
    state.checkInvariants()
    #expect(state.progress == Progress(version: 5, compacted: 3))
    _ = state.set(key: "a", value: [])
    #expect(state.find("a")?.version == 6)
  }

  @Test func `two spellings of one letter are two keys`() {
    let state = Samples.state {
      _ = $0.set(key: "\u{E9}", value: [1])
      _ = $0.set(key: "e\u{301}", value: [2])
    }
    #expect(state.find("\u{E9}")?.value == [1] && state.find("e\u{301}")?.value == [2])
  }

  @Test func `a copy keeps what it held`() {
    var state = Samples.state { _ = $0.set(key: "a", value: [1]) }
    let frozen = state
    _ = state.set(key: "a", value: [2])
    _ = state.delete(key: "a")
    state.compact(upTo: 3)
    #expect(frozen.live == [Entry(key: "a", value: [1], version: 1)])
    frozen.checkInvariants()
  }
}
