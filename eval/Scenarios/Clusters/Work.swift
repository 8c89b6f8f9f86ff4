internal import GrapevineCore

/// By which means nodes spread what is new.
struct Work: Equatable {
  /// Pushes begun, of own news or others'.
  var pushes = 0.0
  var pushPackets = 0.0
  var pulls = 0.0
  /// Streams opened.
  var streams = 0.0

  static func + (first: Self, second: Self) -> Self {
    Work(
      pushes: first.pushes + second.pushes,
      pushPackets: first.pushPackets + second.pushPackets,
      pulls: first.pulls + second.pulls,
      streams: first.streams + second.streams
    )
  }

  static func - (first: Self, second: Self) -> Self {
    Work(
      pushes: first.pushes - second.pushes,
      pushPackets: first.pushPackets - second.pushPackets,
      pulls: first.pulls - second.pulls,
      streams: first.streams - second.streams
    )
  }
}

extension Cluster {
  /// What the nodes have done since they were started.
  func work(of nodes: [Int]) -> Work {
    nodes.reduce(Work()) { sum, node in
      let metrics = metrics(of: node)
      return sum
        + Work(
          pushes: Double(metrics.pushesOut),
          pushPackets: Double(metrics.pushPacketsOut),
          pulls: Double(metrics.pullsOut),
          streams: Double(metrics.streamsOut)
        )
    }
  }
}
