import GrapevineCore
import Testing

/// A property with the least and the greatest value that are allowed.
private struct Limit<Value: Comparable & Sendable>: Sendable, CustomTestStringConvertible {
  typealias Property = any WritableKeyPath<GossipConfiguration, Value> & Sendable

  let name: String
  let property: Property
  let allowed: ClosedRange<Value>

  init(_ name: String, _ property: Property, _ allowed: ClosedRange<Value>) {
    self.name = name
    self.property = property
    self.allowed = allowed
  }

  var testDescription: String { name }
}

private let numbers: [Limit<Int>] = [
  Limit("maximumPacketSize", \.maximumPacketSize, 512...65_507),
  Limit("burst", \.burst, 1...64),
  Limit("streamThreshold", \.streamThreshold, 1_024...1_073_741_824),
  Limit("streamQueueLimit", \.streamQueueLimit, 65_536...1_073_741_824),
  Limit("streamMemoryLimit", \.streamMemoryLimit, 1_048_576...1_099_511_627_776),
  Limit("inboundStreamLimit", \.inboundStreamLimit, 1...65_536),
  Limit("outboundStreamLimit", \.outboundStreamLimit, 1...65_536),
  Limit("packetQueueLimit", \.packetQueueLimit, 64...1_048_576),
  Limit("seedLimit", \.seedLimit, 1...1_048_576),
  Limit("joinLimit", \.joinLimit, 1...1_048_576),
  Limit("observerCount", \.observerCount, 1...8),
  Limit("pushFanout", \.pushFanout, 2...16),
  Limit("pushRedundancy", \.pushRedundancy, 1...4),
  Limit("pushHopLimit", \.pushHopLimit, 1...64),
  Limit("pushLimit", \.pushLimit, 1...1_000),
  Limit("membershipPushLimit", \.membershipPushLimit, 16...4_096),
  Limit("suspicionThreshold", \.suspicionThreshold, 1...64),
  Limit("arrivalWindow", \.arrivalWindow, 4...1_024),
  Limit("silenceLimit", \.silenceLimit, 3...1_000),
  Limit("relayCount", \.relayCount, 0...16),
  Limit("verificationLimit", \.verificationLimit, 1...1_024),
  Limit("relayLimit", \.relayLimit, 16...65_536),
  Limit("suspicionGrace", \.suspicionGrace, 1...100),
  Limit("loneAccuserGrace", \.loneAccuserGrace, 1...1_000),
  Limit("cautionSpan", \.cautionSpan, 0...10_000),
  Limit("healthLimit", \.healthLimit, 1...64),
  Limit("spreadLimit", \.spreadLimit, 1...1_048_576),
  Limit("lockMemoryLimit", \.lockMemoryLimit, 1...16_777_216),
  Limit("compactThreshold", \.compactThreshold, 1...1_073_741_824),
  Limit("graveLimit", \.graveLimit, 1...16_777_216),
  Limit("memberLimit", \.memberLimit, 2...16_777_216),
  Limit("entryLimit", \.entryLimit, 1...1_073_741_824),
  Limit("keySizeLimit", \.keySizeLimit, 1...65_535),
  Limit("valueSizeLimit", \.valueSizeLimit, 0...8_388_608),
  Limit("remoteStateLimit", \.remoteStateLimit, 0...70_368_744_177_664),
]

private let year = Duration.seconds(31_536_000)

private let durations: [Limit<Duration>] = [
  Limit("interval", \.interval, .milliseconds(10) ... .seconds(3_600)),
  Limit("pushPause", \.pushPause, .zero ... .seconds(1)),
  Limit("streamTimeout", \.streamTimeout, .milliseconds(100) ... .seconds(600)),
  Limit("nameCheckTimeout", \.nameCheckTimeout, .milliseconds(10) ... .seconds(600)),
  Limit("lockGrace", \.lockGrace, .milliseconds(1) ... .seconds(600)),
  Limit("tombstoneAge", \.tombstoneAge, .zero...year),
  Limit("memberExpiry", \.memberExpiry, .milliseconds(1)...year),
  Limit("graveLifetime", \.graveLifetime, .milliseconds(1)...year),
]

@Suite struct `A gossip configuration` {
  @Test func `of defaults is valid`() throws {
    try GossipConfiguration().validate()
  }

