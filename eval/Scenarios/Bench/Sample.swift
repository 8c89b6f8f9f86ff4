internal import GrapevineCore
internal import GrapevineHashing

/// Members, and packets about them, that benchmarks work on.
enum Sample {
  static let begin = Instant(nanoseconds: 1_000_000_000)

  static func id(_ index: Int) -> MemberID {
    MemberID(name: "node-\(100_000 + index)", generation: 1)
  }

  static func key(_ index: Int) -> MemberKey { MemberKey(id(index)) }

  static func endpoint(_ index: Int) -> Endpoint {
    // Of the machine itself, as a real node may send something there.
    Endpoint(ipv4: 0x7F00_0001 + UInt32(index), port: 7_000)
  }

  /// The member that an endpoint is of.
  static func index(of endpoint: Endpoint) -> Int {
    Int(UInt32(truncatingIfNeeded: endpoint.low) - 0x7F00_0001)
  }

  static func header(_ kind: PacketKind, from index: Int = 0) -> PacketHeader {
    PacketHeader(kind: kind, label: PacketHeader.hash(label: nil), sender: key(index))
  }

  /// An entry of 8 bytes of key and 11 of value.
  static func entry(_ version: Version) -> StoredEntry {
    StoredEntry(
      key: "key-\(1_000 + version % 9_000)",
      value: Array("value-\(10_000 + version % 90_000)".utf8),
      version: version,
      isDeleted: false
    )
  }

  private static let hash = SipHash(key0: 1, key1: 2)
  private static let empty = VersionedState(hash: hash)

  /// A member as others hold it.
  static func record(_ index: Int, entryCount: Int = 0) -> MemberRecord {
    var record = MemberRecord(
      id: id(index),
      endpoint: endpoint(index),
      standing: Standing(),
      verdictSince: PastInstant(begin),
      state: empty
    )
    for version in 0..<entryCount { record.state.put(entry(Version(version + 1))) }
    return record
  }

  /// Members in the order of their keys; to add them so to a large table takes the least time.
  private static func inKeyOrder(_ members: some Sequence<Int>) -> [Int] {
    members.map { (key: key($0), index: $0) }.sorted { $0.key < $1.key }.map(\.index)
  }

  /// A table of members, in slots that go by the order of their keys.
  static func table(memberCount: Int, entryCount: Int = 0) -> MemberTable {
    var table = MemberTable(hash: hash)
    for index in inKeyOrder(0..<memberCount) {
      table.insert(record(index, entryCount: entryCount))
    }
    return table
  }

  /// A delta packet that tells who some members are, and the first entry of each if there is to be
  /// one; it calls for no answer.
  static func introduction(_ members: some Sequence<Int>, version: Version = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    let sorted = inKeyOrder(members)
    header(.delta, from: sorted[0]).write(to: &bytes)
    bytes.append(0)
    var entries: [UInt8] = []
    if version > 0 { entry(version).write(after: 0, to: &entries) }
    for index in sorted {
      let id = id(index)
      let claim = Section.Claim(standing: Standing(), age: 0, endpoint: endpoint(index))
      let head = Section.begin(MemberKey(id), in: &bytes)
      Section.write(identity: id, to: &bytes)
      Section.write(claim, to: &bytes)
      if version > 0 { writeState(from: 0, to: version, entries, to: &bytes) }
      Section.end(head, in: &bytes)
    }
    return bytes
  }

  /// Appends the state field that brings a replica from `base` to an entry, which is given as it
  /// travels.
  static func write(_ entry: [UInt8], after base: Version, to bytes: inout [UInt8]) {
    writeState(from: base, to: base + 1, entry, to: &bytes)
  }

  private static func writeState(
    from base: Version,
    to version: Version,
    _ entries: [UInt8],
    to bytes: inout [UInt8]
  ) {
    let mark = Section.beginState(
      isSnapshot: false,
      compacted: 0,
      base: base,
      end: version,
      horizon: version,
      in: &bytes
    )
    bytes.append(contentsOf: entries)
    Section.markComplete(mark, in: &bytes)
    Section.end(mark, in: &bytes)
  }

  /// An engine that knows members besides itself; each of them has an entry at `version`, unless
  /// that is zero.
  static func engine(
    _ index: Int,
    of memberCount: Int,
    _ configuration: GossipConfiguration = GossipConfiguration(),
    version: Version = 0
  ) throws -> Engine {
    var engine = Engine(
      id: id(index),
      endpoint: endpoint(index),
      configuration: configuration,
      seed: UInt64(index + 1),
      now: begin
    )
    let others = (0..<memberCount).lazy.filter { $0 != index }
    if memberCount > 1 {
      let packet = introduction(others, version: version)
      engine.receive(packet.span, from: endpoint(index == 0 ? 1 : 0), now: begin)
    }
    var bytes: [UInt8] = []
    _ = drain(&engine, into: &bytes)
    guard engine.memberCount == memberCount else {
      throw EvaluationError("an engine knows \(engine.memberCount) of \(memberCount) members")
    }
    return engine
  }

  /// Takes what an engine has to send and to tell; the number of packets.
  static func drain(_ engine: inout Engine, into bytes: inout [UInt8]) -> Int {
    var count = 0
    bytes.removeAll(keepingCapacity: true)
    while engine.nextDatagram(into: &bytes) != nil {
      count += 1
      bytes.removeAll(keepingCapacity: true)
    }
    while engine.nextEvent() != nil {}
    return count
  }
}
