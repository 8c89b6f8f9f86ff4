/// A system whose figures stand beside ours.
enum System: String, CaseIterable, Sendable {
  case kite
  case memberlist
  case scuttlebutt
  case chitchat
  case ckit
  case swimSwift = "SWIM Swift"
}

/// What another system measures on the same work, as a point of reference.
///
/// All of them ran unchanged, all nodes in one process over loopback sockets, at their newest
/// public versions, with their default settings unless `settings` says otherwise.
struct Anchor: Sendable {
  let system: System
  /// The gossip interval, and what else was set.
  let settings: String
  var nodes = 64
  var loss = 0.0
  /// One update until all nodes have it, in milliseconds; the lower end where runs differ.
  var propagation: (p50: Double, p99: Double)?
  /// From an abrupt stop until all others call the node down, in seconds, over the runs.
  var detection: ClosedRange<Double>?
  /// What a node sends at rest, with 28 bytes of headers a packet.
  var bytesPerSecond: Double?
  /// The resident memory of a node, in KiB.
  var memory: Double?

  /// What is said of all of them.
  static let source = "measured elsewhere on the same work, 2026-11"
}

extension Anchor {
  static let all = ofPropagation + ofRest + ofDetection

  private static let ofPropagation = [
    spread(.kite, "100 ms", nodes: 16, 268, 402),
    spread(.kite, "100 ms", 1_071, 1_714),
    spread(.kite, "100 ms", nodes: 151, 3_137, 4_014),
    spread(.kite, "100 ms", loss: 0.1, 1_413, 1_986),
    spread(.kite, "100 ms", loss: 0.25, 2_199, 3_227),
    spread(.memberlist, "100 ms", nodes: 16, 246, 300),
    spread(.memberlist, "100 ms", 312, 411),
    spread(.memberlist, "100 ms", nodes: 151, 340, 474),
    spread(.memberlist, "100 ms", loss: 0.1, 346, 452),
    spread(.memberlist, "100 ms", loss: 0.25, 362, 39_745),
    spread(.scuttlebutt, "100 ms, no detector", nodes: 16, 337, 483),
    spread(.scuttlebutt, "100 ms, no detector", 1_443, 1_872),
    spread(.scuttlebutt, "100 ms, no detector", nodes: 151, 3_932, 5_766),
    spread(.scuttlebutt, "100 ms, no detector", loss: 0.1, 1_842, 2_638),
    spread(.scuttlebutt, "100 ms, no detector", loss: 0.25, 2_976, 3_646),
    spread(.chitchat, "100 ms", 139, 208),
    spread(.chitchat, "100 ms", loss: 0.1, 180, 265),
    spread(.chitchat, "100 ms", loss: 0.25, 297, 463),
    spread(.ckit, "200 ms", 668, 51_562),
  ]

  private static let ofRest = [
    rest(.kite, "100 ms", 29_583, memory: 365),
    rest(.kite, "100 ms", nodes: 151, 29_589, memory: 298),
    rest(.memberlist, "200 ms, probe 1 s", 195, memory: 355),
    rest(.memberlist, "200 ms, probe 1 s", nodes: 151, 201, memory: 294),
    rest(.memberlist, "200 ms, probe 1 s", nodes: 256, 167, memory: nil),
    rest(.scuttlebutt, "500 ms, no detector", 2_132, memory: 676),
    rest(.chitchat, "1 s", 18_800, memory: 662),
    rest(.chitchat, "1 s", nodes: 151, 44_200, memory: 1_459),
    rest(.ckit, "200 ms", 972, memory: 3_131),
    rest(.swimSwift, "1 s", 502, memory: 180),
    rest(.swimSwift, "1 s", nodes: 151, 503, memory: 212),
  ]

  private static let ofDetection = [
    Anchor(system: .kite, settings: "100 ms", detection: 79...82),
    Anchor(system: .memberlist, settings: "200 ms, probe 1 s", detection: 9.2...12.4),
    Anchor(system: .scuttlebutt, settings: "500 ms, a third of them", detection: 48...71),
    Anchor(system: .chitchat, settings: "1 s", detection: 8...11),
    Anchor(system: .chitchat, settings: "100 ms", detection: 0.99...1.25),
    Anchor(system: .ckit, settings: "200 ms", detection: 45...56),
    Anchor(system: .swimSwift, settings: "1 s", detection: 14...25),
  ]

  private static func spread(
    _ system: System,
    _ settings: String,
    nodes: Int = 64,
    loss: Double = 0,
    _ p50: Double,
    _ p99: Double
  ) -> Anchor {
    Anchor(
      system: system,
      settings: settings,
      nodes: nodes,
      loss: loss,
      propagation: (p50, p99)
    )
  }

  private static func rest(
    _ system: System,
    _ settings: String,
    nodes: Int = 64,
    _ bytesPerSecond: Double,
    memory: Double?
  ) -> Anchor {
    Anchor(
      system: system,
      settings: settings,
      nodes: nodes,
      bytesPerSecond: bytesPerSecond,
      memory: memory
    )
  }
}
