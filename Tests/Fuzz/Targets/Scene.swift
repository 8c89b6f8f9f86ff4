import GrapevineCore

/// Clusters that have lived for a while: made once, and copied for each input.
enum Scene {
  /// A cluster in each setting that has gone through what a cluster can.
  static let clusters: [Cluster] = Setting.allCases.flatMap { setting in
    [
      Cluster(2, setting),
      Cluster(4, setting),
      joined(3, setting),
      joined(4, setting),
      lived(setting),
    ]
  }

  private static func joined(_ count: Int, _ setting: Setting) -> Cluster {
    var cluster = Cluster(count, setting)
    for index in 1..<count {
      cluster.touch(index) { subject, now in
        _ = subject.input { $0.join(Cast.endpoints[0], now: now) }
      }
      cluster.settle()
      cluster.run(deadlines: 8)
    }
    for index in 0..<count { write(3, &cluster, index) }
    cluster.run(deadlines: 24)
    return cluster
  }

  /// One has left, one is down, one came back in a later life, and some keys are deleted.
  private static func lived(_ setting: Setting) -> Cluster {
    var cluster = joined(4, setting)
    for index in 0..<4 {
      cluster.touch(index) { subject, now in
        _ = subject.input { engine in
          try? engine.update([.delete(key: Forger.keys[1])], now: now)
        }
      }
    }
    cluster.run(deadlines: 40)
    cluster.restart(1, as: Cast.id(1, generation: Cast.generation + 2))
    cluster.touch(1) { subject, now in
      _ = subject.input { $0.join(Cast.endpoints[0], now: now) }
    }
    cluster.run(deadlines: 60)
    cluster.touch(2) { subject, now in subject.input { $0.leave(now: now) } }
    cluster.settle()
    cluster.run(deadlines: 120, mute: 3)
    return cluster
  }

  private static func write(_ count: Int, _ cluster: inout Cluster, _ index: Int) {
    for key in Forger.keys.prefix(count) {
      cluster.touch(index) { subject, now in
        _ = subject.input { engine in
          try? engine.update([.set(key, to: "of \(index)")], now: now)
        }
      }
    }
  }
}
