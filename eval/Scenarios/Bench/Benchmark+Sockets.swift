internal import GrapevineCore

// Packets through the kernel.
extension Benchmark {
  /// A packet goes out and comes in, by a thread that does both, in batches of 64.
  static let ofSockets = [27, 1_400].map { size in
    Benchmark(
      "sockets.volley-\(size)",
      operationCount: 16_384,
      output: Output(1, "packets"),
      repeatability: .timedOnly
    ) {
      let volley = try SocketVolley(packetSize: size)
      return { count in
        try volley.play(packetCount: count)
        keep(count)
      }
    }
  }
}
