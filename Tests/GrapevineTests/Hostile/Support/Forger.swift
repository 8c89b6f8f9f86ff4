import GrapevineCore

/// Makes wire bytes by `docs/wire-format.md` that no honest node would send.
struct Forger: Sendable {
  /// Whom the packets say that they come from.
  var id: MemberID

  init(_ name: String, generation: UInt64 = 1) {
    id = MemberID(name: name, generation: generation)
  }

  init(_ id: MemberID) {
    self.id = id
  }

  var key: MemberKey { MemberKey(id) }

  func packet(_ kind: PacketKind, _ body: [UInt8] = []) -> [UInt8] {
    var bytes: [UInt8] = []
    PacketHeader(kind: kind, label: 0, sender: key).write(to: &bytes)
    return bytes + body
  }

  // MARK: Bodies

  func heartbeat(fingerprint: UInt64 = 0x0123_4567_89AB_CDEF, members: Int = 3) -> [UInt8] {
    var body: [UInt8] = []
    Heartbeat(fingerprint: fingerprint, memberCount: members, isScheduled: true).write(to: &body)
    return packet(.heartbeat, body)
  }

  func digest(_ ranges: [UInt8]...) -> [UInt8] { packet(.digest, ranges.flatMap { $0 }) }

  func delta(_ flags: Delta.Flags = .final, _ sections: [UInt8]...) -> [UInt8] {
    packet(.delta, [flags.rawValue] + sections.flatMap { $0 })
  }

  func push(hops: UInt8 = 1, arc: Arc? = nil, _ sections: [UInt8]...) -> [UInt8] {
    var body: [UInt8] = []
    PushHead(hops: hops, arc: arc ?? Arc(lower: key, upper: key)).write(to: &body)
    return packet(.push, body + sections.flatMap { $0 })
  }

  func ping(_ target: MemberKey, sequence: SequenceNumber = 7, _ section: [UInt8] = []) -> [UInt8] {
    packet(.ping, Self.pingBody(target, sequence) + section)
  }

  static func pingBody(_ target: MemberKey, _ sequence: SequenceNumber) -> [UInt8] {
    var body: [UInt8] = []
    Ping(sequence: sequence, target: target).writeHead(to: &body)
    return body
  }

  // MARK: Ranges of digests

  /// A range of entries, or a list of members that are asked for.
  static func entries(
    _ keys: [MemberKey] = [],
    version: UInt64 = 1,
    hash: UInt32 = 7,
    isWanted: Bool = false
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    let body: DigestRange.Body =
      isWanted ? .wanted(count: keys.count) : .entries(count: keys.count)
    DigestRange(lower: .lowest, upper: .highest, body: body).write(to: &bytes)
    for key in keys.sorted() {
      let progress = Progress(version: version, compacted: 0)
      DigestEntry(key: key, progress: progress, standingHash: hash).write(to: &bytes)
    }
    return bytes
  }

  static func sum(_ sum: UInt64, members: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    DigestRange(lower: .lowest, upper: .highest, body: .fingerprint(sum, memberCount: members))
      .write(to: &bytes)
    return bytes
  }

  // MARK: Sections

  /// What a section claims of a member's state.
  struct Claim {
    var base: UInt64 = 0
    var end: UInt64 = 1
    var compacted: UInt64 = 0
    var entries: [(version: UInt64, key: String, value: [UInt8])] = []
  }

  /// A section about anyone; fields that are nil are left out.
  static func section(
    _ id: MemberID,
    isNamed: Bool = true,
    _ standing: Standing? = Standing(),
    at endpoint: Endpoint = Endpoint(ipv4: 0x7F00_0001, port: 9),
    age: UInt64 = 0,
    _ claim: Claim? = nil
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(MemberKey(id), in: &bytes)
    if isNamed { Section.write(identity: id, to: &bytes) }
    if let standing {
      Section.write(Section.Claim(standing: standing, age: age, endpoint: endpoint), to: &bytes)
    }
    if let claim { write(claim, to: &bytes) }
    Section.end(head, in: &bytes)
    return bytes
  }

  private static func write(_ claim: Claim, to bytes: inout [UInt8]) {
    let mark = Section.beginState(
      isSnapshot: false,
      compacted: claim.compacted,
      base: claim.base,
      end: claim.end,
      horizon: claim.end,
      in: &bytes
    )
    var last = claim.base
    for entry in claim.entries {
      bytes.appendVarint(entry.version - last)
      bytes.append(0)
      bytes.appendVarint(UInt64(entry.key.utf8.count))
      bytes.append(contentsOf: entry.key.utf8)
      bytes.appendVarint(UInt64(entry.value.count))
      bytes.append(contentsOf: entry.value)
      last = entry.version
    }
    Section.markComplete(mark, in: &bytes)
    Section.end(mark, in: &bytes)
  }

  /// One valid packet of each kind, as the attacker `id` at `endpoint` would send them to `target`.
  func oneOfEach(to target: MemberKey, at endpoint: Endpoint) -> [[UInt8]] {
    let own = Self.section(
      id,
      at: endpoint,
      Claim(end: 3, entries: [(2, "role", Array("web".utf8)), (3, "zone", [0, 1, 2, 255])])
    )
    return [
      heartbeat(),
      digest(
        Self.entries([key, target]),
        Self.entries([target], version: 0, hash: 0, isWanted: true)
      ),
      digest(Self.sum(5, members: 12)),
      delta([.final, .more], own),
      push(own),
      ping(target, Self.emptySection(target)),
      packet(.pingRequest, Self.pingBody(key, 5)),
      packet(.ack, Self.pingBody(key, 5) + own),
      packet(.request, [1, 2, 3, 4, Inquiry.versionTopic]),
      packet(.reply, [1, 2, 3, 4, Inquiry.versionTopic, 9]),
    ]
  }

  /// A section that says nothing of a member.
  static func emptySection(_ key: MemberKey) -> [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(key, in: &bytes)
    Section.end(head, in: &bytes)
    return bytes
  }

  // MARK: Streams

  static func frame(_ kind: FrameKind, _ payload: [UInt8] = [], isContinued: Bool = false)
    -> [UInt8]
  {
    var bytes = [kind.rawValue | (isContinued ? FrameKind.continuedFlag : 0)]
    bytes.appendFixed(UInt64(payload.count), size: 3)
    return bytes + payload
  }

  func hello(
    _ purpose: StreamPurpose = .sync,
    label: UInt32 = 0,
    at endpoint: Endpoint = Endpoint(ipv4: 0x7F00_0001, port: 9)
  ) -> [UInt8] {
    var payload: [UInt8] = []
    Hello(label: label, purpose: purpose, instance: 77).write(to: &payload)
    return Self.frame(.hello, payload + Self.section(id, at: endpoint))
  }
}
