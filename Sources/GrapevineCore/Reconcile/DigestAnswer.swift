/// What comes of comparing a peer's digest with one's own members.
package struct DigestAnswer: Sendable {
  /// What the peer lacks, in the order of the digest.
  package var owed: [Owed] = []
  /// How many of those are there since the peer's digest lacks them.
  private var strangerCount = 0
  /// How many more are, for which there is no room.
  private(set) var omittedCount = 0
  /// How many that the peer's digest lacks are listed at most.
  private let strangerLimit: Int
  /// What the peer has more of, as it stands here.
  package var wanted: [DigestEntry] = []
  /// Parts of the key space in which the two differ somewhere.
  package var ranges: [(lower: MemberKey, upper: MemberKey)] = []

  /// Members that the peer speaks of, and that are dead and buried here with another standing.
  package var buried: [MemberKey] = []

  /// The version of the reader's own state that the peer said it holds, if it did.
  package var confirmed: Version?

  package init(strangerLimit: Int = .max) {
    self.strangerLimit = strangerLimit
  }

  /// Notes that the peer knows none of the members at `positions`.
  ///
  /// - Complexity: O(those that are listed), not O(`positions`).
  mutating func owe(_ positions: Range<Int>, of table: MemberTable) {
    let listed = positions.prefix(strangerLimit - strangerCount)
    table.forEachKey(at: listed) { owed.append(.whole($0)) }
    strangerCount += listed.count
    omittedCount += positions.count - listed.count
  }

  package var isEmpty: Bool { wanted.isEmpty && ranges.isEmpty }

  /// The bytes that the digest which goes back wants, header included: all that is asked for, and
  /// a first look at what differs.
  var sizeEstimate: Int {
    guard !isEmpty else { return 0 }
    let sums = ranges.isEmpty ? 0 : MemberTable.fanout * DigestRange.sizeMaximum
    return wanted.reduce(PacketHeader.size + DigestRange.sizeMaximum + sums) { $0 + $1.size }
  }

  /// Appends the digest that goes back, as far as it fits; the next exchange takes up the rest.
  package func write(to bytes: inout [UInt8], limit: Int, _ table: MemberTable) {
    var entries: [DigestEntry] = []
    var size = bytes.count + DigestRange.sizeMaximum
    for entry in wanted.sorted(by: { $0.key < $1.key }) {
      guard entries.last?.key != entry.key else { continue }
      size += entry.size
      guard size <= limit else { break }
      entries.append(entry)
    }
    if !entries.isEmpty {
      DigestRange(lower: .lowest, upper: .highest, body: .wanted(count: entries.count))
        .write(to: &bytes)
      for entry in entries { entry.write(to: &bytes) }
    }
    for range in ranges {
      guard
        table.appendAnswer(from: range.lower, through: range.upper, to: &bytes, limit: limit)
      else { return }
    }
  }
}

extension MemberTable {
  /// Parts that a range which differs is cut in.
  package static let fanout = 16

  /// Appends what is known in a range: every member if they fit, else sums over 16
  /// parts, or as many as fit.
  ///
  /// Returns false, and appends nothing, if not even two sums fit below `limit`.
  package func appendAnswer(
    from lower: MemberKey,
    through upper: MemberKey,
    to bytes: inout [UInt8],
    limit: Int
  ) -> Bool {
    let positions = positions(from: lower, through: upper)
    if appendEntries(positions, from: lower, through: upper, to: &bytes, limit: limit) {
      return true
    }
    let room = (limit - bytes.count) / DigestRange.sizeMaximum
    let partCount = min(Self.fanout, positions.count, room)
    guard partCount > 1 else { return false }
    var start = positions.lowerBound
    var partLower = lower
    for part in 1...partCount {
      let end = positions.lowerBound + positions.count * part / partCount
      let isLast = part == partCount
      let partUpper = isLast ? upper : MemberKey(rawValue: key(at: end).rawValue - 1)
      let sum = fingerprint(of: start..<end)
      DigestRange(
        lower: partLower,
        upper: partUpper,
        body: .fingerprint(sum, memberCount: end - start)
      ).write(to: &bytes)
      guard !isLast else { break }
      start = end
      partLower = key(at: end)
    }
    return true
  }

  /// Appends every member at `positions`; false, with nothing appended, if they do not fit.
  package func appendEntries(
    _ positions: Range<Int>,
    from lower: MemberKey,
    through upper: MemberKey,
    to bytes: inout [UInt8],
    limit: Int
  ) -> Bool {
    let room = limit - bytes.count - DigestRange.sizeMaximum
    guard room >= positions.count * DigestEntry.sizeMinimum else { return false }
    let start = bytes.count
    DigestRange(lower: lower, upper: upper, body: .entries(count: positions.count))
      .write(to: &bytes)
    forEachSlot(at: positions) { slot in
      self[slot].digestEntry.write(to: &bytes)
      return bytes.count <= limit
    }
    guard bytes.count <= limit else {
      bytes.removeLast(bytes.count - start)
      return false
    }
    return true
  }
}
