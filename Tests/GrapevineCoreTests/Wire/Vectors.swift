import GrapevineCore

/// The examples of `docs/wire-format.md`, made by the code: each name with the bytes that it
/// stands for.
enum Vectors {
  static let alice = MemberID(name: "alice", generation: 1_000)
  static let bob = MemberID(name: "bob", generation: 2_000)
  static let label = PacketHeader.hash(label: "prod")

  static var all: [(name: String, bytes: [UInt8])] {
    [
      ("label", labelBytes), ("key", keyBytes), ("varint", varints), ("heartbeat", heartbeat),
      ("digest-entries", digestOfEntries), ("digest-fingerprint", digestOfSums),
      ("digest-wanted", digestOfWanted), ("delta", delta), ("delta-accused", accused),
      ("push", push), ("ping", ping), ("ping-accused", pingOfAccused),
      ("ping-request", pingRequest), ("ack", ack), ("ack-refuted", ackOfRefuted),
      ("request", request), ("reply", reply),
      ("frame-hello", hello), ("frame-refusal", refusal), ("frame-done", done),
      ("frame-continued", continued), ("snapshot", snapshot),
    ]
  }

  private static func packet(_ kind: PacketKind, _ body: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes: [UInt8] = []
    PacketHeader(kind: kind, label: label, sender: MemberKey(alice)).write(to: &bytes)
    body(&bytes)
    return bytes
  }

  private static func frame(
    _ kind: FrameKind,
    isContinued: Bool = false,
    _ payload: [UInt8]
  ) -> [UInt8] {
    var bytes = [kind.rawValue | (isContinued ? FrameKind.continuedFlag : 0)]
    bytes.appendFixed(UInt64(payload.count), size: 3)
    return bytes + payload
  }

