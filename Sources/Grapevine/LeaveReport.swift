/// Who was told that a node leaves.
public struct LeaveReport: Sendable, Hashable, Codable {
  /// The live members that were told, at most three; empty if there was none.
  public let asked: [MemberID]
  /// Those of them that acknowledged it.
  public let acknowledged: [MemberID]

  package init(asked: [MemberID], acknowledged: [MemberID]) {
    self.asked = asked
    self.acknowledged = acknowledged
  }
}

extension LeaveReport: CustomStringConvertible {
  /// The report as `2 of 3 acknowledged: a#1 b#1`.
  public var description: String {
    guard !asked.isEmpty else { return "there was nobody to tell" }
    let count = "\(acknowledged.count) of \(asked.count) acknowledged"
    guard !acknowledged.isEmpty else { return count }
    return "\(count): \(acknowledged.map(\.description).joined(separator: " "))"
  }
}
