import GrapevineCore

/// Makes packets and frames out of an input's choices: well-formed ones at first, so that inputs
/// reach behind the format's checks, and ones with a fault where the input says so.
struct Forger {
  var choices: Choices
  /// Sequence numbers that the engine has used, so that answers find their questions.
  var sequences: [SequenceNumber] = []
  /// The number by which the engine tells itself from a twin, if it was heard.
  var instance: UInt64 = 0

  // MARK: Who

  mutating func identity() -> Cast.Identity {
    let choice = choices.byte()
    let index = Int(choice >> 4)
    switch choice & 15 {
    case 0..<8: return Cast.Identity(Cast.id(index))
    case 8, 9:
      return Cast.Identity(Cast.id(index, generation: Cast.generation + UInt64(choices.below(4))))
    case 10: return Cast.Identity(Cast.id(index, generation: choices.number()))
    case 11:
      let name = choices.take(choices.below(9))
      return Cast.Identity(name: Array(name), generation: choices.number())
    case 12:
      let name = [UInt8](repeating: UInt8(ascii: "x") &+ choices.byte() & 3, count: 1 + 17 * index)
      return Cast.Identity(name: name, generation: UInt64(choices.below(3)))
    case 13: return Cast.impostor(of: MemberKey(Cast.id(index)), letter: UInt8(ascii: "a"))
    default:
      let next = Cast.id(index, generation: Cast.generation + 1 + UInt64(choices.below(4)))
      return Cast.impostor(of: MemberKey(next), letter: UInt8(ascii: "b"))
    }
  }

  mutating func key() -> MemberKey {
    let choice = choices.byte()
    switch choice {
    case 0..<192: return MemberKey(Cast.id(Int(choice & 7)))
    case 192..<240: return identity().key
    case 240..<244: return .lowest
    case 244..<248: return .highest
    default: return MemberKey(rawValue: choices.number() &* 0x0101_0101_0101_0101)
    }
  }

  mutating func endpoint() -> Endpoint { choices.element(of: Cast.endpoints) }

  mutating func sequence() -> SequenceNumber {
    let choice = choices.byte()
    guard choice < 224, !sequences.isEmpty else { return SequenceNumber(choice) }
    return sequences[sequences.count - 1 - Int(choice) % sequences.count]
  }

  // MARK: Packets

  /// A datagram with a header that the engine takes, and a body of some kind.
  mutating func datagram() -> [UInt8] {
    let choice = choices.byte()
    let kind = PacketKind.allCases[Int(choice & 15) % PacketKind.allCases.count]
    let sender = key()
    var bytes: [UInt8] = []
    PacketHeader(kind: kind, label: Cast.label, sender: sender).write(to: &bytes)
    appendBody(of: kind, sender: sender, to: &bytes)
    if choice & 0x80 != 0 { spoil(&bytes) }
    return bytes
  }

  /// The input's own bytes behind a header that is right unless the input says otherwise.
  mutating func rawDatagram() -> [UInt8] {
    let choice = choices.byte()
    var bytes: [UInt8] = []
    if choice & 0x80 == 0 {
      let kind = PacketKind.allCases[Int(choice & 15) % PacketKind.allCases.count]
      PacketHeader(kind: kind, label: Cast.label, sender: key()).write(to: &bytes)
    }
    bytes += choices.take(choices.below(256))
    return bytes
  }

  private mutating func appendBody(
    of kind: PacketKind,
    sender: MemberKey,
    to bytes: inout [UInt8]
  ) {
    switch kind {
    case .heartbeat:
      let choice = choices.byte()
      Heartbeat(
        fingerprint: choices.number(),
        memberCount: Int(choice >> 1),
        isScheduled: choice & 1 == 0
      ).write(to: &bytes)
    case .digest: appendDigest(to: &bytes)
    case .delta:
      bytes.append(choices.byte() & Delta.Flags.known.rawValue)
      appendSections(to: &bytes)
    case .push:
      let hops = choices.byte()
      let arc = Arc(lower: key(), upper: key())
      PushHead(hops: hops & 0x3F &+ 1, arc: arc).write(to: &bytes)
      appendSections(to: &bytes)
    case .ping, .ack:
      let target = key()
      Ping(sequence: sequence(), target: target).writeHead(to: &bytes)
      if choices.flag() { appendSection(about: target, to: &bytes) }
    case .pingRequest: PingRequest(sequence: sequence(), target: key()).write(to: &bytes)
    case .request:
      let sequence = sequence()
      guard sequence & 1 != 0 else { return Inquiry.writeRequest(sequence: sequence, to: &bytes) }
      Inquiry.write(lockRequest(), sequence, to: &bytes)
    case .reply:
      let sequence = sequence()
      guard sequence & 1 != 0 else {
        return Inquiry.writeReply(sequence: sequence, version: choices.number(), to: &bytes)
      }
      let request = lockRequest()
      let answer = LockAnswer.allCases[choices.below(LockAnswer.allCases.count)]
      Inquiry.write(
        LockReply(id: request.id, epoch: request.epoch, answer: answer),
        sequence,
        to: &bytes
      )
    }
  }

  private mutating func lockRequest() -> LockRequest {
    let choice = choices.byte()
    return LockRequest(
      id: LockID(rawValue: UInt64(choice & 3)),
      epoch: choices.number(),
      isHeld: choice & 4 != 0
    )
  }

  private mutating func appendDigest(to bytes: inout [UInt8]) {
    for _ in 0...choices.below(3) {
      let choice = choices.byte()
      let isWhole = choice & 4 == 0
      let lower = isWhole ? MemberKey.lowest : key()
      let upper = isWhole ? MemberKey.highest : key()
      let entries = digestEntries(count: Int(choice >> 3) % 6)
      let body: DigestRange.Body =
        switch choice & 3 {
        case 0, 1: .entries(count: entries.count)
        case 2: .wanted(count: entries.count)
        default: .fingerprint(choices.number(), memberCount: choices.below(8))
        }
      DigestRange(lower: min(lower, upper), upper: max(lower, upper), body: body).write(to: &bytes)
      if choice & 3 != 3 { for entry in entries { entry.write(to: &bytes) } }
    }
  }

  mutating func digestEntries(count: Int) -> [DigestEntry] {
    var entries: [DigestEntry] = []
    for _ in 0..<count {
      let entry = DigestEntry(
        key: key(),
        progress: Progress(version: choices.number(), compacted: choices.number()),
        standingHash: UInt32(truncatingIfNeeded: choices.number())
      )
      let index = entries.firstIndex { $0.key >= entry.key } ?? entries.count
      if index == entries.count || entries[index].key != entry.key {
        entries.insert(entry, at: index)
      }
    }
    return entries
  }

  /// Cuts, doubles or overwrites a part.
  mutating func spoil(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return }
    let place = (Int(choices.byte()) << 8 | Int(choices.byte())) % bytes.count
    switch choices.below(5) {
    case 0: bytes.removeLast(bytes.count - place)
    case 1: bytes[place] = choices.byte()
    case 2: bytes[place] ^= 1 << (choices.byte() & 7)
    case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 16)], at: place)
    default: bytes.insert(contentsOf: choices.take(choices.below(16)), at: place)
    }
  }
}
