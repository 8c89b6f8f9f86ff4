import GrapevineCore

/// Tells what happens in a run, one aligned line per event.
///
/// A line has the virtual time in seconds, the node, the kind of event, and what it was. Of a
/// datagram there is one line, when its fate is known. `docs/testing.md` explains how to read it.
package struct Trace: Sendable {
  private let write: @Sendable (String) -> Void

  /// Creates a trace whose lines, without their ends, go to `write`.
  package init(write: @escaping @Sendable (String) -> Void) {
    self.write = write
  }
}

extension Trace {
  /// What became of a datagram.
  enum Fate: String {
    case delivered
    case lost
    case cut
    /// Larger than the path takes.
    case tooLarge = "too large"
    /// The queue of a slow line was full.
    case lineFull = "line full"
    /// The buffer of a sleeping process was full.
    case bufferFull = "buffer full"
    case nobodyThere = "nobody there"
  }

  func packet(
    at time: Instant,
    from source: String,
    to target: String,
    _ bytes: [UInt8],
    _ fate: Fate
  ) {
    let cells = [Self.kind(of: bytes), "→ \(target)", size(bytes.count), fate.rawValue]
    line(time, source, "packet", cells)
  }

  /// What happens to a stream, seen from the node that does it.
  func stream(at time: Instant, _ node: Int, to target: String, size: Int?, _ what: String) {
    line(time, Self.name(node), "stream", [what, "→ \(target)", size.map { self.size($0) } ?? ""])
  }

  /// What happens to a process.
  func process(at time: Instant, _ node: Int, _ what: String) {
    line(time, Self.name(node), "process", [what])
  }

  /// What begins or ends to be wrong with the network.
  func fault(at time: Instant, _ node: Int?, _ what: String) {
    line(time, node.map(Self.name) ?? "", "fault", [what])
  }

  func event(_ observed: ObservedEvent) {
    let (kind, text) = Self.describe(observed.event)
    line(observed.time, Self.name(observed.node), kind, [text])
  }

  /// What the scenario turns to.
  func scenario(at time: Instant, _ what: String) {
    line(time, "", "scenario", [what])
  }

  static func name(_ node: Int) -> String { "n\(node)" }

  private func line(_ time: Instant, _ node: String, _ kind: String, _ cells: [String]) {
    let micros = time.nanoseconds / 1_000
    let fraction = String(micros % 1_000_000)
    let clock =
      "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    var text = String(repeating: " ", count: max(0, 11 - clock.count)) + clock
    text += "  " + Self.padded(node, 4) + "  " + Self.padded(kind, 8)
    let widths = cells.count > 1 ? [12, 8, 8, 0] : [0]
    for (cell, width) in zip(cells, widths) { text += "  " + Self.padded(cell, width) }
    while text.hasSuffix(" ") { text.removeLast() }
    write(text)
  }

  private func size(_ count: Int) -> String {
    let text = "\(count) B"
    return String(repeating: " ", count: max(0, 8 - text.count)) + text
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func kind(of bytes: [UInt8]) -> String {
    guard bytes.count > 3, let kind = PacketKind(rawValue: bytes[3]) else { return "unknown" }
    return "\(kind)"
  }

  private static func describe(_ event: EngineEvent) -> (kind: String, text: String) {
    switch event {
    case .member(let event): ("member", "\(event)")
    case .joinFinished(let ticket, .joined(let id)): ("join", "\(ticket.rawValue): joined \(id)")
    case .joinFinished(let ticket, .isSelf): ("join", "\(ticket.rawValue): own address")
    case .joinFinished(let ticket, .failed(let reason)): ("join", "\(ticket.rawValue): \(reason)")
    case .leaveFinished(let asked, let acknowledged):
      ("leave", "\(acknowledged.count) of \(asked.count) acknowledged it")
    case .spreadFinished(let ticket, let missing):
      ("spread", "\(ticket.rawValue): " + (missing.isEmpty ? "all hold it" : "missing \(missing)"))
    case .reachFinished(let ticket, let found): ("reach", "\(ticket.rawValue): \(found)")
    case .answersByStreamOnly(let id): ("verdict", "\(id) answers by stream only")
    case .wasPaused(let duration): ("process", "notices that it did not run for \(duration)")
    case .superseded(let id, let endpoint): ("name", "gives its name up to \(id) at \(endpoint)")
    case .generationRaised(let id): ("name", "goes by \(id) from now on")
    case .lockGranted(let id, let epoch): ("lock", "holds \(id.rawValue) with epoch \(epoch)")
    case .lockLost(let id): ("lock", "lost \(id.rawValue)")
    case .peerChanged(let id): ("peer", "\(id) owns keys, or moved")
    case .stateRefused(let id, let limit): ("limit", "refuses state of \(id): \(limit)")
    }
  }
}

// Faults in words.
extension Trace {
  static func words(_ rule: LinkRule?) -> String {
    guard let rule else { return "as everywhere" }
    var words: [String] = []
    if let latency = rule.latency { words.append("latency \(latency)") }
    if let loss = rule.loss { words.append("loss \(loss)") }
    if let limit = rule.datagramSizeLimit { words.append("datagrams up to \(limit) B") }
    if let rate = rule.bandwidth { words.append("\(rate) B/s") }
    return words.isEmpty ? "as everywhere" : words.joined(separator: ", ")
  }

  static func words(_ conditions: NetworkConditions) -> String {
    var words = ["latency \(conditions.latency)", "loss \(conditions.loss)"]
    if conditions.duplication != .never { words.append("doubles \(conditions.duplication)") }
    if conditions.reordering != .never {
      words.append("holds up \(conditions.reordering) by up to \(conditions.reorderingDelay)")
    }
    if conditions.datagramSizeLimit < 65_507 {
      words.append("datagrams up to \(conditions.datagramSizeLimit) B")
    }
    if let rate = conditions.nodeBandwidth { words.append("\(rate) B/s a node") }
    if let rate = conditions.linkBandwidth { words.append("\(rate) B/s a link") }
    return words.joined(separator: ", ")
  }
}
