import GrapevineHashing

/// Finds a member's slot by the bytes of its name, which its record holds.
///
/// Open addressing with linear probing, keyed by SipHash, so that nobody can choose names that
/// collide; four bytes a cell, at most three quarters of them in use.
struct NameTable: Sendable {
  private let hash: SipHash
  /// A slot plus one; zero where empty.
  private var cells: ContiguousArray<UInt32> = []
  private(set) var count = 0

  private static let sizeMinimum = 8

  init(hash: SipHash) {
    self.hash = hash
  }
}

extension NameTable {
  /// The slot of the record with a name.
  func find(_ name: String, in records: ContiguousArray<MemberRecord>) -> Int? {
    guard !cells.isEmpty else { return nil }
    var index = start(of: name)
    while cells[index] != 0 {
      let slot = Int(cells[index]) - 1
      if records[slot].id.name.hasSameBytes(as: name) { return slot }
      index = next(index)
    }
    return nil
  }

  /// Adds the slot of a record whose name is not there.
  mutating func insert(_ slot: Int, in records: ContiguousArray<MemberRecord>) {
    if (count + 1) * 4 > cells.count * 3 { grow(records) }
    place(slot, records[slot].id.name)
    count += 1
  }

  /// Forgets a slot; what lies behind it moves up, so that no cell need say that one was there.
  mutating func remove(_ slot: Int, in records: ContiguousArray<MemberRecord>) {
    var hole = cell(of: slot, records[slot].id.name)
    var index = next(hole)
    while cells[index] != 0 {
      let home = start(of: records[Int(cells[index]) - 1].id.name)
      // It may move if its home is not between the hole and where it lies.
      if (index &- home) & mask >= (index &- hole) & mask {
        cells[hole] = cells[index]
        hole = index
      }
      index = next(index)
    }
    cells[hole] = 0
    count -= 1
  }

  /// Notes that the record in `slot`, which has that name, will lie in `newSlot`.
  mutating func move(_ slot: Int, to newSlot: Int, _ name: String) {
    cells[cell(of: slot, name)] = UInt32(newSlot + 1)
  }

  private var mask: Int { cells.count - 1 }

  private func next(_ index: Int) -> Int { (index + 1) & mask }

  private func start(of name: String) -> Int {
    Int(truncatingIfNeeded: name.hash(by: hash)) & mask
  }

  private func cell(of slot: Int, _ name: String) -> Int {
    var index = start(of: name)
    while cells[index] != UInt32(slot + 1) {
      precondition(cells[index] != 0, "the name in slot \(slot) is not known")
      index = next(index)
    }
    return index
  }

  private mutating func place(_ slot: Int, _ name: String) {
    var index = start(of: name)
    while cells[index] != 0 { index = next(index) }
    cells[index] = UInt32(slot + 1)
  }

  private mutating func grow(_ records: ContiguousArray<MemberRecord>) {
    let old = cells
    cells = ContiguousArray(repeating: 0, count: max(Self.sizeMinimum, 2 * old.count))
    for cell in old where cell != 0 {
      place(Int(cell) - 1, records[Int(cell) - 1].id.name)
    }
  }
}

extension String {
  /// The keyed hash of the text's bytes.
  fileprivate func hash(by hash: SipHash) -> UInt64 {
    let bytes = utf8.span
    return hash.hash(bytes, 0..<bytes.count)
  }
}
