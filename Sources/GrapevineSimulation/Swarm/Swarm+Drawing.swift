import GrapevineCore

// What a seed draws before its run begins.
extension Swarm {
  /// Draws everything from `seed`.
  package static func drawOptions(_ seed: UInt64) -> Options {
    var random = Xoshiro256(seed: seed ^ 0x5377_6172_6D00_0000)
    var options = Options()
    options.nodeCount = drawNodeCount(&random)
    options.conditions = drawConditions(&random)
    options.configuration = drawConfiguration(&random)
    options.work = drawWork(&random)
    if random.chance(1, outOf: 2) {
      // As long as may be, or longer by one byte.
      options.work.longKeySize = options.configuration.keySizeLimit + random.index(2)
    }
    options.faults = drawFaults(&random)
    options.drift = random.chance(1, outOf: 2) ? random.below(50_000) : 0
    if options.nodeCount <= 12 {
      if random.chance(1, outOf: 4) { makeDeluge(&options, &random) }
    } else {
      makeThrifty(&options)
    }
    switch random.below(10) {
    case 0, 1: makeHectic(&options, &random)
    case 2, 3, 4: makeCalm(&options, &random)
    default: break
    }
    var far = Xoshiro256(seed: seed ^ 0x4661_7200)
    if options.profile == .usual, far.chance(1, outOf: 6) { putFarApart(&options, &far) }
    options.core = [.everyone, .everyone, .living, .part][random.index(4)]
    if random.chance(1, outOf: 3) { options.lastDeathCount = 1 + random.index(options.nodeCount) }
    setNameLimit(&options, more: random.index(3 + options.nodeCount / 2))
    // As in FoundationDB: what is on in each run would hide what it hides for ever.
    // Both leave replicas cut off midway, which pass on what they have.
    let isCutOff = options.profile == .hectic || options.configuration.compactThreshold == 10_000
    options.quirkSites = drawQuirkSites(isCutOff, &random)
    if options.quirkSites.contains(.hastyAccusation) {
      // With less time than by default a refutation may come too late for what is wrong on purpose.
      let usual = GossipConfiguration()
      options.configuration.suspicionGrace = usual.suspicionGrace
      options.configuration.loneAccuserGrace = usual.loneAccuserGrace
    }
    return options
  }

  /// What the seed draws, with another number of nodes or length.
  ///
  /// All else stays as drawn, so that a failure can be looked for among fewer nodes.
  package static func drawOptions(
    _ seed: UInt64,
    nodeCount: Int?,
    safetyDuration: Duration?
  ) -> Options {
    var options = drawOptions(seed)
    if let nodeCount {
      let more = options.nameLimit - options.nodeCount
      options.nodeCount = nodeCount
      options.lastDeathCount = min(options.lastDeathCount, nodeCount)
      setNameLimit(&options, more: min(more, nodeCount))
    }
    if let safetyDuration { options.safetyDuration = safetyDuration }
    return options
  }

  /// Each with a chance of 1 in 4; and often those that bring snapshots where replicas are cut off
  /// midway.
  private static func drawQuirkSites(
    _ isCutOff: Bool,
    _ random: inout Xoshiro256
  ) -> [Quirks.Site] {
    let bringsSnapshots = isCutOff && random.chance(3, outOf: 4)
    let sites: [Quirks.Site] = [.eagerSnapshot, .eagerStream, .muteDigest]
    return Quirks.Site.allCases.filter { site in
      random.chance(1, outOf: 4) || (bringsSnapshots && sites.contains(site))
    }
  }

  /// All names fit at every node, and often not one more.
  private static func setNameLimit(_ options: inout Options, more: Int) {
    options.nameLimit = options.nodeCount + more
    if options.configuration.memberLimit < 100_000 {
      options.configuration.memberLimit = max(2, options.nameLimit)
    }
  }

  /// Few most often: what goes wrong among many mostly goes wrong among few, a hundred times as
  /// fast.
  private static func drawNodeCount(_ random: inout Xoshiro256) -> Int {
    switch random.below(100) {
    case 0: 1
    case 1..<60: 2 + random.index(6)
    case 60..<88: 8 + random.index(9)
    case 88..<97: 17 + random.index(24)
    default: 41 + random.index(60)
    }
  }