  @Test func `has the defaults of the design`() {
    let configuration = GossipConfiguration()
    #expect(configuration.interval == .milliseconds(500))
    #expect(configuration.label == nil)
    #expect(configuration.maximumPacketSize == 1_400)
    #expect(configuration.burst == 8)
    #expect(configuration.streamThreshold == 32 * 1_024)
    #expect(configuration.streamTimeout == .seconds(10))
    #expect(configuration.streamQueueLimit == 256 * 1_024)
    #expect(configuration.streamMemoryLimit == 8 * 1_024 * 1_024)
    #expect(configuration.lockGrace == .seconds(2) && configuration.lockMemoryLimit == 65_536)
    #expect(configuration.inboundStreamLimit == 64)
    #expect(configuration.outboundStreamLimit == 8)
    #expect(configuration.joinLimit == 1_024)
    #expect(configuration.observerCount == 3)
    #expect(configuration.push == .tree)
    #expect(configuration.pushFanout == 8)
    #expect(configuration.pushRedundancy == 2)
    #expect(configuration.pushHopLimit == 16)
    #expect(configuration.pushLimit == 20)
    #expect(configuration.pushPause == .milliseconds(10))
    #expect(configuration.suspicionThreshold == 8)
    #expect(configuration.silenceLimit == 20)
    #expect(configuration.relayCount == 3)
    #expect(configuration.suspicionGrace == 2)
    #expect(configuration.loneAccuserGrace == 20)
    #expect(configuration.healthLimit == 8)
    #expect(configuration.compactThreshold == 500)
    #expect(configuration.tombstoneAge == .seconds(60))
    #expect(configuration.memberExpiry == .seconds(60))
    #expect(configuration.graveLifetime == .seconds(24 * 3_600))
    #expect(configuration.graveLimit == 4_096)
    #expect(configuration.memberLimit == 100_000)
    #expect(configuration.entryLimit == 1_000_000)
    #expect(configuration.keySizeLimit == 1_024)
    #expect(configuration.valueSizeLimit == 1_024 * 1_024)
  }

  @Test(arguments: numbers)
  private func `takes each number at its limits and refuses one past them`(limit: Limit<Int>) throws
  {
    var configuration = GossipConfiguration()
    for value in [limit.allowed.lowerBound, limit.allowed.upperBound] {
      configuration[keyPath: limit.property] = value
      try configuration.validate()
    }
    let rule = "\(limit.allowed.lowerBound) to \(limit.allowed.upperBound)"
    for value in [limit.allowed.lowerBound - 1, limit.allowed.upperBound + 1, .min, .max] {
      configuration[keyPath: limit.property] = value
      let error = refusal(of: configuration)
      #expect(
        error == InvalidConfiguration(name: "gossip.\(limit.name)", value: "\(value)", rule: rule)
      )
    }
  }

  @Test(arguments: durations)
  private func `takes each duration at its limits and refuses one past them`(limit: Limit<Duration>)
    throws
  {
    var configuration = GossipConfiguration()
    for value in [limit.allowed.lowerBound, limit.allowed.upperBound] {
      configuration[keyPath: limit.property] = value
      try configuration.validate()
    }
    let atto = Duration(secondsComponent: 0, attosecondsComponent: 1)
    let past = [
      limit.allowed.lowerBound - atto, limit.allowed.upperBound + atto, .seconds(-1),
      .seconds(Int64.max),
    ]
    for value in past {
      configuration[keyPath: limit.property] = value
      let error = try #require(refusal(of: configuration))
      #expect(error.name == "gossip.\(limit.name)")
      #expect(error.value == "\(value)")
    }
  }

  @Test func `measures a label in bytes, from 1 to 255`() throws {
    var configuration = GossipConfiguration()
    for label in ["x", String(repeating: "x", count: 255), String(repeating: "é", count: 127)] {
      configuration.label = label
      try configuration.validate()
    }
    for label in ["", String(repeating: "x", count: 256), String(repeating: "é", count: 128)] {
      configuration.label = label
      #expect(
        refusal(of: configuration)
          == InvalidConfiguration(
            name: "gossip.label",
            value: "“\(label)”",
            rule: "1 to 255 bytes of UTF-8"
          )
      )
    }
  }

  @Test func `is refused for the first value that breaks its rule`() {
    var configuration = GossipConfiguration()
    configuration.valueSizeLimit = -1
    configuration.burst = 0
    #expect(refusal(of: configuration)?.name == "gossip.burst")
  }

  private func refusal(of configuration: GossipConfiguration) -> InvalidConfiguration? {
    do throws(InvalidConfiguration) {
      try configuration.validate()
      return nil
    } catch {
      return error
    }
  }
}

@Suite struct `An invalid configuration` {
  @Test func `names the property, the value and the rule`() {
    var configuration = GossipConfiguration()
    configuration.burst = 65
    let error = #expect(throws: InvalidConfiguration.self) { try configuration.validate() }
    #expect(error?.description == "gossip.burst is 65: it must be 1 to 64")
  }
}
