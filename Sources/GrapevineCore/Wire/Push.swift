/// What comes before the sections of a push: how far it has come, and the part of the circle of
/// keys that its receiver answers for.
package struct PushHead: Hashable, Sendable {
  package static let size = 17

  /// The hops that the packet has made when it arrives; 1 for one from the origin.
  package var hops: UInt8
  package var arc: Arc

  package init(hops: UInt8, arc: Arc) {
    self.hops = hops
    self.arc = arc
  }

  package func write(to bytes: inout [UInt8]) {
    bytes.append(hops)
    bytes.appendFixed(arc.lower.rawValue, size: 8)
    bytes.appendFixed(arc.upper.rawValue, size: 8)
  }

  package static func read(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) -> PushHead {
    let hops = try reader.byte(bytes)
    guard hops > 0 else { throw .malformed }
    let lower = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
    let upper = MemberKey(rawValue: try reader.fixed(bytes, size: 8))
    return PushHead(hops: hops, arc: Arc(lower: lower, upper: upper))
  }

  /// Checks a whole push, whose head the reader has passed, without keeping anything.
  package static func validate(
    _ bytes: Span<UInt8>,
    _ start: WireReader
  ) throws(MalformedDatagram) {
    var reader = start
    repeat { _ = try Section.read(bytes, &reader) } while !reader.isAtEnd
  }

  /// Says whether a checked push tells of members' comings and goings alone, which is rationed: no
  /// changes of state, and no member that nobody has heard of before.
  package static func isRationed(_ bytes: Span<UInt8>, _ start: WireReader) -> Bool {
    var reader = start
    while !reader.isAtEnd {
      guard let section = try? Section.reread(bytes, &reader) else { return true }
      if section.identity == nil {
        if section.state != nil { return false }
      } else if section.standing?.standing.incarnation == 0 {
        return false
      }
    }
    return true
  }
}
