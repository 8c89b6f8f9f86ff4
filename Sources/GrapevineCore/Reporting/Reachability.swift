/// How a member can be reached from a node, tried a moment ago: by packets, by stream, by way of
/// others, and whether it is heard.
public struct Reachability: Sendable, Hashable, Codable {
  /// The member that was tried.
  public let id: MemberID
  /// How long a packet there and its answer took; nil if no answer came in time: packets are lost
  /// on the way there, or on the way back.
  public internal(set) var packets: Duration?
  /// How long it took until a stream was open and answered by that member; nil if it was not.
  public internal(set) var stream: Duration?
  /// The members that were asked to send a packet in this node's place.
  public internal(set) var relays: [MemberID]
  /// Those of them that got an answer, and passed it on.
  public internal(set) var reachedBy: [MemberID] = []
  /// The time since a packet of the member itself came; nil if none ever did.
  ///
  /// Where ``packets`` is nil and this is short, packets come from there, and none get there.
  public internal(set) var silence: Duration?

  /// Says whether packets and streams both get there and back.
  public var isFull: Bool { packets != nil && stream != nil }
}

extension Reachability: CustomStringConvertible {
  /// The outcome on one line, such as `web-2#7: packets 1.2 ms, stream none, by relays 2 of 3`.
  public var description: String {
    func text(_ duration: Duration?) -> String {
      guard let duration else { return "none" }
      let tenths = duration / .microseconds(100)
      return "\(Int(tenths) / 10).\(Int(tenths) % 10) ms"
    }
    let heard = silence.map { "heard \(text($0)) ago" } ?? "never heard"
    return "\(id): packets \(text(packets)), stream \(text(stream)), by relays "
      + "\(reachedBy.count) of \(relays.count), \(heard)"
  }
}

package struct ReachTicket: Hashable, Sendable {
  package let rawValue: UInt64
}

/// An attempt to reach a member in every way.
package struct Reach: Sendable {
  let ticket: ReachTicket
  let key: MemberKey
  let sequence: SequenceNumber
  let startedAt: Instant
  let deadline: Instant
  var stream: StreamID?
  var found: Reachability

  /// Says whether all that was tried has succeeded.
  var isComplete: Bool {
    found.isFull && found.reachedBy.count == found.relays.count
  }
}
