import GrapevineCore

/// A promise of the engine that a run verifies.
///
/// To add one, write a class in a file of its own and add it to ``allChecks``. It has a name and a
/// reason, and conforms to those of the protocols below whose moments it wants to see: that is all
/// it takes to be called. It keeps what it must remember itself; what is true (who wrote what, what
/// a node told, who said what of whom) is in the simulation's ``Ledger``, and what was done to
/// nodes in its ``FaultLog``. It says what it finds by ``Simulation/fail(_:_:_:)``.
///
/// What it does after each input must be cheap, a hundred instructions or so: what costs more is
/// done to a sample, or when a node is inspected as a whole, which happens once a second to one
/// node in turn, and to all of them whenever a scenario verifies.
package protocol Check: AnyObject {
  /// What it is called in a failure.
  static var name: String { get }
  /// The promise, as a sentence.
  static var reason: String { get }
  /// Says whether runs that only measure verify it, too; it must not need the ledger then.
  static var isForMeasuring: Bool { get }

  init()
}

extension Check {
  package static var isForMeasuring: Bool { false }
}

/// All checks, in the order in which they see a moment.
package var allChecks: [any Check.Type] {
  [
    LimitCheck.self, DeadlineCheck.self, MemoryCheck.self, InvariantCheck.self, ExchangeCheck.self,
    CodecCheck.self, OwnerCheck.self, NameCheck.self, EventOrderCheck.self, VersionCheck.self,
    ValueCheck.self, DeletionCheck.self, ReadCheck.self, OverwriteCheck.self, VerdictCheck.self,
    AccusationCheck.self, CorroborationCheck.self, StandingCheck.self, ConvergenceCheck.self,
    SpreadCheck.self,
    GhostCheck.self, AccordCheck.self, LockCheck.self,
  ]
}

// MARK: Moments

/// A process starts: what a check keeps of its node is about an earlier one.
protocol StartCheck: Check {
  func started(_ node: Int, in simulation: Simulation)
}

/// An engine sends.
protocol PacketCheck: Check {
  func sent(_ packet: [UInt8], from node: Int, to target: Endpoint, in simulation: Simulation)
}

/// An engine has queued bytes on a stream, of which `size` wait now.
protocol StreamCheck: Check {
  func queued(_ size: Int, by node: Int, in simulation: Simulation)
}

/// An engine tells something; the ledger takes it after the checks have seen it.
protocol EventCheck: Check {
  func told(_ event: EngineEvent, by node: Int, in simulation: Simulation)
}

/// An engine has had an input, and all that it wanted was pulled.
protocol InputCheck: Check {
  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation)
}

/// After an input one member, and if it has keys one of them, is read by chance.
protocol ReadingCheck: Check {
  func read(_ reading: Reading, at node: Int, in simulation: Simulation)
}

/// A node is looked at as a whole: `members` is all that it shows.
protocol NodeCheck: Check {
  func inspect(
    _ members: [Member],
    _ engine: Engine,
    of node: Int,
    in simulation: Simulation
  )
}

/// The nodes of a group, in peace, say that they hold the same.
protocol GroupCheck: Check {
  func agreed(_ group: [Int], in simulation: Simulation)
}

/// What an engine was given.
enum Input {
  /// The process has started.
  case start
  /// Its user called.
  case call
  /// Its user changed the own state.
  case update
  /// Its deadline had come; then it named the next.
  case deadline(next: Instant)
  /// Something happened on a stream.
  case stream
  case datagram(PacketKind?, size: Int, source: Endpoint)
}

/// What was read of a member that a node shows.
struct Reading {
  /// Its index in the history.
  let identity: Int
  /// How much of it the node holds; nil if it is unknown.
  let progress: Progress?
  /// The key of it that was read; nil for none.
  let key: Key?

  struct Key {
    let index: Int
    let name: String
    /// The version that the node told of last.
    let told: Version
    /// What the node shows; nil for nothing.
    let entry: Entry?
  }
}
