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

  func find(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    in log: ContiguousArray<StoredEntry>
  ) -> Int? {
    guard let cell = cell(of: key, range, in: log) else { return nil }
    return Int(cells[cell]) - 1
  }

  /// Lets the key of `entry` lead to `place`; returns the place that it led to before.
  mutating func replace(
    _ entry: StoredEntry,
    place: Int,
    in log: ContiguousArray<StoredEntry>
  ) -> Int? {
    if let cell = cell(of: entry.bytes.span, 0..<entry.keySize, in: log) {
      let earlier = Int(cells[cell]) - 1
      cells[cell] = UInt32(place + 1)
      return earlier
    }
    if (usedCount + 1) * 4 > cells.count * 3 { grow(for: log) }
    insert(entry, place: place)
    return nil
  }

  /// Forgets a key; returns the place that it led to.
  mutating func remove(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    in log: ContiguousArray<StoredEntry>
  ) -> Int? {
    guard let cell = cell(of: key, range, in: log) else { return nil }
    let place = Int(cells[cell]) - 1
    cells[cell] = Self.removed
    return place
  }

  mutating func removeAll(reserving count: Int) {
    cells = []
    usedCount = 0
    resize(for: count)
  }

  mutating func rebuild(for log: ContiguousArray<StoredEntry>) {
    removeAll(reserving: log.count)
    for (place, entry) in log.enumerated() where !entry.isVacant {
      insert(entry, place: place)
    }
  }

  private mutating func grow(for log: ContiguousArray<StoredEntry>) {
    let live = log.reduce(0) { $0 + ($1.isVacant ? 0 : 1) }
    removeAll(reserving: 2 * live + 1)
    for (place, entry) in log.enumerated() where !entry.isVacant {
      insert(entry, place: place)
    }
  }

  private mutating func resize(for count: Int) {
    guard count > 0 else { return }
    var size = 8
    while size * 3 < count * 4 + 4 { size *= 2 }
    cells = [UInt32](repeating: 0, count: size)
  }

  private mutating func insert(_ entry: StoredEntry, place: Int) {
    let mask = cells.count - 1
    var cell = start(entry.bytes.span, 0..<entry.keySize, mask)
    while cells[cell] != 0 { cell = (cell + 1) & mask }
    cells[cell] = UInt32(place + 1)
    usedCount += 1
  }

  private func cell(
    of key: Span<UInt8>,
    _ range: Range<Int>,
    in log: ContiguousArray<StoredEntry>
  ) -> Int? {
    guard !cells.isEmpty else { return nil }
    let mask = cells.count - 1
    var cell = start(key, range, mask)
    while cells[cell] != 0 {
      if cells[cell] != Self.removed, log[Int(cells[cell]) - 1].hasKey(key, range) { return cell }
      cell = (cell + 1) & mask
    }
    return nil
  }

  private func start(_ key: Span<UInt8>, _ range: Range<Int>, _ mask: Int) -> Int {
    Int(truncatingIfNeeded: hash.hash(key, range)) & mask
  }
}
