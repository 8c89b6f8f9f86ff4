import GrapevineCore

/// The configurations that inputs choose from.
enum Setting: Int, CaseIterable {
  /// The defaults, but for limits on state that an input can reach.
  case usual
  /// Every limit as low as it may be.
  case tight
  /// No pushes, and deletions that are compacted at once.
  case withoutPush
  /// Room for what needs many packets or frames, but not many packets that wait.
  case wide

  var configuration: GossipConfiguration {
    var configuration = GossipConfiguration()
    configuration.remoteStateLimit = 65_536
    configuration.compactThreshold = 2
    configuration.tombstoneAge = .seconds(1)
    configuration.memberExpiry = .seconds(20)
    configuration.lockGrace = .milliseconds(50)
    switch self {
    case .usual: break
    case .tight: tighten(&configuration)
    case .withoutPush:
      configuration.push = .off
      configuration.compactThreshold = 1
      configuration.tombstoneAge = .zero
      configuration.maximumPacketSize = 512
      configuration.streamThreshold = 1_024
      configuration.observerCount = 1
      configuration.relayCount = 0
    case .wide:
      configuration.maximumPacketSize = 512
      configuration.packetQueueLimit = 64
      configuration.streamThreshold = 1_024
      configuration.valueSizeLimit = 131_072
      configuration.remoteStateLimit = 524_288
    }
    return configuration
  }

  private func tighten(_ configuration: inout GossipConfiguration) {
    configuration.maximumPacketSize = 512
    configuration.burst = 2
    configuration.packetQueueLimit = 64
    configuration.streamThreshold = 1_024
    configuration.streamQueueLimit = 65_536
    configuration.inboundStreamLimit = 2
    configuration.outboundStreamLimit = 1
    configuration.seedLimit = 2
    configuration.joinLimit = 2
    configuration.pushFanout = 2
    configuration.pushLimit = 2
    configuration.pushHopLimit = 4
    configuration.membershipPushLimit = 16
    configuration.arrivalWindow = 4
    configuration.silenceLimit = 3
    configuration.relayCount = 1
    configuration.verificationLimit = 1
    configuration.relayLimit = 16
    configuration.suspicionGrace = 1
    configuration.loneAccuserGrace = 2
    configuration.cautionSpan = 2
    configuration.healthLimit = 2
    configuration.spreadLimit = 1
    configuration.compactThreshold = 1
    configuration.tombstoneAge = .zero
    configuration.memberExpiry = .seconds(4)
    configuration.graveLifetime = .seconds(60)
    configuration.graveLimit = 2
    configuration.lockMemoryLimit = 1
    configuration.streamMemoryLimit = 1_048_576
    configuration.memberLimit = 6
    configuration.entryLimit = 8
    configuration.keySizeLimit = 3
    configuration.valueSizeLimit = 64
    configuration.remoteStateLimit = 1_024
  }
}