  // MARK: The network

  /// The most seconds that a packet waits for a line.
  static let lineDelayLimit: UInt64 = 4

  static func drawConditions(_ random: inout Xoshiro256) -> NetworkConditions {
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
    if random.chance(1, outOf: 4) {
      conditions.datagramSizeLimit = 150 + random.index(1_000)
    }
    // Short queues lose, long ones delay, by a bounded time.
    conditions.lineQueueLimit = random.magnitude(in: 2_000...262_144)
    let leastRate = conditions.lineQueueLimit / lineDelayLimit
    if random.chance(1, outOf: 4) {
      conditions.nodeBandwidth = max(leastRate, random.magnitude(in: 8_000...2_000_000))
    }
    if random.chance(1, outOf: 8) {
      conditions.linkBandwidth = max(leastRate, random.magnitude(in: 4_000...1_000_000))
    }
    if random.chance(1, outOf: 2) {
      conditions.receiveBufferSize = Int(random.magnitude(in: 500...50_000))
    }
    if random.chance(1, outOf: 3) {
      conditions.streamWindow = Int(random.magnitude(in: 2_000...131_072))
    }
    if random.chance(1, outOf: 3) {
      conditions.streamTimeout = .milliseconds(Int64(1_000 + random.below(9_000)))
      conditions.retransmissionDelay = .milliseconds(Int64(20 + random.below(400)))
    }
    return conditions
  }

  // MARK: The work

  private static func drawWork(_ random: inout Xoshiro256) -> Work {
    var work = Work()
    work.keyCount = 1 + random.below(random.chance(1, outOf: 2) ? 12 : 300)
    work.batchSize = 1 + random.below(random.chance(1, outOf: 2) ? 4 : 60)
    work.writeChance = .percent(random.magnitude(in: 1...100))
    work.deletion = .percent(5 + random.below(60))
    work.timeToLive = .percent(random.chance(1, outOf: 2) ? random.below(40) : 0)
    work.timeToLiveLimit = .milliseconds(Int64(random.magnitude(in: 10...20_000)))
    work.valueSizeLimit = Int(random.magnitude(in: 1...1_000))
    work.bigValue = .percent(random.chance(1, outOf: 2) ? random.below(10) : 0)
    work.bigValueSizeLimit = Int(random.magnitude(in: 1_000...100_000))
    if random.chance(1, outOf: 2) { work.spreadChance = .percent(1 + random.below(10)) }
    return work
  }

  // MARK: The faults

  private static func drawFaults(_ random: inout Xoshiro256) -> Faults {
    var faults = Faults()
    // Each kind of fault is off in some runs: what one hides, another shows.
    func perMille(_ range: ClosedRange<UInt64>, _ share: UInt64 = 50) -> Ratio {
      random.chance(share, outOf: 100) ? Ratio(random.magnitude(in: range), outOf: 1_000) : .never
    }
    faults.crash = perMille(1...60)
    faults.restart = perMille(5...100, 90)
    faults.pause = perMille(1...80)
    // Some sleep for longer than it takes to be called down.
    faults.resume = perMille(5...100, 90)
    faults.join = perMille(2...50)
    faults.leave = perMille(1...30, 40)
    faults.twin = perMille(2...15, 35)
    faults.partition = perMille(2...100)
    faults.partitionStability = .milliseconds(Int64(random.magnitude(in: 100...30_000)))
    faults.oneWay = .percent(random.below(101))
    faults.swizzle = perMille(2...20, 30)
    faults.link = perMille(2...100)
    faults.weather = perMille(2...20, 25)
    return faults
  }
}

// Limits of the nodes.
extension Swarm {
  private static func drawConfiguration(_ random: inout Xoshiro256) -> GossipConfiguration {
    var configuration = GossipConfiguration()
    configuration.interval = .milliseconds(Int64(100 + random.below(500)))
    configuration.maximumPacketSize = 512 + random.index(1_500)
    configuration.streamThreshold = 1_024 + random.index(40_000)
    configuration.streamTimeout = .milliseconds(Int64(1_000 + random.below(9_000)))
    configuration.compactThreshold = 1 + random.index(20)
    configuration.tombstoneAge = .milliseconds(Int64(random.below(4_000)))
    configuration.memberExpiry = .milliseconds(Int64(1_000 + random.below(8_000)))
    if random.chance(1, outOf: 5) { configuration.push = .off }
    drawDetection(&configuration, &random)
    drawLimits(&configuration, &random)
    return configuration
  }

