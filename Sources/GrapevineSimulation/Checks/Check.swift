package import GrapevineCore

/// A promise of the engine that a run verifies.
package protocol Check {
  /// What it is called in a failure.
  static var name: String { get }
  /// The promise, as a sentence.
  static var reason: String { get }
}

/// A promise of the engine that a run saw broken.
package struct Violation: Error, Sendable, CustomStringConvertible {
  /// The name of the ``Check`` that failed.
  package let check: String
  /// The promise that was broken.
  package let reason: String
  package let seed: UInt64
  package let time: Instant
  package let node: Int
  package let detail: String

  init(_ check: any Check.Type, seed: UInt64, time: Instant, node: Int, detail: String) {
    self.check = check.name
    reason = check.reason
    self.seed = seed
    self.time = time
    self.node = node
    self.detail = detail
  }

  package var description: String {
    let milliseconds = time.nanoseconds / 1_000_000
    return "\(check): node \(node) after \(milliseconds) ms: \(detail) (\(reason)); "
      + "seed 0x\(String(seed, radix: 16))"
  }
}

/// All checks, for those who list them.
package var allChecks: [any Check.Type] {
  [
    LimitCheck.self, DeadlineCheck.self, OwnerCheck.self, VersionCheck.self, DeletionCheck.self,
    ReadCheck.self, EventOrderCheck.self, NameCheck.self, CodecCheck.self, ConvergenceCheck.self,
    VerdictCheck.self, GhostCheck.self, AccordCheck.self, SpreadCheck.self,
  ]
}

package enum LimitCheck: Check {
  package static let name = "limits"
  package static let reason = "no datagram and no stream's queue exceeds its configured limit"
}

package enum DeadlineCheck: Check {
  package static let name = "deadline"
  package static let reason = "after advance(to:) the next deadline lies ahead, and no engine spins"
}

package enum OwnerCheck: Check {
  package static let name = "owner"
  package static let reason =
    "each change of an owner takes the next version, a change of nothing none"
}

package enum VersionCheck: Check {
  package static let name = "versions"
  package static let reason = "the version that a replica holds of a member never goes back"
}

package enum DeletionCheck: Check {
  package static let name = "deletions"
  package static let reason =
    "a replica takes from a key's history only steps forward, so nothing deleted comes back"
}

package enum ReadCheck: Check {
  package static let name = "reads"
  package static let reason =
    "a key that a reader saw stays readable until its owner deletes it, and events tell all"
}

package enum EventOrderCheck: Check {
  package static let name = "event order"
  package static let reason =
    "a member joins, then is down and up in turn, then leaves or is down, then expires, "
    + "or is replaced by a later life"
}

package enum NameCheck: Check {
  package static let name = "names"
  package static let reason = "no node ever shows two members of one name"
}

package enum CodecCheck: Check {
  package static let name = "codec"
  package static let reason =
    "what one engine sends, no other calls malformed, and both count alike"
}

package enum ConvergenceCheck: Check {
  package static let name = "convergence"
  package static let reason = "once faults end, all live nodes come to hold the same"
}

/// See ``Simulation/judgesVerdicts``.
package enum VerdictCheck: Check {
  package static let name = "verdicts"
  package static let reason =
    "no live member is called down while the faults in force can't explain it"

  /// How long after a fault it still explains a verdict: twice the time in which the slowest way
  /// to a verdict ends (a silence that counts for at most 20 intervals, and 20 more until a single
  /// accuser's word is enough), and what it takes a verdict to spread and be refuted.
  package static let window = Duration.seconds(30)
  /// The least of ``window``, in intervals of the member.
  static let windowIntervals: UInt64 = 60
  /// Pauses of up to so many of its intervals explain nothing: it takes 2.4 of silence to be
  /// suspected, and three more until a verdict.
  static let pauseIntervals: UInt64 = 2
  /// The share of lost packets up to which members must stand it: then two rounds of pings, direct
  /// and by three relays, fail once in fifty times, and those by stream never.
  static let lossLimit = 0.25
  /// Latencies up to this part of an interval are within the deviation that members allow for.
  static let latencyDivisor: UInt64 = 4
  /// Paths that take less carry no verdicts and refutations with certainty.
  static let datagramSizeMinimum = 512
  /// On slower lines a heartbeat waits long behind a stream.
  static let bandwidthMinimum: UInt64 = 2_000_000
  /// Clocks may be off by as much as the intervals jitter, in parts of a million.
  static let driftLimit: Int64 = 100_000
  /// One interval may be so many times another.
  static let intervalRatioLimit: UInt64 = 2
  /// A member that can't be reached from a part of the others of one in so many may be called
  /// down; if it is from fewer, relays must save it.
  static let cutDivisor = 4
}

package enum GhostCheck: Check {
  package static let name = "ghosts"
  package static let reason = "a member that is dead is called so in time, and forgotten in time"

  /// The time in which every node must have seen that a member is dead.
  package static let detection = VerdictCheck.window
  /// The time in which, with `memberExpiry` on top, every node must have forgotten it.
  package static let oblivion = Duration.seconds(65)
}

package enum AccordCheck: Check {
  package static let name = "accord"
  package static let reason =
    "in peace every live node lists all live ones as live, and after a while nobody else"
}

package enum SpreadCheck: Check {
  package static let name = "spread"
  package static let reason =
    "when a spread ends with nothing missing, every live member holds the version"
}
