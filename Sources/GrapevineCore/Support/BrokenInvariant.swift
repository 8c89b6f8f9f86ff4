/// Something stored that does not agree with itself, or exceeds its limit: a fault of this code.
package struct BrokenInvariant: Error, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) {
    self.description = description
  }
}

/// A value that knows by which rules what it stores hangs together.
package protocol SelfVerifying {
  /// Throws the first rule that is broken.
  func verifyInvariants() throws(BrokenInvariant)
}

extension SelfVerifying {
  /// Traps on the first rule that is broken.
  package func checkInvariants() {
    do {
      try verifyInvariants()
    } catch {
      preconditionFailure(error.description)
    }
  }
}

/// Throws `rule`, which says what is wrong, unless the condition holds.
func require(_ holds: Bool, _ rule: @autoclosure () -> String) throws(BrokenInvariant) {
  guard holds else { throw BrokenInvariant(rule()) }
}
