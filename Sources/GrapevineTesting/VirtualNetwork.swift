import GrapevineSimulation

/// What the network of a ``VirtualCluster`` is like.
public struct VirtualNetwork: Sendable, Hashable {
  /// The time that a packet travels one way, anything in the range: 0 to 10 s.
  public var latency: ClosedRange<Duration>
  /// The share of packets that are lost, from 0 to 1; on streams a loss costs time.
  public var loss: Double
  /// The share of datagrams that come twice, from 0 to 1.
  public var duplication: Double
  /// The share of datagrams that are held up by up to 20 ms, so that later ones overtake them, from
  /// 0 to 1.
  public var reordering: Double
  /// The largest datagram that passes, in bytes: 0 to 65,507; larger ones vanish.
  public var datagramSizeLimit: Int

  /// Creates a network without faults, and with half a millisecond to one and a half each way.
  public init(
    latency: ClosedRange<Duration> = .microseconds(500)...(.microseconds(1_500)),
    loss: Double = 0,
    duplication: Double = 0,
    reordering: Double = 0,
    datagramSizeLimit: Int = 65_507
  ) {
    self.latency = latency
    self.loss = loss
    self.duplication = duplication
    self.reordering = reordering
    self.datagramSizeLimit = datagramSizeLimit
  }

  func conditions() throws(VirtualClusterError) -> NetworkConditions {
    guard latency.lowerBound >= .zero, latency.upperBound <= .seconds(10) else {
      throw VirtualClusterError(.invalidValue, "a latency is 0 to 10 s, not \(latency)")
    }
    guard 0...65_507 ~= datagramSizeLimit else {
      throw VirtualClusterError(
        .invalidValue,
        "the largest datagram has 0 to 65507 bytes, not \(datagramSizeLimit)"
      )
    }
    var conditions = NetworkConditions()
    conditions.latency = .uniform(latency)
    conditions.loss = try ratio(loss, "loss")
    conditions.duplication = try ratio(duplication, "duplication")
    conditions.reordering = try ratio(reordering, "reordering")
    conditions.datagramSizeLimit = datagramSizeLimit
    return conditions
  }

  private func ratio(_ share: Double, _ name: String) throws(VirtualClusterError) -> Ratio {
    guard 0...1 ~= share else {
      throw VirtualClusterError(.invalidValue, "the share of \(name) is 0 to 1, not \(share)")
    }
    return Ratio(share)
  }
}
