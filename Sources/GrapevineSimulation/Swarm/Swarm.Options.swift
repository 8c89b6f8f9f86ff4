package import GrapevineCore

extension Swarm {
  /// What kinds of trouble a run is made of.
  package enum Profile: Sendable, Hashable, CaseIterable {
    /// Any mix of faults; what they explain is not held against anyone.
    case usual
    /// Owners compact at once while old packets are about and newcomers begin from nothing.
    case hectic
    /// One fault after the other on a good network, so that every verdict is judged.
    case calm
  }

  /// Who is healed when the faults end, and so must agree.
  package enum Core: Sendable, Hashable, CaseIterable {
    /// All: who is dead starts again.
    case everyone
    /// All that have a process; who is dead stays so.
    case living
    /// Some of those; the others stay asleep, die, or stay cut off from the core.
    case part
  }

  /// What one seed draws before the run begins.
  package struct Options: Sendable, Hashable {
    package var profile = Profile.usual
    package var nodeCount = 5
    /// How many names there may be in all, those that come while it runs included.
    package var nameLimit = 5
    package var configuration = GossipConfiguration()
    package var conditions = NetworkConditions()
    /// Parts of a million by which a clock may be off, either way.
    package var drift: UInt64 = 0
    /// How long faults go on.
    package var safetyDuration = Duration.seconds(60)
    /// How long the core may then take to agree, once every verdict has had its time.
    package var healDuration = Duration.seconds(60)
    package var core = Core.everyone
    /// How many of the core die together once there is accord.
    package var lastDeathCount = 0
    package var work = Work()
    package var faults = Faults()
    /// Where engines behave awkwardly, if legally.
    package var quirkSites: [Quirks.Site] = []

    package init() {}

    /// Says that every second node may run out of room for what others write, so that it never
    /// holds all of it.
    package var isStarved: Bool {
      configuration.remoteStateLimit < GossipConfiguration().remoteStateLimit
    }
  }

  /// What the nodes' users do.
  package struct Work: Sendable, Hashable {
    /// How many different keys each node writes.
    package var keyCount: UInt64 = 12
    /// The most changes that are made at once.
    package var batchSize: UInt64 = 4
    /// The chance of a batch in each tenth of a second.
    package var writeChance = Ratio.percent(50)
    package var deletion = Ratio.percent(30)
    package var timeToLive = Ratio.percent(12)
    /// The longest time to live.
    package var timeToLiveLimit = Duration.seconds(3)
    package var valueSizeLimit = 120
    package var bigValue = Ratio.percent(5)
    package var bigValueSizeLimit = 8_000
    /// The bytes to which every fourth key is filled up; 0 for none.
    package var longKeySize = 0
    /// The chance in each tenth of a second that a node asks who holds its state.
    package var spreadChance = Ratio.never

    package init() {}
  }

  /// What goes wrong: chances in each tenth of a second.
  package struct Faults: Sendable, Hashable {
    package var crash = Ratio.never
    package var restart = Ratio.never
    package var pause = Ratio.never
    package var resume = Ratio.never
    /// A node of a new name comes.
    package var join = Ratio.never
    package var leave = Ratio.never
    /// A process starts under the name of another that runs.
    package var twin = Ratio.never
    package var partition = Ratio.never
    /// A partition stands so long at least, and so long nothing is cut after it has healed.
    package var partitionStability = Duration.seconds(1)
    package var oneWay = Ratio.percent(33)
    /// A random set of nodes is cut off one by one, and comes back in a random order.
    package var swizzle = Ratio.never
    /// One direction of one link is cut, or gets a rule of its own; or all datagrams of a node
    /// vanish while its streams go on.
    package var link = Ratio.never
    /// What holds everywhere changes.
    package var weather = Ratio.never
    /// A fault of the calm profile begins while no other is in force.
    package var episode = Ratio.never

    package init() {}
  }
}

extension Swarm.Options {
  /// What was drawn, by name, in a fixed order; limits of nodes that have their defaults are left
  /// out.
  package var lines: [(name: String, value: String)] {
    var lines: [(name: String, value: String)] = []
    Self.list(self, "", &lines)
    return lines
  }

  private static func list(
    _ value: Any,
    _ prefix: String,
    _ lines: inout [(name: String, value: String)]
  ) {
    let usual = Mirror(reflecting: GossipConfiguration()).children.map { "\($0.value)" }
    let isConfiguration = value is GossipConfiguration
    for (index, child) in Mirror(reflecting: value).children.enumerated() {
      guard let label = child.label else { continue }
      switch child.value {
      case is GossipConfiguration, is NetworkConditions, is Swarm.Work, is Swarm.Faults:
        list(child.value, "\(label).", &lines)
      default:
        let text = describe(child.value)
        if isConfiguration, usual[index] == "\(child.value)" { continue }
        lines.append((prefix + label, text))
      }
    }
  }

  private static func describe(_ value: Any) -> String {
    if let sites = value as? [Quirks.Site] {
      return sites.isEmpty ? "none" : sites.map(\.rawValue).joined(separator: " ")
    }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .optional else { return "\(value)" }
    return mirror.children.first.map { "\($0.value)" } ?? "none"
  }
}
