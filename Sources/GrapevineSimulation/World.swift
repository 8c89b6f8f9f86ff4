import GrapevineCore

/// What a run touches with every packet; ``Simulation`` shows it as its own properties.
struct World {
  var conditions: NetworkConditions
  var networkCounters = NetworkCounters()
  var fingerprint = RunFingerprint()
  var stepCount = 0
  /// True time since the run's start.
  var time: UInt64 = 0
  /// What the network and the starting of processes draw from.
  var random: Xoshiro256
  var heap = EventHeap()
  var packets = PacketPool()
  var connections = ConnectionTable()
  var partitions: [Partition] = []
  var rules: [Simulation.Link: LinkRule] = [:]
  /// The node that had an address last.
  var slots: [Endpoint: Int] = [:]
  /// The datagram on its way out of an engine.
  var datagram: [UInt8] = []

  init(conditions: NetworkConditions, random: Xoshiro256) {
    self.conditions = conditions
    self.random = random
  }
}

/// A value at a fixed place in memory.
///
/// A class asks at each use of a variable property whether another is under way; in a simulator
/// that took a third of the time. What is at a place is not asked.
///
/// It is reached by its address. Through `_read`, a field of so large a value was, in debug builds
/// (6.3.1), read from the coroutine's frame after that had been freed.
final class Place<Value> {
  private let pointer: UnsafeMutablePointer<Value>

  init(_ value: Value) {
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: value)
  }

  var value: Value {
    @inline(__always) unsafeAddress { UnsafePointer(pointer) }
    @inline(__always) unsafeMutableAddress { pointer }
  }

  /// For those who show the value as their own property.
  var address: UnsafePointer<Value> { UnsafePointer(pointer) }
  var mutableAddress: UnsafeMutablePointer<Value> { pointer }

  deinit {
    pointer.deinitialize(count: 1)
    pointer.deallocate()
  }
}

extension Simulation {
  /// What the network is like from now on.
  package var conditions: NetworkConditions {
    get { world.value.conditions }
    set {
      trace?.fault(at: now, nil, "everywhere: \(Trace.words(newValue))")
      world.value.conditions = newValue
      noteFaults()
    }
  }
  /// What the network dropped and doubled.
  package var networkCounters: NetworkCounters {
    get { world.value.networkCounters }
    _modify { yield &world.value.networkCounters }
  }
  /// The hash over all that was delivered so far.
  package var fingerprint: RunFingerprint {
    get { world.value.fingerprint }
    _modify { yield &world.value.fingerprint }
  }
  /// How many occurrences have been carried out.
  package var stepCount: Int {
    get { world.value.stepCount }
    _modify { yield &world.value.stepCount }
  }
  var time: UInt64 {
    get { world.value.time }
    _modify { yield &world.value.time }
  }
  var random: Xoshiro256 {
    get { world.value.random }
    _modify { yield &world.value.random }
  }
  var heap: EventHeap {
    get { world.value.heap }
    _modify { yield &world.value.heap }
  }
  var packets: PacketPool {
    get { world.value.packets }
    _modify { yield &world.value.packets }
  }
  var connections: ConnectionTable {
    get { world.value.connections }
    _modify { yield &world.value.connections }
  }
  var partitions: [Partition] {
    get { world.value.partitions }
    _modify { yield &world.value.partitions }
  }
  var rules: [Link: LinkRule] {
    get { world.value.rules }
    _modify { yield &world.value.rules }
  }
  var slots: [Endpoint: Int] {
    get { world.value.slots }
    _modify { yield &world.value.slots }
  }
  var datagram: [UInt8] {
    get { world.value.datagram }
    _modify { yield &world.value.datagram }
  }
}
