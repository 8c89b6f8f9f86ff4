import GrapevineCore

/// Clusters that have lived for a while: made once, and copied for each input.
enum Scene {
  /// Clusters in each setting, from new ones to those that have gone through what a cluster can.
  static let clusters: [Cluster] =
    [.usual, .tight, .withoutPush].flatMap { setting in
      [
        Cluster(2, setting),
        Cluster(4, setting),
        joined(3, setting),
        joined(4, setting),
        lived(setting),
      ]
    } + [crowded(), bulky()]

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
      change([.delete(key: Forger.keys[1])], &cluster, index)
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

  /// The first knows many members, of which it has heard and no more.
  private static func crowded() -> Cluster {
    var cluster = joined(2, .wide)
    cluster.isHonest = false
    for index in 0..<80 {
      let id = MemberID(name: "crowd \(index)", generation: 1)
      var bytes: [UInt8] = []
      PacketHeader(kind: .delta, label: Cast.label, sender: MemberKey(Cast.id(5))).write(to: &bytes)
      bytes.append(0)
      let head = Section.begin(MemberKey(id), in: &bytes)
      Section.write(identity: id, to: &bytes)
      let endpoint = Endpoint(ipv4: 0x0A01_0000 + UInt32(index), port: 7_000)
      Section.write(
        Section.Claim(standing: Standing(), age: 0, endpoint: endpoint),
        to: &bytes
      )
      Section.end(head, in: &bytes)
      cluster.touch(0) { $0.receive(bytes, from: Cast.endpoints[5], now: $1) }
    }
    return cluster
  }

  /// The first holds more than fits in packets, one value more than fits in a frame, and has
  /// compacted some of it.
  private static func bulky() -> Cluster {
    var cluster = joined(2, .wide)
    for round in 0..<8 {
      let changes = (0..<25).map { index in
        Change.set(key: "bulk \(25 * round + index)", value: [UInt8](repeating: 1, count: 40))
      }
      change(changes, &cluster, 0)
    }
    let large = [UInt8](repeating: 2, count: 70_000)
    change([.set(key: "large", value: large)], &cluster, 0)
    change([.delete(key: "bulk 0"), .delete(key: "bulk 1"), .delete(key: "k")], &cluster, 0)
    cluster.run(deadlines: 60)
    change([.set("late", to: "1"), .delete(key: "l")], &cluster, 0)
    cluster.restart(1, as: Cast.id(1, generation: Cast.generation + 1))
    return cluster
  }

  private static func change(_ changes: [Change], _ cluster: inout Cluster, _ index: Int) {
    cluster.touch(index) { subject, now in
      _ = subject.input { engine in try? engine.update(changes, now: now) }
    }
  }

  private static func write(_ count: Int, _ cluster: inout Cluster, _ index: Int) {
    for key in Forger.keys.prefix(count) {
      change([.set(key, to: "of \(index)")], &cluster, index)
    }
  }
}