  private static func drawDetection(
    _ configuration: inout GossipConfiguration,
    _ random: inout Xoshiro256
  ) {
    configuration.observerCount = 1 + random.index(4)
    configuration.suspicionThreshold = 4 + random.index(9)
    configuration.verificationLimit = 1 + random.index(10)
    configuration.relayCount = random.index(4)
    if random.chance(1, outOf: 2) {
      configuration.arrivalWindow = Int(random.magnitude(in: 4...128))
      configuration.silenceLimit = 5 + random.index(16)
      // With less time a quarter of loss may keep an accused member from refuting.
      configuration.loneAccuserGrace = 10 + random.index(11)
      configuration.suspicionGrace = 1 + random.index(4)
      configuration.cautionSpan = random.index(200)
      configuration.healthLimit = 1 + random.index(10)
      configuration.relayLimit = Int(random.magnitude(in: 16...256))
    }
  }

  private static func drawLimits(
    _ configuration: inout GossipConfiguration,
    _ random: inout Xoshiro256
  ) {
    configuration.membershipPushLimit = 16 + random.index(50)
    if random.chance(1, outOf: 2) {
      configuration.pushFanout = 2 + random.index(15)
      configuration.pushRedundancy = 1 + random.index(4)
      configuration.pushHopLimit = Int(random.magnitude(in: 1...64))
      configuration.pushLimit = Int(random.magnitude(in: 1...1_000))
      configuration.pushPause = .milliseconds(Int64(random.below(100)))
    }
    if random.chance(1, outOf: 2) {
      configuration.burst = 1 + random.index(16)
      configuration.packetQueueLimit =
        random.chance(1, outOf: 2) ? 64 : Int(random.magnitude(in: 64...4_096))
      configuration.streamMemoryLimit = 1_048_576
      configuration.streamQueueLimit = Int(random.magnitude(in: 65_536...262_144))
      configuration.inboundStreamLimit = Int(random.magnitude(in: 1...64))
      configuration.outboundStreamLimit = 1 + random.index(8)
      configuration.joinLimit = Int(random.magnitude(in: 1...64))
      configuration.spreadLimit = Int(random.magnitude(in: 1...64))
      // Those whom the harness tells all of, and some that joins leave behind.
      configuration.seedLimit = 4 + random.index(20)
      configuration.nameCheckTimeout = .milliseconds(Int64(200 + random.below(3_000)))
    }
    if random.chance(1, outOf: 3) { configuration.memberLimit = 2 }
    if random.chance(1, outOf: 3) {
      configuration.entryLimit = Int(random.magnitude(in: 5...100))
    }
    if random.chance(1, outOf: 4) { configuration.valueSizeLimit = 500 + random.index(20_000) }
    if random.chance(1, outOf: 4) {
      configuration.graveLimit = Int(random.magnitude(in: 1...4))
    }
    if random.chance(1, outOf: 8) {
      configuration.graveLifetime = .milliseconds(Int64(random.magnitude(in: 1...60_000)))
    }
    // No shorter than what tells twins apart.
    if random.chance(1, outOf: 3) {
      configuration.keySizeLimit = Int(random.magnitude(in: 5...4_000))
    }
    // Who has no room never agrees: it is given to every second node, and less is demanded.
    if random.chance(1, outOf: 3) {
      configuration.remoteStateLimit = Int(random.magnitude(in: 1...20_000))
    }
    if random.chance(1, outOf: 4) { configuration.label = "swarm" }
  }
}

// The profiles that are not any mix.
extension Swarm {
  /// What is written goes to all: so that many nodes do not take the time of many runs, they write
  /// less.
  private static func makeThrifty(_ options: inout Options) {
    // Who has no room is offered it again with each exchange, among many for most of the time.
    options.configuration.remoteStateLimit = GossipConfiguration().remoteStateLimit
    options.work.keyCount = min(options.work.keyCount, 30)
    options.work.batchSize = min(options.work.batchSize, 4)
    options.work.bigValueSizeLimit = min(options.work.bigValueSizeLimit, 20_000)
    options.work.longKeySize = min(options.work.longKeySize, 600)
  }

