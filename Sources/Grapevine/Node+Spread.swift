public import GrapevineCore

extension Node {
  /// Waits until every live member holds this node's state up to `version`.
  ///
  /// Members are asked for what they hold, so it costs packets for each of them: it is for changes
  /// that others must know of before the next step, not for each change. It returns at once if no
  /// other member is live. One that leaves or goes down meanwhile is not waited for; one that joins
  /// or comes up again is.
  ///
  /// ```swift
  /// let version = try node.set("shard-7", "closed")
  /// try await node.spread(upTo: version)
  /// ```
  ///
  /// - Parameters:
  ///   - version: What a change has returned; nil for all that was changed until now.
  ///   - timeout: How long to wait at most.
  /// - Returns: The version that all hold.
  /// - Throws: ``NodeError`` with the code `spreadIncomplete` if the time was over first, with the
  ///   ``NodeError/members`` that did not say that they hold it; `busy` while as many others wait
  ///   as ``/GrapevineCore/GossipConfiguration/spreadLimit`` allows; or `invalidChange` for a
  ///   version that the state has not reached, `left`, `nameTaken`, `closed` or `cancelled`.
  @discardableResult
  public func spread(
    upTo version: Version? = nil,
    timeout: Duration = .seconds(10)
  ) async throws(NodeError) -> Version {
    try hub.checkTakesPart(name)
    let promise = Promise<SpreadOutcome>()
    let (own, ticket) = runtime.withEngine { engine, now -> (Version, SpreadTicket?) in
      let own = engine.version(of: name) ?? 0
      let wanted = version ?? own
      guard wanted <= own, !engine.isSpreadRefused else { return (own, nil) }
      let ticket = engine.spread(upTo: wanted, deadline: now + timeout, now: now)
      if !hub.expect(ticket, { promise.fulfil($0) }) { promise.fulfil(.closed) }
      return (wanted, ticket)
    }
    guard let ticket else {
      guard version ?? own <= own else { throw .unreached(version ?? own, own) }
      throw .tooManySpreads(own)
    }
    let outcome = await promise.value { [runtime, hub] in
      runtime.withEngine { engine, now in engine.cancelSpread(ticket, now: now) }
      hub.forget(ticket)
      promise.fulfil(.cancelled)
    }
    switch outcome {
    case .finished(missing: []): return own
    case .finished(let missing): throw .spreadIncomplete(own, missing)
    case .cancelled: throw .cancelled(name)
    case .closed: throw .closed(name)
    }
  }
}

/// What came of waiting for a version to spread.
enum SpreadOutcome: Sendable {
  case finished(missing: [MemberID])
  case cancelled
  case closed
}

extension NodeError {
  fileprivate static func unreached(_ version: Version, _ own: Version) -> NodeError {
    NodeError(
      .invalidChange,
      value: "\(version)",
      reason: "the node's state has only reached version \(own)"
    )
  }

  fileprivate static func tooManySpreads(_ version: Version) -> NodeError {
    NodeError(
      .busy,
      value: "\(version)",
      reason: "as many other calls wait for a version to spread as gossip.spreadLimit allows"
    )
  }

  fileprivate static func spreadIncomplete(_ version: Version, _ missing: [MemberID]) -> NodeError {
    NodeError(
      .spreadIncomplete,
      value: "\(version)",
      reason: "these live members have not said in time that they hold this version: "
        + missing.map(\.description).joined(separator: ", "),
      members: missing
    )
  }
}
