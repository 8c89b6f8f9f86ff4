/// A rule that the kernel applies to packets on the way: those that meet all its conditions vanish.
///
/// It is a program of the classic packet filter, run where a host's cable enters the switch.
struct PacketFilter {
  /// What a packet must be like to vanish.
  enum Condition {
    case isDatagram
    case goesTo(host: Int)
    case comesFrom(host: Int)
    /// Its IPv4 packet is longer than so many bytes.
    case isLonger(than: Int)
    /// A draw with this chance, 0 to 1, hits it.
    case isDrawn(chance: Double)
  }

  let conditions: [Condition]

  init(_ conditions: Condition...) {
    self.conditions = conditions
  }
}

extension PacketFilter {
  /// The program as `tc` reads it: the number of instructions, and each one's four numbers.
  var bytecode: String {
    var steps = [Self.load(halfWordAt: 12), Step(.equal, 0x0800)]
    for condition in conditions { steps += Self.steps(of: condition) }
    // Where a comparison fails, the packet passes: by the last instruction.
    let count = steps.count + 2
    var texts: [String] = []
    for (index, step) in steps.enumerated() {
      let distance = count - 1 - (index + 1)
      switch step.kind {
      case .load: texts.append("\(step.code) 0 0 \(step.value)")
      case .equal: texts.append("\(0x15) 0 \(distance) \(step.value)")
      case .greater: texts.append("\(0x25) 0 \(distance) \(step.value)")
      case .notGreater: texts.append("\(0x25) \(distance) 0 \(step.value)")
      }
    }
    // The verdicts: drop, and leave it to the next rule.
    texts += ["6 0 0 2", "6 0 0 \(UInt32.max)"]
    return "\(count),\(texts.joined(separator: ","))"
  }

  private struct Step {
    enum Kind { case load, equal, greater, notGreater }
    let kind: Kind
    let code: Int
    let value: UInt32

    init(_ kind: Kind, _ value: UInt32, code: Int = 0) {
      self.kind = kind
      self.code = code
      self.value = value
    }
  }

  private static func load(halfWordAt offset: UInt32) -> Step { Step(.load, offset, code: 0x28) }
  private static func load(wordAt offset: UInt32) -> Step { Step(.load, offset, code: 0x20) }
  private static func load(byteAt offset: UInt32) -> Step { Step(.load, offset, code: 0x30) }

  /// Where the program reads a random number instead of the packet.
  private static let randomOffset: UInt32 = 0xFFFF_F038
  private static let ethernetHeader: UInt32 = 14
  private static let datagramProtocol: UInt32 = 17

  private static func steps(of condition: Condition) -> [Step] {
    switch condition {
    case .isDatagram:
      [load(byteAt: ethernetHeader + 9), Step(.equal, datagramProtocol)]
    case .comesFrom(let host):
      [load(wordAt: ethernetHeader + 12), Step(.equal, NetworkLab.number(ofHost: host))]
    case .goesTo(let host):
      [load(wordAt: ethernetHeader + 16), Step(.equal, NetworkLab.number(ofHost: host))]
    case .isLonger(let size):
      [load(halfWordAt: ethernetHeader + 2), Step(.greater, UInt32(size))]
    case .isDrawn(let chance):
      [load(wordAt: randomOffset), Step(.notGreater, UInt32(chance * Double(UInt32.max)))]
    }
  }
}
