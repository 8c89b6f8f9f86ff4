/// The body of a delta packet: flags, then members' sections to its end.
package enum Delta {
  package struct Flags: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// The last packet of a burst; only it is answered.
    package static let final = Flags(rawValue: 1)
    /// Members were left out for want of room: ask again.
    package static let more = Flags(rawValue: 2)
    /// What is owed does not fit in packets: open a stream.
    package static let stream = Flags(rawValue: 4)

    package static let known: Flags = [.final, .more, .stream]
  }

  /// Checks a whole delta without keeping anything.
  package static func validate(
    _ bytes: Span<UInt8>,
    _ start: WireReader
  ) throws(MalformedDatagram) {
    var reader = start
    let flags = Flags(rawValue: try reader.byte(bytes))
    guard flags.isSubset(of: .known) else { throw .malformed }
    while !reader.isAtEnd { _ = try Section.read(bytes, &reader) }
  }
}
