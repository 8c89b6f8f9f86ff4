import GrapevineCore

/// Reads a packet whole and writes anew what was read.
///
/// Fields of an unknown tag are lost, as no version sends them yet.
func rewritten(_ packet: [UInt8], label: UInt32) throws(MalformedDatagram) -> [UInt8] {
  let bytes = packet.span
  let header = try PacketHeader.read(bytes, label: label)
  var output: [UInt8] = []
  output.reserveCapacity(packet.count)
  header.write(to: &output)
  var reader = WireReader(PacketHeader.size..<packet.count)
  switch header.kind {
  case .heartbeat: try Heartbeat.read(bytes, &reader).write(to: &output)
  case .digest:
    try DigestRange.validate(bytes, reader)
    while !reader.isAtEnd { try rewriteRange(bytes, &reader, to: &output) }
  case .delta:
    try Delta.validate(bytes, reader)
    output.append(try reader.byte(bytes))
    while !reader.isAtEnd { try rewriteSection(packet, &reader, to: &output) }
  case .push:
    try PushHead.read(bytes, &reader).write(to: &output)
    try PushHead.validate(bytes, reader)
    while !reader.isAtEnd { try rewriteSection(packet, &reader, to: &output) }
  case .ping, .ack:
    let start = reader
    let ping = try Ping.read(bytes, &reader)
    ping.writeHead(to: &output)
    guard ping.section != nil else { break }
    var section = WireReader(start.offset + Ping.headSize..<start.end)
    try rewriteSection(packet, &section, to: &output)
  case .pingRequest: try PingRequest.read(bytes, &reader).write(to: &output)
  case .request:
    let (sequence, request) = try Inquiry.readRequest(bytes, &reader)
    switch request {
    case .version: Inquiry.writeRequest(sequence: sequence, to: &output)
    case .lock(let lock): Inquiry.write(lock, sequence, to: &output)
    }
  case .reply:
    let (sequence, reply) = try Inquiry.readReply(bytes, &reader)
    switch reply {
    case .version(let version):
      Inquiry.writeReply(sequence: sequence, version: version, to: &output)
    case .lock(let lock): Inquiry.write(lock, sequence, to: &output)
    }
  }
  return output
}

private func rewriteRange(
  _ bytes: Span<UInt8>,
  _ reader: inout WireReader,
  to output: inout [UInt8]
) throws(MalformedDatagram) {
  let range = try DigestRange.read(bytes, &reader)
  range.write(to: &output)
  switch range.body {
  case .fingerprint: break
  case .entries(let count), .wanted(let count):
    for _ in 0..<count { try DigestEntry.read(bytes, &reader).write(to: &output) }
  }
}

private func rewriteSection(
  _ packet: [UInt8],
  _ reader: inout WireReader,
  to output: inout [UInt8]
) throws(MalformedDatagram) {
  let section = try Section.read(packet.span, &reader)
  let mark = Section.begin(section.key, in: &output)
  if let identity = section.identity {
    let name = String(decoding: packet[identity.name], as: UTF8.self)
    let id = MemberID(name: name, generation: identity.generation)
    Section.write(identity: id, to: &output)
  }
  if let claim = section.standing { Section.write(claim, to: &output) }
  if let state = section.state { try rewriteState(state, packet, to: &output) }
  Section.end(mark, in: &output)
}

private func rewriteState(
  _ state: Section.State,
  _ packet: [UInt8],
  to output: inout [UInt8]
) throws(MalformedDatagram) {
  let mark = Section.beginState(
    isSnapshot: state.isSnapshot,
    isContinued: state.isContinued,
    compacted: state.compacted,
    base: state.base,
    end: state.end,
    horizon: state.horizon,
    in: &output
  )
  if state.isComplete { Section.markComplete(mark, in: &output) }
  var reader = WireReader(state.entries)
  var last = state.base
  while !reader.isAtEnd {
    let header = try EntryHeader.read(packet.span, &reader, after: last)
    let entry = StoredEntry(
      key: String(decoding: packet[header.key], as: UTF8.self),
      value: Array(packet[header.value]),
      version: header.version,
      isDeleted: header.isDeleted
    )
    entry.write(after: last, to: &output)
    last = header.version
  }
  Section.end(mark, in: &output)
}
