/// A file descriptor that is closed exactly once: when its owner goes away.
package struct Descriptor: ~Copyable, Sendable {
  package let rawValue: Int32

  /// Takes over a descriptor that was just made.
  init(rawValue: Int32) {
    precondition(rawValue >= 0, "\(rawValue) is not a descriptor")
    self.rawValue = rawValue
  }

  deinit {
    System.close(rawValue)
  }
}
