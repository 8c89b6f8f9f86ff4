import GrapevineHashing

/// What stands for a member on the wire: XXH64 of the name's bytes and the generation (LE).
package struct MemberKey: Hashable, Comparable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package init(_ id: MemberID) {
    var bytes = Array(id.name.utf8)
    withGeneration(id.generation) { bytes.append($0) }
    rawValue = XXH64.hash(bytes)
  }

  package static func < (first: MemberKey, second: MemberKey) -> Bool {
    first.rawValue < second.rawValue
  }

  package static let lowest = MemberKey(rawValue: 0)
  package static let highest = MemberKey(rawValue: .max)
}

private func withGeneration(_ generation: UInt64, _ body: (UInt8) -> Void) {
  for shift in stride(from: UInt64(0), to: 64, by: 8) {
    body(UInt8(truncatingIfNeeded: generation >> shift))
  }
}
