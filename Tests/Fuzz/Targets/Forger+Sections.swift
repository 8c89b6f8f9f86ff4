import GrapevineCore

extension Forger {
  mutating func appendSections(to bytes: inout [UInt8]) {
    for _ in 0...choices.below(3) { appendSection(about: nil, to: &bytes) }
  }

  /// Appends a section about `key`, or about someone whom the input names.
  mutating func appendSection(about key: MemberKey?, to bytes: inout [UInt8]) {
    let fields = choices.byte()
    let identity = fields & 0x41 == 0 && key != nil ? nil : identity()
    let head = Section.begin(key ?? identity?.key ?? .lowest, in: &bytes)
    if fields & 1 != 0, let identity {
      let field = Section.begin(tag: Section.Tag.identity, in: &bytes)
      identity.write(to: &bytes)
      Section.end(field, in: &bytes)
    }
    if fields & 2 != 0 { Section.write(claim(), to: &bytes) }
    if fields & 8 != 0 { appendRetained(to: &bytes) }
    if fields & 4 != 0 { appendState(to: &bytes) }
    if fields & 16 != 0, fields & 32 != 0 {
      let field = Section.begin(tag: choices.byte(), in: &bytes)
      bytes += choices.take(choices.below(12))
      Section.end(field, in: &bytes)
    }
    Section.end(head, in: &bytes)
  }

  mutating func claim() -> Section.Claim {
    let choice = choices.byte()
    let incarnation = choice & 0x80 == 0 ? UInt64(choice >> 4 & 3) : choices.number()
    let verdict = Verdict(rawValue: choice & 3) ?? .alive
    var standing = Standing(incarnation: incarnation, verdict: verdict)
    for _ in 0..<(choice >> 2 & 3) { standing.accuse(key()) }
    let age = choice & 0x40 == 0 ? 0 : choices.number()
    return Section.Claim(standing: standing, age: age, endpoint: endpoint())
  }

  private mutating func appendRetained(to bytes: inout [UInt8]) {
    let field = Section.begin(tag: Section.Tag.retained, in: &bytes)
    for _ in 0..<choices.below(4) {
      bytes.appendVarint(choices.number())
      bytes.appendVarint(choices.number())
    }
    Section.end(field, in: &bytes)
  }

  private mutating func appendState(to bytes: inout [UInt8]) {
    let choice = choices.byte()
    let isSnapshot = choice & 1 != 0
    let compacted = choices.number()
    let base = choices.number()
    let end = clampingSum(base, choices.number())
    let horizon = isSnapshot || choice & 2 == 0 ? end : clampingSum(end, choices.number())
    let field = Section.beginState(
      isSnapshot: isSnapshot,
      isContinued: isSnapshot && choice & 2 != 0,
      compacted: compacted,
      base: base,
      end: end,
      horizon: horizon,
      in: &bytes
    )
    if choice & 4 == 0 { Section.markComplete(field, in: &bytes) }
    for _ in 0..<Int(choice >> 3 & 7) { appendEntry(to: &bytes) }
    Section.end(field, in: &bytes)
  }

  private func clampingSum(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let (sum, overflow) = first.addingReportingOverflow(second)
    return overflow ? .max : sum
  }

  /// Appends an entry, mostly one version after the last.
  private mutating func appendEntry(to bytes: inout [UInt8]) {
    let choice = choices.byte()
    bytes.appendVarint(choice & 0x80 == 0 ? 1 + UInt64(choice >> 6 & 1) : choices.number())
    let isDeleted = choice & 0x20 != 0
    bytes.append(isDeleted ? EntryHeader.deletedFlag : 0)
    let key =
      switch choice & 7 {
      case 0..<6: Array(Self.keys[Int(choice & 7)].utf8)
      case 6: Array(choices.take(1 + choices.below(20)))
      default: Array(ReservedKeys.leaving.utf8)
      }
    bytes.appendVarint(UInt64(key.count))
    bytes += key
    let size = isDeleted ? 0 : choice & 0x10 == 0 ? Int(choice >> 3 & 1) : choices.below(96)
    bytes.appendVarint(UInt64(size))
    bytes += [UInt8](repeating: choice, count: size)
  }

  /// The keys that members give values to.
  static let keys = ["k", "l", "m", "n", "\u{FC}", "o"]
}
