import GrapevineHashing

/// Finds an entry's place in a log by its key: open addressing with linear probing, keyed by
/// SipHash, so that a peer can't choose keys that collide.
struct KeyTable: Sendable {
  private let hash: SipHash
  /// A place plus one; zero where empty, `removed` where an entry was.
  private var cells: [UInt32] = []
  private var usedCount = 0

  private static let removed = UInt32.max

  init(hash: SipHash) {
    self.hash = hash
  }

  /// Bytes of memory taken.
  var footprint: Int { MemoryLayout<UInt32>.stride * cells.count }

  /// Says that the table is far larger than `count` keys need.
  func isSparse(for count: Int) -> Bool { cells.count > 16 * count + 32 }

  func find(_ key: Span<UInt8>, _ range: Range<Int>, in log: EntryLog) -> EntryLog.Place? {
    cell(of: key, range, in: log).map(place(in:))
  }

  /// Lets the key of the entry in `place` lead there; returns the place that it led to before.
  mutating func replace(_ place: EntryLog.Place, in log: EntryLog) -> EntryLog.Place? {
    let entry = log[place]
    if let cell = cell(of: entry.bytes.span, entry.header.key, in: log) {
      let earlier = self.place(in: cell)
      cells[cell] = place.rawValue + 1
      return earlier
    }
    if (usedCount + 1) * 4 > cells.count * 3 {
      rebuild(for: log)
    } else {
      insert(entry, place)
    }
    return nil
  }

  /// Forgets a key; returns the place that it led to.
  mutating func remove(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    in log: EntryLog
  ) -> EntryLog.Place? {
    guard let cell = cell(of: key, range, in: log) else { return nil }
    let place = place(in: cell)
    cells[cell] = Self.removed
    return place
  }

  /// Forgets all, and makes room for `count` keys.
  mutating func removeAll(reserving count: Int) {
    cells = []
    usedCount = 0
    guard count > 0 else { return }
    var size = 8
    while size < 2 * count { size *= 2 }
    cells = [UInt32](repeating: 0, count: size)
  }

  /// Takes up all keys of `log`, no two of which are the same.
  mutating func rebuild(for log: EntryLog) {
    removeAll(reserving: log.entryCount)
    var place = log.first()
    while let here = place {
      insert(log[here], here)
      place = log.next(after: here)
    }
  }

  private mutating func insert(_ entry: StoredEntry, _ place: EntryLog.Place) {
    let mask = cells.count - 1
    var cell = start(entry.bytes.span, entry.header.key, mask)
    while cells[cell] != 0 { cell = (cell + 1) & mask }
    cells[cell] = place.rawValue + 1
    usedCount += 1
  }

  private func cell(of key: Span<UInt8>, _ range: Range<Int>, in log: EntryLog) -> Int? {
    guard !cells.isEmpty else { return nil }
    let mask = cells.count - 1
    var cell = start(key, range, mask)
    while cells[cell] != 0 {
      if cells[cell] != Self.removed, log.hasKey(key, range, at: place(in: cell)) { return cell }
      cell = (cell + 1) & mask
    }
    return nil
  }

  private func place(in cell: Int) -> EntryLog.Place {
    EntryLog.Place(rawValue: cells[cell] - 1)
  }

  private func start(_ key: Span<UInt8>, _ range: Range<Int>, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: hash.hash(key, range)) & mask
  }
}
