import GrapevineHashing

/// Finds an entry's place in a log by its key.
///
/// Open addressing with linear probing, keyed by SipHash, so that a peer can't choose keys that
/// collide.
struct KeyTable: Sendable {
  private let hash: SipHash
  private var cells: [Cell] = []
  /// Cells in which an entry is or was.
  private var usedCount = 0

  /// Half of a key's hash, so that few others are compared, and growing reads no key.
  private struct Cell: Sendable {
    var tag: UInt32
    /// A place plus one; zero where empty, the highest number where an entry was.
    var number: UInt32

    static let empty = Cell(tag: 0, number: 0)
    static let removed = Cell(tag: 0, number: .max)

    init(tag: UInt32, number: UInt32) {
      self.tag = tag
      self.number = number
    }

    init(tag: UInt32, _ place: EntryLog.Place) {
      self.init(tag: tag, number: place.rawValue + 1)
    }

    var isEmpty: Bool { number == 0 }
    var isRemoved: Bool { number == .max }
    var place: EntryLog.Place { EntryLog.Place(rawValue: number - 1) }
  }

  private static let sizeMinimum = 8

  init(hash: SipHash) {
    self.hash = hash
  }

  /// Bytes of memory taken.
  var footprint: Int { MemoryLayout<Cell>.stride * cells.count }

  /// Says that the table is far larger than `count` keys need.
  func isSparse(for count: Int) -> Bool { cells.count > 16 * count + 2 * Self.sizeMinimum }
}

extension KeyTable {
  func find(_ key: Span<UInt8>, _ range: Range<Int>, in log: EntryLog) -> EntryLog.Place? {
    index(of: key, range, tag(of: key, range), in: log).map { cells[$0].place }
  }

  /// Lets a key of `log` lead to `place`; returns the place that it led to before.
  mutating func replace(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    _ place: EntryLog.Place,
    in log: EntryLog
  ) -> EntryLog.Place? {
    let cell = Cell(tag: tag(of: key, range), place)
    if let index = index(of: key, range, cell.tag, in: log) {
      let earlier = cells[index].place
      cells[index] = cell
      return earlier
    }
    if (usedCount + 1) * 4 > cells.count * 3 { grow(for: log.entryCount) }
    insert(cell)
    return nil
  }

  /// Forgets a key; returns the place that it led to.
  mutating func remove(
    _ key: Span<UInt8>,
    _ range: Range<Int>,
    in log: EntryLog
  ) -> EntryLog.Place? {
    guard let index = index(of: key, range, tag(of: key, range), in: log) else { return nil }
    let place = cells[index].place
    cells[index] = .removed
    return place
  }

  /// Forgets all, and makes room for `count` keys.
  mutating func removeAll(reserving count: Int) {
    cells = []
    usedCount = 0
    guard count > 0 else { return }
    var size = Self.sizeMinimum
    while size < 2 * count { size *= 2 }
    cells = [Cell](repeating: .empty, count: size)
  }

  /// Takes up all keys of `log`, no two of which are the same.
  mutating func rebuild(for log: EntryLog) {
    removeAll(reserving: log.entryCount)
    log.forEachPlace { place in
      let entry = log[place]
      insert(Cell(tag: tag(of: entry.bytes.span, entry.header.key), place))
    }
  }

  private mutating func grow(for count: Int) {
    let old = cells
    removeAll(reserving: count)
    for cell in old where !cell.isEmpty && !cell.isRemoved { insert(cell) }
  }

  private mutating func insert(_ cell: Cell) {
    let mask = cells.count - 1
    var index = Int(cell.tag) & mask
    while !cells[index].isEmpty { index = (index + 1) & mask }
    cells[index] = cell
    usedCount += 1
  }

  /// The cell of a key; `log` holds the keys.
  private func index(
    of key: Span<UInt8>,
    _ range: Range<Int>,
    _ tag: UInt32,
    in log: EntryLog
  ) -> Int? {
    guard !cells.isEmpty else { return nil }
    let mask = cells.count - 1
    var index = Int(tag) & mask
    while !cells[index].isEmpty {
      let cell = cells[index]
      if cell.tag == tag, !cell.isRemoved, log.hasKey(key, range, at: cell.place) { return index }
      index = (index + 1) & mask
    }
    return nil
  }

  private func tag(of key: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    UInt32(truncatingIfNeeded: hash.hash(key, range))
  }
}
