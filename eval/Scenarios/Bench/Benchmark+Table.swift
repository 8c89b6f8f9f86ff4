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
  ]
}
