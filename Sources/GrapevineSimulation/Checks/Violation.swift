package import GrapevineCore

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
