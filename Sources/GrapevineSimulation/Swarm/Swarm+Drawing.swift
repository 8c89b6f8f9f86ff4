import GrapevineCore

// What a seed draws before its run begins.
extension Swarm {
  static func drawOptions(_ seed: UInt64) -> Options {
    var random = Xoshiro256(seed: seed ^ 0x5377_6172_6D00_0000)
    var options = Options()
    options.nodeCount = 2 + random.index(random.chance(1, outOf: 6) ? 23 : 7)
    options.keyCount = 1 + random.below(random.chance(1, outOf: 2) ? 12 : 300)
    options.batchSize = 1 + random.below(random.chance(1, outOf: 2) ? 4 : 60)
    options.conditions = drawConditions(&random)
    options.configuration = drawConfiguration(&random)
    options.faultDuration = .seconds(Int64(3 + random.below(10)))
    options.writeChance = .percent(10 + random.below(90))
    // Each kind of fault is off in some runs: what one hides, another shows.
    func percent(_ most: UInt64) -> Ratio {
      random.chance(1, outOf: 2) ? .percent(1 + random.below(most)) : .never
    }
    options.spreadChance = percent(10)
    options.crashChance = percent(8)
    options.pauseChance = percent(10)
    // Some sleep for longer than it takes to be called down.
    options.resumeChance = .percent(1 + random.below(10))
    options.partitionChance = percent(10)
    options.linkChance = percent(10)
    options.leaveChance = percent(6)
    options.drift = random.chance(1, outOf: 2) ? random.below(50_000) : 0
    options.leavesDead = random.chance(1, outOf: 3)
    if random.chance(1, outOf: 3) { options.lastDeathCount = 1 + random.index(options.nodeCount) }
    switch random.below(10) {
    case 0, 1: makeHectic(&options, &random)
    case 2, 3, 4: makeCalm(&options, &random)
    default: break
    }
    return options
  }

  private static func makeHectic(_ options: inout Options, _ random: inout Xoshiro256) {
    options.profile = .hectic
    options.configuration.interval = .milliseconds(Int64(20 + random.below(100)))
    options.configuration.maximumPacketSize = 512
    options.configuration.streamThreshold = 1_000_000
    options.configuration.compactThreshold = 1 + random.index(3)
    options.configuration.tombstoneAge = .zero
    options.conditions.loss = .percent(random.below(20))
    options.conditions.duplication = .percent(30)
    options.conditions.reordering = .percent(50)
    options.conditions.reorderingDelay = .milliseconds(Int64(50 + random.below(500)))
    options.nodeCount = 2 + random.index(3)
    options.keyCount = 5 + random.below(40)
    options.batchSize = 1 + random.below(10)
    options.writeChance = .percent(90)
    options.crashChance = .percent(10)
  }

  /// What a usual cluster meets: a good network, the defaults of failure detection, and one fault
  /// at a time.
  private static func makeCalm(_ options: inout Options, _ random: inout Xoshiro256) {
    let usual = GossipConfiguration()
    options.profile = .calm
    let interval = 100 + Int64(random.below(400))
    options.configuration.interval = .milliseconds(interval)
    options.configuration.memberExpiry = .seconds(Int64(10 + random.below(50)))
    options.configuration.observerCount = usual.observerCount
    options.configuration.suspicionThreshold = usual.suspicionThreshold
    options.configuration.verificationLimit = usual.verificationLimit
    options.configuration.membershipPushLimit = usual.membershipPushLimit
    options.configuration.relayCount = usual.relayCount
    let latency = Duration.microseconds(Int64(100 + random.below(UInt64(interval) * 40)))
    options.conditions = NetworkConditions()
    options.conditions.latency =
      random.chance(1, outOf: 2) ? .fixed(latency) : .uniform(.microseconds(50)...(latency * 2))
    options.conditions.loss = .percent(random.below(4))
    options.conditions.duplication = .percent(random.below(3))
    options.conditions.reordering = .percent(random.below(3))
    options.faultDuration = .seconds(Int64(20 + random.below(30)))
    options.nodeCount = 3 + random.index(10)
    options.keyCount = 1 + random.below(20)
    options.batchSize = 1 + random.below(4)
    options.writeChance = .percent(random.below(30))
    options.episodeChance = .percent(2 + random.below(8))
    options.crashChance = .never
    options.pauseChance = .never
    options.resumeChance = .never
    options.partitionChance = .never
    options.linkChance = .never
    options.leaveChance = .never
    options.drift = random.below(5_000)
  }

  private static func drawConditions(_ random: inout Xoshiro256) -> NetworkConditions {
    var conditions = NetworkConditions()
    let mean = Duration.microseconds(Int64(100 + random.below(20_000)))
    switch random.below(3) {
    case 0: conditions.latency = .fixed(mean)
    case 1: conditions.latency = .uniform(.microseconds(50)...(mean * 2))
    default: conditions.latency = .exponential(floor: mean / 2, mean: mean)
    }
    if random.chance(2, outOf: 3) { conditions.loss = .percent(random.below(30)) }
    if random.chance(1, outOf: 2) { conditions.duplication = .percent(random.below(30)) }
    if random.chance(1, outOf: 2) { conditions.reordering = .percent(random.below(30)) }
    conditions.reorderingDelay = .milliseconds(Int64(1 + random.below(1_500)))
    if random.chance(1, outOf: 3) {
      conditions.datagramSizeLimit = 150 + random.index(1_000)
    }
    if random.chance(1, outOf: 4) { conditions.nodeBandwidth = 20_000 + random.below(2_000_000) }
    return conditions
  }

  private static func drawConfiguration(_ random: inout Xoshiro256) -> GossipConfiguration {
    var configuration = GossipConfiguration()
    configuration.interval = .milliseconds(Int64(100 + random.below(500)))
    configuration.maximumPacketSize = 512 + random.index(1_500)
    configuration.streamThreshold = 1_024 + random.index(40_000)
    configuration.streamTimeout = .milliseconds(Int64(1_000 + random.below(9_000)))
    configuration.compactThreshold = 1 + random.index(20)
    configuration.tombstoneAge = .milliseconds(Int64(random.below(4_000)))
    configuration.memberExpiry = .milliseconds(Int64(1_000 + random.below(8_000)))
    configuration.observerCount = 1 + random.index(4)
    if random.chance(1, outOf: 5) { configuration.push = .off }
    configuration.suspicionThreshold = 4 + random.index(9)
    configuration.membershipPushLimit = 16 + random.index(50)
    configuration.verificationLimit = 1 + random.index(10)
    configuration.relayCount = random.index(4)
    return configuration
  }
}
