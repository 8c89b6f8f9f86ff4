import GrapevineCore

extension Forger {
  /// A message in a frame, or in several.
  mutating func frames() -> [UInt8] {
    let choice = choices.byte()
    let kind = FrameKind.allCases[Int(choice & 15) % FrameKind.allCases.count]
    var payload: [UInt8] = []
    appendMessage(of: kind, to: &payload)
    if choice & 0x40 != 0 { spoil(&payload) }
    var bytes: [UInt8] = []
    if choice & 0x80 != 0, payload.count > 1 {
      let half = choices.below(min(256, payload.count))
      append(kind, payload[..<half], isContinued: true, to: &bytes)
      append(kind, payload[half...], isContinued: false, to: &bytes)
    } else {
      append(kind, payload[...], isContinued: false, to: &bytes)
    }
    return bytes
  }

  private func append(
    _ kind: FrameKind,
    _ payload: ArraySlice<UInt8>,
    isContinued: Bool,
    to bytes: inout [UInt8]
  ) {
    bytes.append(kind.rawValue | (isContinued ? FrameKind.continuedFlag : 0))
    bytes.appendFixed(UInt64(payload.count), size: 3)
    bytes += payload
  }

  private mutating func appendMessage(of kind: FrameKind, to payload: inout [UInt8]) {
    switch kind {
    case .hello: appendHello(to: &payload)
    case .refusal:
      let choice = choices.byte()
      let code = RefusalCode.allCases[Int(choice & 7) % RefusalCode.allCases.count]
      payload.append(code.rawValue)
      switch code {
      case .busy, .wrongLabel, .closing: break
      case .versionMismatch: payload += choices.take(2)
      case .nameHeld: appendIntroduction(to: &payload)
      }
    case .digest:
      let choice = choices.byte()
      let lower = choice & 1 == 0 ? MemberKey.lowest : key()
      let upper = choice & 2 == 0 ? MemberKey.highest : key()
      let entries = digestEntries(count: Int(choice >> 3) % 8)
      DigestRange(
        lower: min(lower, upper),
        upper: max(lower, upper),
        body: .entries(count: entries.count)
      ).write(to: &payload)
      for entry in entries { entry.write(to: &payload) }
    case .delta: appendSections(to: &payload)
    case .done, .leaveAcknowledged:
      if choices.byte() == 255 { payload.append(0) }
    }
  }

  private mutating func appendHello(to payload: inout [UInt8]) {
    let choice = choices.byte()
    let purpose = StreamPurpose.allCases[Int(choice & 3) % StreamPurpose.allCases.count]
    var hello = Hello(
      label: choice & 0xC0 == 0xC0 ? 1 : Cast.label,
      purpose: purpose,
      instance: choice & 4 == 0 ? UInt64(choice) : instance
    )
    if choice & 0x38 == 0x38 {
      hello.lowestVersion = choices.byte()
      hello.highestVersion = choices.byte()
    }
    hello.write(to: &payload)
    appendIntroduction(to: &payload)
  }

  /// Who someone is, and how: what a greeting must have.
  private mutating func appendIntroduction(to payload: inout [UInt8]) {
    let identity = identity()
    let head = Section.begin(identity.key, in: &payload)
    let field = Section.begin(tag: Section.Tag.identity, in: &payload)
    identity.write(to: &payload)
    Section.end(field, in: &payload)
    Section.write(claim(), to: &payload)
    Section.end(head, in: &payload)
  }
}
