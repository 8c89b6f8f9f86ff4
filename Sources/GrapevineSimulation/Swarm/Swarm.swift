import GrapevineCore
import GrapevineHashing

/// A run in which everything, the faults included, is drawn from one seed; then peace must bring
/// accord.
///
/// First comes safety: nodes write, come, crash, return, sleep, leave and are cut off from each
/// other, on a network that loses, doubles and delays. Then comes liveness: all faults end in a
/// core of the nodes, and within a bounded time all of it must hold the same, list each other as
/// live, and forget who is gone. Last, some of them may die together, which the others must find
/// out.
package struct Swarm: Sendable {
  package let seed: UInt64
  package let options: Options
  /// Where events are told one by one; nil for nowhere.
  package var trace: Trace?

  /// What came of a run.
  package struct Report: Sendable, Hashable {
    /// Over all that was delivered; equal for equal seeds.
    package let fingerprint: UInt64
    /// Virtual time from the start to the end.
    package let duration: Duration
    /// From the end of the faults until the core agreed.
    package let healing: Duration
    /// The processes that ever ran.
    package let processCount: Int
    package let stepCount: Int
    /// Datagrams that were sent.
    package let packetCount: Int
    package let streamCount: Int
    package let writeCount: Int
    /// Beside each of ``Sometimes/all`` how often it came to pass.
    package let counts: [Int]
  }

  /// What went wrong.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let kind: Kind
    package let violation: Violation
    /// What the nodes still lacked, in sentences, where they did not converge.
    package let pending: [String]

    package init(kind: Kind, violation: Violation, pending: [String]) {
      self.kind = kind
      self.violation = violation
      self.pending = pending
    }

    package enum Kind: Sendable, Hashable {
      /// A promise that holds at any time was broken.
      case brokenInvariant
      /// Peace did not bring accord in time.
      case noConvergence
    }

    package var description: String {
      ([violation.description] + pending.map { "  " + $0 }).joined(separator: "\n")
    }
  }

  package init(seed: UInt64) {
    self.init(seed: seed, options: Swarm.drawOptions(seed))
  }

  package init(seed: UInt64, options: Options) {
    self.seed = seed
    self.options = options
  }

  /// The seed for a commit's name of 40 hexadecimal digits; nil if it is none.
  package static func seed(ofCommit name: String) -> UInt64? {
    let isDigit = { (byte: UInt8) in
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
    guard name.utf8.count == 40, name.utf8.allSatisfy(isDigit) else { return nil }
    return XXH64.hash(name.utf8)
  }

  /// Runs it to its end.
  ///
  /// - Parameter inspect: called with the simulation as it is where a promise was seen broken.
  /// - Returns: what came of it.
  /// - Throws: the first ``Failure``.
  package func run(
    orInspect inspect: (Simulation) -> Void = { _ in }
  ) throws(Failure) -> Report {
    var run = SwarmRun(seed: seed, options: options, trace: trace)
    do throws(Failure) {
      return try run.run()
    } catch {
      inspect(run.simulation)
      throw error
    }
  }
}
