import Allocations
import GrapevineCore
import Pacing
import Testing

@Suite(.computing) struct EntryLogTests {
  private static let pageSize = 16_384
  private static let placeCount = 1_024

  /// An entry that takes `size` bytes of a page, if it is one of its first hundred versions.
  private static func entry(ofSize size: Int, at version: Version) -> StoredEntry {
    for valueSize in max(0, size - 8)...size {
      let value = [UInt8](repeating: UInt8(truncatingIfNeeded: version), count: valueSize)
      let entry = StoredEntry(key: "k", value: value, version: version, isDeleted: false)
      if entry.size(after: version - 1) == size { return entry }
    }
    preconditionFailure("no entry takes \(size) bytes")
  }

  private static func content(of log: EntryLog) -> [Entry] {
    var entries: [Entry] = []
    log.forEach { entry in
      entries.append(entry.entry)
      return true
    }
    return entries
  }

  @Test func `random changes give what an array gives, in copies too`() {
    for index in 0..<Environment.caseCount(usual: 40) {
      let seed = Environment.firstSeed &+ UInt64(index)
      var random = Xoshiro256(seed: seed)
      var log = EntryLog()
      var naive: [(place: EntryLog.Place, entry: Entry)] = []
      var version: Version = 0
      var copies: [(log: EntryLog, content: [Entry])] = []
      for _ in 0..<150 {
        switch random.index(16) {
        case 0..<9:
          version += 1 + random.below([1, 200, 1 << 40][random.index(3)])
          let size = [2, 300, 9_000, 40_000][random.index(4)]
          let value = [UInt8](repeating: UInt8(version & 255), count: random.index(size))
          let isDeleted = random.chance(1, outOf: 4)
          let entry = StoredEntry(
            key: "key \(random.index(1_000))",
            value: isDeleted ? [] : value,
            version: version,
            isDeleted: isDeleted
          )
          naive.append((log.append(entry), entry.entry))
        case 9..<14:
          guard !naive.isEmpty else { continue }
          log.vacate(naive.remove(at: random.index(naive.count)).place)
        case 14:
          copies.append((log, naive.map(\.entry)))
        default:
          log.rewrite()
          naive = zip(Self.places(of: log), naive).map { ($0, $1.entry) }
        }
        log.checkInvariants()
        let bound = random.below(version + 2)
        let next = log.first(after: bound).map { log[$0].version }
        guard Self.content(of: log) == naive.map(\.entry),
          log.last?.version == naive.last?.entry.version,
          next == naive.first(where: { $0.entry.version > bound })?.entry.version
        else {
          Issue.record("\(Environment.replay(case: index, filter: "EntryLogTests"))")
          return
        }
      }
      #expect(copies.allSatisfy { Self.content(of: $0.log) == $0.content })
    }
  }

  private static func places(of log: EntryLog) -> [EntryLog.Place] {
    var places: [EntryLog.Place] = []
    var place = log.first()
    while let here = place {
      places.append(here)
      place = log.next(after: here)
    }
    return places
  }

  @Test(arguments: [0, 1]) func `a page takes 16 KiB and not a byte more`(excess: Int) {
    var log = EntryLog()
    _ = log.append(Self.entry(ofSize: 10_000, at: 1))
    _ = log.append(Self.entry(ofSize: Self.pageSize - 10_000 + excess, at: 2))
    log.checkInvariants()
    #expect(log.pageCount == 1 + excess)
  }

  @Test func `a page takes 1,024 entries and not one more`() {
    var log = EntryLog()
    for version in 1...Version(Self.placeCount) {
      _ = log.append(StoredEntry(key: "k", value: [], version: version, isDeleted: true))
    }
    #expect(log.pageCount == 1)
    _ = log.append(StoredEntry(key: "k", value: [], version: 9_999, isDeleted: true))
    #expect(log.pageCount == 2)
    log.checkInvariants()
  }

  @Test func `an entry larger than a page has one of its own, given back with it`() {
    var log = EntryLog()
    _ = log.append(Self.entry(ofSize: 100, at: 1))
    let before = log.footprint
    let place = log.append(Self.entry(ofSize: 1_000_000, at: 2))
    _ = log.append(Self.entry(ofSize: 100, at: 3))
    #expect(log.pageCount == 3 && log[place].value.count > 999_000)
    #expect(log.footprint > before + 1_000_000)
    let held = log[place]
    log.vacate(place)
    #expect(log.pageCount == 2 && log.footprint < before + Self.pageSize + 500)
    #expect(held.value.count > 999_000)
    log.checkInvariants()
  }

  @Test func `pages that are given back at the end leave nothing`() {
    var log = EntryLog()
    var places: [EntryLog.Place] = []
    for version: Version in 1...20 {
      places.append(log.append(Self.entry(ofSize: 5_000, at: version)))
    }
    for place in places.dropFirst() { log.vacate(place) }
    log.checkInvariants()
    #expect(log.pageCount == 1)
    log.vacate(places[0])
    log.checkInvariants()
    #expect(log.pageCount == 0 && log.footprint == 0 && log.last == nil)
    _ = log.append(Self.entry(ofSize: 5, at: 21))
    #expect(log.entryCount == 1)
  }

  @Test func `another log's entries are taken over without being copied`() throws {
    var first = EntryLog()
    var second = EntryLog()
    for version: Version in 1...1_000 {
      let entry = Self.entry(ofSize: 110, at: version)
      if version <= 300 { _ = first.append(entry) } else { _ = second.append(entry) }
    }
    let all = Self.content(of: first) + Self.content(of: second)
    let joining = try Allocations.count { first.append(contentsOf: second) }
    // At most the last page is cut to size, beside the list of pages.
    #expect(joining.size < Self.pageSize + 4_096)
    #expect(Self.content(of: first) == all)
    first.checkInvariants()
    first.append(contentsOf: EntryLog())
    #expect(Self.content(of: first) == all)
  }

  @Test func `more than half of waste is too much`() {
    var log = EntryLog()
    let places = (1...90).map { log.append(Self.entry(ofSize: 100, at: $0)) }
    // All but the last of a page, so that none is given back.
    for place in places.prefix(45) { log.vacate(place) }
    #expect(!log.isWasteful)
    for place in places[45..<50] { log.vacate(place) }
    #expect(log.isWasteful)
    let content = Self.content(of: log)
    let before = log.footprint
    log.rewrite()
    log.checkInvariants()
    #expect(!log.isWasteful && log.footprint < before * 2 / 3 && Self.content(of: log) == content)
  }
}
