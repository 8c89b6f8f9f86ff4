public import GrapevineCore

extension Node {
  /// Tries to reach the member `name` by packet, by stream, and by way of a few others, and says
  /// what came of each: so a way that is broken in one direction, or for one protocol, has a name.
  ///
  /// It changes nothing about the member's standing. It ends as soon as all have answered. With the
  /// transport ``Transport/streams`` packets go by TCP as streams do, each by a way of its own.
  ///
  /// - Parameters:
  ///   - name: The member's name; it may be one that is down.
  ///   - timeout: How long to wait for answers at most.
  /// - Returns: What was found, also if that is nothing.
  /// - Throws: ``NodeError`` with the code `unknownMember` if the node knows no other member of
  ///   that name, `left`, `nameTaken`, `closed` or `cancelled`; or `busy` while half of
  ///   ``/GrapevineCore/GossipConfiguration/outboundStreamLimit`` attempts are under way, or all
  ///   streams in use.
  public func reachability(
    of name: String,
    timeout: Duration = .seconds(2)
  ) async throws(NodeError) -> Reachability {
    try hub.checkTakesPart(self.name)
    let promise = Promise<ReachOutcome>()
    let (isKnown, ticket) = runtime.withEngine { engine, now -> (Bool, ReachTicket?) in
      guard engine.version(of: name) != nil, !name.hasSameBytes(as: engine.localID.name) else {
        return (false, nil)
      }
      guard let ticket = engine.reach(name, deadline: now + timeout, now: now) else {
        return (true, nil)
      }
      if !hub.expect(ticket, { promise.fulfil($0.map { .finished($0) } ?? .closed) }) {
        promise.fulfil(.closed)
      }
      return (true, ticket)
    }
    guard isKnown else { throw .unknownMember(name) }
    guard let ticket else {
      try hub.checkTakesPart(self.name)
      throw .busy(name)
    }
    let outcome = await promise.value { [runtime, hub] in
      runtime.withEngine { engine, now in engine.cancelReach(ticket, now: now) }
      hub.forget(ticket)
      promise.fulfil(.cancelled)
    }
    switch outcome {
    case .finished(let found): return found
    case .cancelled: throw .cancelled(self.name)
    case .closed: throw .closed(self.name)
    }
  }
}

/// What came of trying to reach a member.
enum ReachOutcome: Sendable {
  case finished(Reachability)
  case cancelled
  case closed
}

extension NodeError {
  fileprivate static func unknownMember(_ name: String) -> NodeError {
    NodeError(
      .unknownMember,
      value: name,
      reason: "this node knows no other member of that name; `members` are those that it knows"
    )
  }

  fileprivate static func busy(_ name: String) -> NodeError {
    NodeError(
      .busy,
      value: name,
      reason: "as many members are being tried, or streams in use, as may be at a time; try again"
    )
  }
}