  /// Much is owed at once, all of it may go in packets, and few packets may wait.
  private static func makeDeluge(_ options: inout Options, _ random: inout Xoshiro256) {
    options.configuration.burst = 64
    options.configuration.packetQueueLimit = 64
    options.configuration.maximumPacketSize = 512
    options.configuration.streamThreshold = 1_000_000
    options.configuration.entryLimit = 1_000_000
    // No snapshot, which takes a stream.
    options.configuration.compactThreshold = 10_000
    options.work.bigValue = .never
    options.work.longKeySize = 0
    options.configuration.remoteStateLimit = GossipConfiguration().remoteStateLimit
    options.work.keyCount = 100 + random.below(200)
    options.work.batchSize = 20 + random.below(100)
    options.work.valueSizeLimit = 200 + random.index(200)
    options.work.writeChance = .percent(50)
  }

  /// A packet takes as long as it does over land and sea, up to half an interval.
  private static func putFarApart(_ options: inout Options, _ random: inout Xoshiro256) {
    let most = options.configuration.interval.wholeNanoseconds / 2_000_000
    let mean = Duration.milliseconds(Int64(random.magnitude(in: 20...max(20, most))))
    options.conditions.latency =
      random.chance(1, outOf: 2) ? .fixed(mean) : .uniform(mean * 9 / 10...(mean * 11 / 10))
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
    options.nodeCount = 2 + random.index(4)
    options.work.keyCount = 5 + random.below(40)
    options.work.batchSize = 1 + random.below(10)
    options.work.writeChance = .percent(90)
    options.faults.crash = .percent(1 + random.below(10))
    options.faults.restart = .percent(1 + random.below(10))
  }

  /// What a usual cluster meets: a good network, the defaults of failure detection, and one fault
  /// at a time.
  private static func makeCalm(_ options: inout Options, _ random: inout Xoshiro256) {
    let usual = GossipConfiguration()
    options.profile = .calm
    let interval = 100 + Int64(random.below(400))
    var configuration = usual
    configuration.interval = .milliseconds(interval)
    configuration.memberExpiry = .seconds(Int64(10 + random.below(50)))
    configuration.maximumPacketSize = options.configuration.maximumPacketSize
    configuration.streamThreshold = options.configuration.streamThreshold
    configuration.streamTimeout = options.configuration.streamTimeout
    configuration.compactThreshold = options.configuration.compactThreshold
    configuration.tombstoneAge = options.configuration.tombstoneAge
    configuration.push = options.configuration.push
    configuration.memberLimit = options.configuration.memberLimit
    configuration.keySizeLimit = options.configuration.keySizeLimit
    options.configuration = configuration
    let latency = Duration.microseconds(Int64(100 + random.below(UInt64(interval) * 40)))
    options.conditions = NetworkConditions()
    options.conditions.latency =
      random.chance(1, outOf: 2) ? .fixed(latency) : .uniform(.microseconds(50)...(latency * 2))
    options.conditions.loss = .percent(random.below(4))
    options.conditions.duplication = .percent(random.below(3))
    options.conditions.reordering = .percent(random.below(3))
    options.nodeCount = max(3, options.nodeCount)
    options.work.keyCount = 1 + random.below(20)
    options.work.batchSize = 1 + random.below(4)
    options.work.writeChance = .percent(random.below(30))
    options.faults = Faults()
    options.faults.episode = .percent(2 + random.below(8))
    options.drift = random.below(5_000)
  }
}

extension Xoshiro256 {
  /// A number from `range` of which the size is drawn evenly, so that small ones are as common as
  /// large ones.
  mutating func magnitude(in range: ClosedRange<UInt64>) -> UInt64 {
    precondition(range.lowerBound > 0, "the size of 0 is none")
    func width(_ number: UInt64) -> UInt64 { UInt64(64 - number.leadingZeroBitCount) }
    let bits = self.number(in: width(range.lowerBound)...width(range.upperBound))
    let lower = max(range.lowerBound, 1 << (bits - 1))
    let upper = min(range.upperBound, 1 << (bits - 1) | ((1 << (bits - 1)) - 1))
    return self.number(in: lower...upper)
  }
}
