internal import GrapevineCore

// What a node holds of the others.
extension Benchmark {
  static let ofTable = [
    // A member's version moves, and the fingerprint with it.
    Benchmark("table.update-10000", operationCount: 10_000, output: Output(1, "updates")) {
      var table = Sample.table(memberCount: 10_000)
      var version: Version = 0
      return { count in
        for index in 0..<count {
          version += 1
          // Not one after the other: a stride that shares no factor with the number of members.
          let slot = index % 10_000 * 7_919 % 10_000
          table.update(slot) { $0.state.move(to: version) }
        }
        keep(table.fingerprint)
      }
    },
    // The digest that begins an exchange: sums over sixteen parts.
    Benchmark("table.digest-100000", operationCount: 16, output: Output(1, "digests")) {
      let table = Sample.table(memberCount: 100_000)
      var bytes: [UInt8] = []
      return { count in
        for _ in 0..<count {
          bytes.removeAll(keepingCapacity: true)
          _ = table.appendAnswer(from: .lowest, through: .highest, to: &bytes, limit: 1_400)
        }
        keep(bytes.count)
      }
    },
    rings("live") { _ in false },
    rings("accused") { $0 % 100 > 0 },
  ]

  /// Who observes one of 10,000 members, and whom it observes.
  private static func rings(
    _ name: String,
    isAccused: @escaping @Sendable (_ index: Int) -> Bool
  ) -> Benchmark {
    Benchmark("table.rings.\(name)-10000", operationCount: 4, output: Output(1, "looks")) {
      var table = Sample.table(memberCount: 10_000)
      for index in 1..<10_000 where isAccused(index) {
        guard let slot = table.slot(of: Sample.key(index)) else { continue }
        table.update(slot) { $0.standing.accuse(Sample.key(0)) }
      }
      guard let own = table.slot(of: Sample.key(0)) else { throw EvaluationError("no member 0") }
      let ringCount = GossipConfiguration().observerCount
      return { [table] count in
        for _ in 0..<count {
          let rings = ObserverRings(table: table, ringCount: ringCount, own: own)
          keep(rings.lookAround().observed.count)
        }
      }
    }
  }
}
