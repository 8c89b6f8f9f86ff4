/// What a node that has keys seals, and what it takes: the steps by which keys are introduced in a
/// cluster that is live and plain.
public enum SealingMode: String, Sendable, Hashable, Codable, CaseIterable {
  /// It sends plain, and takes plain and sealed.
  case accept
  /// It seals what it sends, and takes plain and sealed.
  case seal
  /// It seals what it sends, and takes nothing that is plain.
  case require
}

/// What a member says of the keys that it has; it says no more of them than their numbers.
public struct MemberSealing: Sendable, Hashable, Codable {
  /// What it seals and takes.
  public let mode: SealingMode
  /// The key that it seals with, or would seal with.
  public let primary: SealingKeyID
  /// All keys that it opens with, the primary one first.
  public let all: [SealingKeyID]

  package init(mode: SealingMode, primary: SealingKeyID, all: [SealingKeyID]) {
    self.mode = mode
    self.primary = primary
    self.all = [primary] + all.filter { $0 != primary }
  }
}

extension MemberSealing {
  /// Reads what ``text`` writes; what a later version may have added behind is passed over.
  package init?(text: String) {
    let words = text.split(separator: " ")
    guard let mode = words.first.flatMap({ SealingMode(rawValue: String($0)) }) else { return nil }
    let all = words.dropFirst().prefix(Self.keyLimit).compactMap { SealingKeyID(String($0)) }
    guard let primary = all.first else { return nil }
    self.init(mode: mode, primary: primary, all: all)
  }

  /// The mode and the keys' numbers, the primary one first, separated by spaces.
  package var text: String {
    all.prefix(Self.keyLimit).reduce(mode.rawValue) { "\($0) \($1)" }
  }

  /// The most keys that are told of.
  package static let keyLimit = 16
  /// The most bytes of ``text``.
  package static let sizeLimit = 8 + keyLimit * 9
  /// The most bytes that are read of what a member says, which a later version may say more in.
  package static let readLimit = 1_024
}

extension Member {
  /// The key that the member seals with; nil if it has none, or does not seal yet.
  public var sealedWith: SealingKeyID? {
    guard let sealing, sealing.mode != .accept else { return nil }
    return sealing.primary
  }
}
