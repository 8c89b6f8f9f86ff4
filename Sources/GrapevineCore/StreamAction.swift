/// A stream as the engine and its driver both name it.
package struct StreamID: Hashable, Comparable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package static func < (first: StreamID, second: StreamID) -> Bool {
    first.rawValue < second.rawValue
  }
}

/// What the engine asks of its driver about streams; to be carried out in order.
package enum StreamAction: Sendable, Hashable {
  /// Connect; then call `streamOpened`, or `streamClosed` with the reason.
  case open(StreamID, Endpoint)
  /// Queue the bytes; call `streamWrote` as the socket takes them.
  case send(StreamID, [UInt8])
  /// Send what is queued, then end the connection; nothing more is reported about it.
  case finish(StreamID)
  /// End the connection at once and forget what is queued; nothing more is reported about it.
  case abort(StreamID)
}

/// Why a stream ended that the engine did not end itself.
package enum StreamClosure: Sendable, Hashable {
  /// The peer ended it in order.
  case ended
  /// Nobody listens there.
  case refused
  /// There is no way to the address.
  case unreachable
  /// The system gave up waiting.
  case timedOut
  /// The peer, or the system, broke it off.
  case reset
  /// The system has no descriptor or memory for it.
  case exhausted
}

/// The number of one request to join, by which its outcome is found.
package struct JoinTicket: Hashable, Comparable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package static func < (first: JoinTicket, second: JoinTicket) -> Bool {
    first.rawValue < second.rawValue
  }
}

/// The number of one request to see a version spread, by which its outcome is found.
package struct SpreadTicket: Hashable, Comparable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  package static func < (first: SpreadTicket, second: SpreadTicket) -> Bool {
    first.rawValue < second.rawValue
  }
}

/// Why an address could not be joined.
public enum JoinFailure: Error, Sendable, Hashable {
  /// Nobody listens there.
  case refused
  /// There is no way to the address.
  case unreachable
  /// Nothing, or too little, came within `streamTimeout`.
  case timedOut
  /// The connection ended before the exchange was done.
  case interrupted
  /// What came was not the protocol.
  case notGrapevine
  /// The other side is of a cluster with another label.
  case wrongLabel
  /// The other side speaks protocol versions that this node does not.
  case versionMismatch(lowest: Int, highest: Int)
  /// The other side was too busy, again and again, or this node had no room for a further join.
  case busy
  /// A live member goes by this node's name.
  case nameTaken(by: MemberID, at: Endpoint)
  /// This node left, or was closed, meanwhile.
  case closed
}

extension JoinFailure: CustomStringConvertible {
  /// The reason in words.
  public var description: String {
    switch self {
    case .refused: "nobody listens there"
    case .unreachable: "there is no way to it"
    case .timedOut: "it did not answer in time"
    case .interrupted: "the connection broke off"
    case .notGrapevine: "what answers there does not speak this protocol"
    case .wrongLabel: "it belongs to a cluster with another label"
    case .versionMismatch(let lowest, let highest):
      "it speaks protocol versions \(lowest) to \(highest)"
    case .busy: "it is too busy, or this node joins too many at a time"
    case .nameTaken(let rival, let address):
      "the live member \(rival) at \(address) goes by this node's name"
    case .closed: "this node left or was closed"
    }
  }
}

/// What came of joining one address.
package enum JoinOutcome: Sendable, Hashable {
  case joined(MemberID)
  /// The address is this node's own.
  case isSelf
  case failed(JoinFailure)
}

/// Something that the engine tells its driver.
package enum EngineEvent: Sendable, Hashable {
  case member(Event)
  case joinFinished(JoinTicket, JoinOutcome)
  /// `leave` is done: who was asked to take note of it, and who did.
  case leaveFinished(asked: [MemberID], acknowledged: [MemberID])
  /// The request is over: `missing` are the live members that have not said that they hold it.
  case spreadFinished(SpreadTicket, missing: [MemberID])
  /// An attempt to reach a member in every way is over.
  case reachFinished(ReachTicket, Reachability)
  /// A member answers streams, and no packets come back from it.
  case answersByStreamOnly(MemberID)
  /// The process did not run for a while, so that what it saw as silence was its own.
  case wasPaused(Duration)
  /// Another process goes on under this node's name; this engine is silent from now on.
  case superseded(by: MemberID, at: Endpoint)
  /// The node's own generation was raised above an earlier life's.
  case generationRaised(MemberID)
  /// State of a member was refused because a limit was reached; told once per member, or
  /// for `memberLimit` once until there is room.
  case stateRefused(MemberID, limit: String)
  /// A member has begun to own keys, shares locks or does no more, or moved to another address.
  case peerChanged(MemberID)
  /// The node holds a lock from now on.
  case lockGranted(LockID, epoch: LockEpoch)
  /// The node holds a lock no more, or claims it no more, though it did not let go of it.
  case lockLost(LockID)
}
