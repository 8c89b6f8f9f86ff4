package import GrapevineCore

/// What a simulated process is doing.
package enum NodeState: Sendable, Hashable {
  case running
  /// Nothing is processed; what comes in waits in the system's buffers.
  case paused
  /// The process is gone: its host refuses connections and breaks off those it had.
  case dead
  /// The host is gone with it: nothing answers any more.
  case hostDead

  /// Says whether there is a process, be it asleep.
  package var isAlive: Bool { self == .running || self == .paused }
}

/// How a process ends.
package enum CrashKind: Sendable, Hashable {
  /// The process dies, the host lives and says so to those who ask.
  case process
  /// The host dies: silence.
  case host
}

/// Something that an engine told its driver.
package struct ObservedEvent: Sendable, Hashable {
  package let time: Instant
  package let node: Int
  package let event: EngineEvent
}

/// A slot for one process after the other of one name, with what the network keeps for it.
struct SimulatedNode {
  var engine: Engine
  var endpoint: Endpoint
  var configuration: GossipConfiguration
  var clock: NodeClock
  var state = NodeState.running
  var hasLeft = false
  /// Its engine gave its name up to another process.
  var isSuperseded = false
  /// What the engine named as its deadline after its last input.
  var plannedDeadline = Instant.never
  /// The time of the wake-up in the heap that counts; later ones in it are void.
  var wakeTime = UInt64.max
  var streams: [StreamID: StreamHandle] = [:]
  var traffic = Traffic()
  var packetRate = PacketRate()
  /// What the counters showed when the process of now began.
  var trafficAtStart = Traffic()
  /// Datagrams that came while the process slept.
  var inbox: [Int] = []
  var inboxSize = 0
  var bandwidth: UInt64?
  var uplink = Line()
  var downlink = Line()
  var events = PeekableQueue<ObservedEvent>()
  var missedEventCount = 0

  init(engine: Engine, endpoint: Endpoint, configuration: GossipConfiguration, clock: NodeClock) {
    self.engine = engine
    self.endpoint = endpoint
    self.configuration = configuration
    self.clock = clock
  }

  mutating func countPacketOut(at time: UInt64) {
    traffic.packetsOut += 1
    traffic.packetsPerSecondPeak = max(traffic.packetsPerSecondPeak, packetRate.count(at: time))
  }

  /// The engine's deadline.
  var deadline: Instant {
    mutating get { engine.nextDeadline }
  }

  /// Lets `body` read the engine; mutating, as only so it is read in place and not copied.
  @inline(__always)
  mutating func read<Result>(_ body: (Engine) -> Result) -> Result { body(engine) }
}
