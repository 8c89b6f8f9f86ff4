/// One life of a member: the name that it goes by, and a number that grows with each start.
///
/// Names compare by their UTF-8 bytes: two spellings of é are two names.
public struct MemberID: Sendable {
  /// The member's name, 1 to 255 bytes of UTF-8.
  public let name: String
  /// The life's number; of two lives of one name the higher is the later.
  public let generation: UInt64

  /// Creates an identity; the name's length is checked where a node is started.
  public init(name: String, generation: UInt64) {
    self.name = name
    self.generation = generation
  }
}

extension MemberID: Hashable {
  /// Says whether name bytes and generation are the same.
  public static func == (first: MemberID, second: MemberID) -> Bool {
    first.generation == second.generation && first.name.hasSameBytes(as: second.name)
  }

  /// Feeds the name's bytes and the generation to `hasher`.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(generation)
    NameKey(name: name).hash(into: &hasher)
  }
}

extension MemberID: Comparable {
  /// Orders by the name's bytes, then by generation.
  public static func < (first: MemberID, second: MemberID) -> Bool {
    first.name.hasSameBytes(as: second.name)
      ? first.generation < second.generation
      : first.name.utf8.lexicographicallyPrecedes(second.name.utf8)
  }
}

extension MemberID: CustomStringConvertible {
  /// The identity as `name#generation`.
  public var description: String { "\(name)#\(generation)" }
}

extension MemberID: Codable {}

/// A name as a dictionary's key, compared by its bytes.
package struct NameKey: Hashable, Sendable {
  package let name: String

  package init(name: String) {
    self.name = name
  }

  package static func == (first: NameKey, second: NameKey) -> Bool {
    first.name.hasSameBytes(as: second.name)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in name.utf8 { hasher.combine(byte) }
    hasher.combine(UInt8(0xFF))
  }
}

/// The first sixteen bytes of a name, with zeros where it is shorter: what sorts most names.
package struct NamePrefix: Comparable {
  private var high: UInt64 = 0
  private var low: UInt64 = 0

  package init(_ name: String) {
    var index = 0
    for byte in name.utf8.prefix(16) {
      let shifted = UInt64(byte) << UInt64(56 - index % 8 * 8)
      if index < 8 { high |= shifted } else { low |= shifted }
      index += 1
    }
  }

  package static func < (first: NamePrefix, second: NamePrefix) -> Bool {
    first.high == second.high ? first.low < second.low : first.high < second.high
  }
}

extension String {
  /// Says whether both are the same sequence of UTF-8 bytes (`==` takes canonical equivalents for
  /// equal).
  package func hasSameBytes(as other: String) -> Bool {
    utf8.elementsEqual(other.utf8)
  }
}
