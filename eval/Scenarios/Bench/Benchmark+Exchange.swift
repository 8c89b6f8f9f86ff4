internal import GrapevineCore

// Engines among themselves.
extension Benchmark {
  static let ofExchange = [
    // Half a second of two that agree.
    Benchmark("engine.exchange.idle", operationCount: 1_024, output: Output(1, "intervals")) {
      var pair = try EnginePair.steady()
      return { count in
        pair.run(for: pair.interval * count)
        keep(pair.packetCount)
      }
    },
    // One changes a key; heartbeats, digests and deltas go to and fro until the other has it.
    Benchmark("engine.exchange.differ", operationCount: 256, output: Output(1, "exchanges")) {
      var pair = try EnginePair.steady()
      let changes = (0..<128).map { [Change.set("key-\($0 % 64)", to: "value-\($0)")] }
      return { count in
        for index in 0..<count {
          try pair.change(changes[index % 128])
          try pair.settle()
        }
        keep(pair.packetCount)
      }
    },
    // Half a second of one member of a cluster of 64 at rest.
    Benchmark("engine.idle-64", operationCount: 64 * 32, output: Output(1, "intervals")) {
      var group = try EngineGroup(memberCount: 64)
      var packetCount = 0
      return { count in
        group.run(for: group.interval * count / 64) { _, _, _ in packetCount += 1 }
        keep(packetCount)
      }
    },
  ]
}
