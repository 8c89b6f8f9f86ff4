import GrapevineCore
package import GrapevineTransport

/// Opens what comes, on the loop's thread: it knows the sessions of others.
package struct PacketOpener {
  package init() {}

  var sessions = PeerSessions()
  /// The opened packets of a batch, end to end.
  private(set) var plain: [UInt8] = []
  package private(set) var packets: [Packet] = []
  /// Room for what a tag is over besides the packet.
  private var spare: [UInt8] = []

  /// A packet of a batch that is taken: from the inbox as it is, or opened.
  package struct Packet {
    let index: Int
    let opened: Range<Int>?
  }
}

extension PacketOpener {
  /// Opens all packets of the inbox that may be taken; no lock of the engine's is held meanwhile.
  package mutating func open(_ inbox: DatagramInbox, _ sealing: NodeSealing) {
    plain.removeAll(keepingCapacity: plain.capacity <= 1 << 18)
    packets.removeAll(keepingCapacity: true)
    let keys = sealing.sealer.keys
    let takesPlain = sealing.mode != .require
    var counts = SealingMetrics()
    for index in 0..<inbox.count where !inbox.isTruncated(at: index) {
      inbox.withDatagram(at: index) { bytes in
        guard bytes.count > 0, bytes[0] == SealHead.magic else {
          guard takesPlain else {
            counts.refusedPackets[.plain] += 1
            return
          }
          counts.packetsTakenPlain += 1
          packets.append(Packet(index: index, opened: nil))
          return
        }
        do throws(SealFault) {
          packets.append(Packet(index: index, opened: try open(bytes, keys, sealing)))
          counts.packetsOpened += 1
        } catch {
          counts.refusedPackets[error] += 1
        }
      }
    }
    sealing.metrics.withLock { metrics in
      metrics.packetsOpened += counts.packetsOpened
      metrics.packetsTakenPlain += counts.packetsTakenPlain
      metrics.sessions = sessions.count
    }
    guard counts.refusedPackets.total > 0 else { return }
    for fault in SealFault.allCases where counts.refusedPackets[fault] > 0 {
      sealing.noteRefused(.packet, fault, count: counts.refusedPackets[fault])
    }
  }

  /// Opens one packet; nothing is remembered of it unless its tag is right.
  private mutating func open(
    _ bytes: Span<UInt8>,
    _ keys: SealingKeys,
    _ sealing: NodeSealing
  ) throws(SealFault) -> Range<Int> {
    let head = try SealHead.read(bytes, .packet)
    guard bytes.count >= Seal.packetOverhead + PacketHeader.size else { throw .malformed }
    guard keys.all.contains(head.key) else { throw .unknownKey }
    // One that came back tells nothing.
    guard !sealing.isOwn(head) else { throw .replayed }
    let name = PeerSessions.Name(head)
    let known = sessions.find(name)
    guard known?.packets.isFresh(head.number) != false else { throw .replayed }
    let kept = known?.cipher(head.key)
    let cipher = if let kept { kept } else { try makeCipher(head, sealing) }
    var associated: [UInt8] = []
    swap(&associated, &spare)
    defer { swap(&associated, &spare) }
    associated.removeAll(keepingCapacity: true)
    head.write(to: &associated)
    associated += sealing.label
    let start = plain.count
    let isOpened = cipher.open(
      bytes.extracting(SealHead.size...),
      number: head.number,
      authenticating: associated.span,
      into: &plain
    )
    guard isOpened else { throw .badTag }
    let session = known ?? PeerSessions.Session()
    guard session.packets.isFresh(head.number) else { throw .malformed }
    session.packets.insert(head.number)
    if kept == nil { session.keep(cipher, head.key, keys) }
    sessions.note(session, name)
    guard PacketHeader.sender(of: plain.span.extracting(start...)) == head.sender else {
      plain.removeLast(plain.count - start)
      throw .senderMismatch
    }
    return start..<plain.count
  }

  private func makeCipher(
    _ head: SealHead,
    _ sealing: NodeSealing
  ) throws(SealFault) -> any PacketCipher {
    let context = Seal.context(.packets, label: sealing.label, [head])
    guard let cipher = sealing.sealer.makeCipher(for: head.key, context: context) else {
      throw .unknownKey
    }
    return cipher
  }

  /// Notes the opening of a stream, whose tag was right.
  mutating func noteStream(_ head: SealHead) throws(SealFault) {
    let name = PeerSessions.Name(head)
    let session = sessions.find(name) ?? PeerSessions.Session()
    guard session.streams.isFresh(head.number) else { throw .replayed }
    session.streams.insert(head.number)
    sessions.note(session, name)
  }

  /// Says whether a stream with this head has not come yet, as far as that is known.
  func isFresh(stream head: SealHead) -> Bool {
    sessions.find(PeerSessions.Name(head))?.streams.isFresh(head.number) != false
  }
}