  private static var labelBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendFixed(UInt64(label), size: 4)
    return bytes
  }

  private static var keyBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.appendFixed(MemberKey(alice).rawValue, size: 8)
    return bytes
  }

  private static var varints: [UInt8] {
    var bytes: [UInt8] = []
    for value: UInt64 in [0, 127, 128, 300, .max] { bytes.appendVarint(value) }
    return bytes
  }

  private static var heartbeat: [UInt8] {
    packet(.heartbeat) {
      Heartbeat(fingerprint: 0x0123_4567_89AB_CDEF, memberCount: 64, isScheduled: true)
        .write(to: &$0)
    }
  }

  private static func entry(_ id: MemberID, _ version: Version, _ compacted: Version) -> DigestEntry
  {
    DigestEntry(
      key: MemberKey(id),
      progress: Progress(version: version, compacted: compacted),
      standingHash: 0xAABB_CCDD
    )
  }

  private static var digestOfEntries: [UInt8] {
    packet(.digest) { bytes in
      DigestRange(lower: .lowest, upper: .highest, body: .entries(count: 2)).write(to: &bytes)
      let entries = [entry(alice, 300, 0), entry(bob, 7, 5)].sorted { $0.key < $1.key }
      for entry in entries { entry.write(to: &bytes) }
    }
  }

  private static var digestOfSums: [UInt8] {
    packet(.digest) { bytes in
      let middle: UInt64 = 1 << 63
      DigestRange(
        lower: .lowest,
        upper: MemberKey(rawValue: middle - 1),
        body: .fingerprint(1, memberCount: 100)
      ).write(to: &bytes)
      DigestRange(
        lower: MemberKey(rawValue: middle),
        upper: .highest,
        body: .fingerprint(2, memberCount: 200)
      ).write(to: &bytes)
    }
  }

  private static var digestOfWanted: [UInt8] {
    packet(.digest) { bytes in
      DigestRange(lower: .lowest, upper: .highest, body: .wanted(count: 1)).write(to: &bytes)
      DigestEntry(key: MemberKey(bob), progress: .none, standingHash: 0).write(to: &bytes)
    }
  }

  private static var delta: [UInt8] {
    packet(.delta) { bytes in
      bytes.append(Delta.Flags.final.rawValue)
      let head = Section.begin(MemberKey(bob), in: &bytes)
      Section.write(identity: bob, to: &bytes)
      Section.write(claim(of: Standing()), to: &bytes)
      let state = Section.beginState(
        isSnapshot: false,
        compacted: 0,
        base: 0,
        end: 3,
        horizon: 3,
        in: &bytes
      )
      let role = StoredEntry(key: "role", value: Array("web".utf8), version: 2, isDeleted: false)
      role.write(after: 0, to: &bytes)
      let gone = StoredEntry(key: "old", value: [], version: 3, isDeleted: true)
      gone.write(after: 2, to: &bytes)
      Section.markComplete(state, in: &bytes)
      Section.end(state, in: &bytes)
      Section.end(head, in: &bytes)
    }
  }

  private static func claim(of standing: Standing, age: UInt64 = 0) -> Section.Claim {
    Section.Claim(
      standing: standing,
      age: age,
      endpoint: Endpoint(ipv4: 0x0A00_0002, port: 7_000)
    )
  }

  private static var accused: [UInt8] {
    packet(.delta) { bytes in
      bytes.append(Delta.Flags.final.rawValue)
      let head = Section.begin(MemberKey(bob), in: &bytes)
      let standing = Standing(incarnation: 4, verdict: .down, accusers: [MemberKey(alice)])
      let endpoint = Endpoint(ipv6: 0x2001_0DB8_0000_0000, 1, port: 7_000)
      Section.write(
        Section.Claim(standing: standing, age: 1_500, endpoint: endpoint),
        to: &bytes
      )
      Section.end(head, in: &bytes)
    }
  }

  private static var push: [UInt8] {
    packet(.push) { bytes in
      let arc = Arc(
        lower: MemberKey(rawValue: 0xC000_0000_0000_0000),
        upper: MemberKey(rawValue: 0x2FFF_FFFF_FFFF_FFFF)
      )
      PushHead(hops: 2, arc: arc).write(to: &bytes)
      let head = Section.begin(MemberKey(bob), in: &bytes)
      let state = Section.beginState(
        isSnapshot: false,
        compacted: 0,
        base: 3,
        end: 4,
        horizon: 4,
        in: &bytes
      )
      let role = StoredEntry(key: "role", value: Array("db".utf8), version: 4, isDeleted: false)
      role.write(after: 3, to: &bytes)
      Section.markComplete(state, in: &bytes)
      Section.end(state, in: &bytes)
      Section.end(head, in: &bytes)
    }
  }

  private static let sequence: SequenceNumber = 0x1122_3344

  private static var ping: [UInt8] {
    packet(.ping) { Ping(sequence: sequence, target: MemberKey(bob)).writeHead(to: &$0) }
  }

  private static var pingOfAccused: [UInt8] {
    packet(.ping) { bytes in
      Ping(sequence: sequence, target: MemberKey(bob)).writeHead(to: &bytes)
      let head = Section.begin(MemberKey(bob), in: &bytes)
      let standing = Standing(incarnation: 4, accusers: [MemberKey(alice)])
      Section.write(claim(of: standing), to: &bytes)
      Section.end(head, in: &bytes)
    }
  }

  private static var pingRequest: [UInt8] {
    packet(.pingRequest) {
      PingRequest(sequence: sequence, target: MemberKey(bob)).write(to: &$0)
    }
  }

  private static var ack: [UInt8] {
    packet(.ack) { Ping(sequence: sequence, target: MemberKey(bob)).writeHead(to: &$0) }
  }

  private static var ackOfRefuted: [UInt8] {
    packet(.ack) { bytes in
      Ping(sequence: sequence, target: MemberKey(alice)).writeHead(to: &bytes)
      let head = Section.begin(MemberKey(alice), in: &bytes)
      let endpoint = Endpoint(ipv4: 0x0A00_0001, port: 7_000)
      let standing = Standing(incarnation: 5)
      Section.write(Section.Claim(standing: standing, age: 0, endpoint: endpoint), to: &bytes)
      Section.end(head, in: &bytes)
    }
  }

  private static var request: [UInt8] {
    packet(.request) { Inquiry.writeRequest(sequence: sequence, to: &$0) }
  }

  private static var reply: [UInt8] {
    packet(.reply) { Inquiry.writeReply(sequence: sequence, version: 300, to: &$0) }
  }

  private static var hello: [UInt8] {
    var payload: [UInt8] = []
    Hello(label: label, purpose: .sync, instance: 0x1122_3344_5566_7788).write(to: &payload)
    let head = Section.begin(MemberKey(bob), in: &payload)
    Section.write(identity: bob, to: &payload)
    Section.write(claim(of: Standing()), to: &payload)
    Section.end(head, in: &payload)
    return frame(.hello, payload)
  }

  private static var refusal: [UInt8] {
    frame(.refusal, [RefusalCode.versionMismatch.rawValue, 1, 2])
  }

  private static var done: [UInt8] { frame(.done, []) }

  private static var continued: [UInt8] {
    frame(.delta, isContinued: true, [1, 2, 3]) + frame(.delta, [4])
  }

  private static var snapshot: [UInt8] {
    var bytes: [UInt8] = []
    let head = Section.begin(MemberKey(bob), in: &bytes)
    let runs = Section.begin(tag: Section.Tag.retained, in: &bytes)
    for number: UInt64 in [2, 3, 5, 1] { bytes.appendVarint(number) }
    Section.end(runs, in: &bytes)
    let state = Section.beginState(
      isSnapshot: true,
      compacted: 12,
      base: 10,
      end: 20,
      horizon: 20,
      in: &bytes
    )
    let entry = StoredEntry(key: "k", value: Array("v".utf8), version: 20, isDeleted: false)
    entry.write(after: 10, to: &bytes)
    Section.markComplete(state, in: &bytes)
    Section.end(state, in: &bytes)
    Section.end(head, in: &bytes)
    return bytes
  }
}
