internal import GrapevineCore
internal import GrapevineSimulation

/// What a cluster of any size should take, reckoned from the configuration; docs/scale.md derives
/// it.
struct ScaleModel: Sendable {
  /// Seconds.
  let interval: Double
  /// Milliseconds that a packet travels, in the mean.
  let latency: Double
  let configuration = GossipConfiguration()

  struct Figures: Sendable {
    /// Hops of a push until it has reached all.
    let hops: Int
    /// Milliseconds until all hold an update.
    let update: Double
    /// Milliseconds until a crash is known, in the median.
    let crash: Double
    /// Sent by a node at rest in a second, headers included.
    let bytes: Double
    let packets: Double
    /// Bytes of memory for each member that a node knows.
    let memory: Double
  }

  init(_ options: Options) {
    interval = options.interval.seconds
    latency =
      (options.latency.lowerBound.milliseconds + options.latency.upperBound.milliseconds) / 2
  }

  func figures(of size: Int) -> Figures {
    let hops = hops(size)
    let idle = idle(size)
    return Figures(
      hops: hops,
      update: Double(hops) * latency,
      crash: crash(hops),
      bytes: idle.bytes,
      packets: idle.packets,
      memory: ScaleModel.member + ScaleModel.node / Double(size)
    )
  }

  /// A tree with so many branches at each member reaches that many times as many with each hop, and
  /// the fewer are left of an arc the more of them are its heads.
  private func hops(_ size: Int) -> Int {
    var hops = 0
    var arc = size - 1
    while arc > 0 {
      hops += 1
      // One of each part's members is its head, and the rest are one hop further.
      arc = (arc + configuration.pushFanout - 1) / configuration.pushFanout - 1
    }
    return hops
  }

  /// A heartbeat to each observer every interval, one to a member of chance every fourth, and a
  /// ping with its answer every sixteenth.
  private func idle(_ size: Int) -> (bytes: Double, packets: Double) {
    let observers = Double(min(configuration.observerCount, size - 1))
    let heartbeats = (observers + 0.25) / interval
    let pings = 2.0 / 16 / interval
    let heartbeat = Double(ScaleModel.heartbeatSize + Traffic.headerSize)
    let ping = Double(ScaleModel.pingSize + Traffic.headerSize)
    return (heartbeats * heartbeat + pings * ping, heartbeats + pings)
  }

  /// The silence that phi allows, less the half of an interval that has passed of it; the
  /// questions, and the time in which the accused may refute; accusation and verdict travel.
  private func crash(_ hops: Int) -> Double {
    var window = ArrivalWindow(
      limit: configuration.arrivalWindow,
      gapLimit: configuration.silenceLimit
    )
    let unit: UInt64 = 1_000_000
    let length = UInt64(interval * Double(unit))
    for _ in 0..<configuration.arrivalWindow { window.add(length, interval: length) }
    let silence = Double(window.gap(phi: configuration.suspicionThreshold, interval: length))
    let intervals = silence / Double(length) - 0.5 + 1 + Double(configuration.suspicionGrace)
    return intervals * interval * 1_000 + 2 * Double(hops) * latency
  }

  /// Bytes of a heartbeat, and of a ping without a standing.
  static let heartbeatSize = 26
  static let pingSize = 34
  /// Bytes of memory for a member that holds nothing: its record, its place in the order, its
  /// name's cell, and what arrays keep to grow.
  static let member = 172.0
  /// Bytes of memory for a node beside its members, in the simulator.
  static let node = 20_000.0
}
