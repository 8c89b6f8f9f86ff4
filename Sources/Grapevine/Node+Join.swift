import GrapevineCore
import GrapevineTransport

extension Node {
  /// Joins the nodes at `addresses`, all side by side, and returns their names.
  ///
  /// An address is an IPv4 or IPv6 address or a host name, with a port or without for the port that
  /// this node has bound. Of a name all addresses are tried; this node's own are skipped.
  ///
  /// What was given is remembered. An address is contacted now and then. A name is resolved again
  /// every 30 s: nodes found there that are not known yet are contacted, and where it led before
  /// and does not any more is forgotten. It may be called again at any time, also while another
  /// call waits.
  ///
  /// It waits for every address, at most for `timeout`, and without that about as long as
  /// `streamTimeout` and the resolver allow. An address that fails never discards one that
  /// succeeded; each that fails is in the log.
  ///
  /// - Returns: The names that were joined, in the order of the addresses; none if no address was
  ///   given or all lead to this node itself.
  /// - Throws: ``NodeError`` with the code `joinFailed` if addresses were given and none could be
  ///   joined, with each one's reason; or `left`, `closed` or `cancelled`.
  @discardableResult
  public func join(
    _ addresses: [String],
    timeout: Duration? = nil
  ) async throws(NodeError) -> [String] {
    try checkMayJoin()
    let attempts = await attempt(addresses, timeout: timeout)
    let joined = attempts.flatMap(\.joined)
    let failures = attempts.flatMap(\.failures)
    for failure in failures { log.write(.warning, failure) }
    guard !Task.isCancelled else { throw .cancelled(name) }
    guard joined.isEmpty else {
      var seen: Set<NameKey> = []
      return joined.map(\.name).filter { seen.insert(NameKey(name: $0)).inserted }
    }
    guard !failures.isEmpty else { return [] }
    try checkMayJoin()
    throw NodeError(
      .joinFailed,
      value: addresses.joined(separator: ", "),
      reason: "none of the addresses could be joined",
      failures: failures
    )
  }

  private func checkMayJoin() throws(NodeError) {
    guard !hub.isClosed else { throw .closed(name) }
    guard !hub.isLeaving else { throw .left(name) }
  }

  /// Tries all addresses; those that are not done when the time is over count as failed.
  private func attempt(_ addresses: [String], timeout: Duration?) async -> [JoinAttempt] {
    await withTaskGroup(of: JoinAttempt?.self) { group in
      for (index, address) in addresses.enumerated() {
        group.addTask { await self.attempt(address, index) }
      }
      if let timeout {
        group.addTask {
          try? await Task.sleep(for: timeout.sleepable)
          return nil
        }
      }
      var attempts: [JoinAttempt] = []
      while attempts.count < addresses.count, let result = await group.next() {
        if let attempt = result {
          attempts.append(attempt)
        } else {
          group.cancelAll()
        }
      }
      group.cancelAll()
      return attempts.sorted { $0.index < $1.index }
    }
  }

  private func attempt(_ address: String, _ index: Int) async -> JoinAttempt {
    var attempt = JoinAttempt(index: index, address: address)
    let endpoints: [Endpoint]
    switch PeerAddress(address, defaultPort: runtime.boundEndpoint.port) {
    case nil:
      attempt.fail(nil, .malformed(rule: PeerAddress.rule))
      return attempt
    case .endpoint(let endpoint)?:
      endpoints = [endpoint]
      seedKeeper.noteGiven(endpoint)
    case .host(let host, let port)?:
      seedKeeper.remember(.host(host, port: port))
      do {
        endpoints = try await loop.resolver.resolve(host, port: port)
        seedKeeper.noteFound(endpoints, of: .host(host, port: port))
      } catch {
        attempt.fail(nil, error.reason == .cancelled ? .deadlinePassed : .unresolved("\(error)"))
        return attempt
      }
    }
    await withTaskGroup(of: (Endpoint, JoinOutcome).self) { group in
      for endpoint in endpoints {
        group.addTask { (endpoint, await self.join(endpoint)) }
      }
      for await (endpoint, outcome) in group {
        attempt.add(outcome, of: endpoint, isLate: Task.isCancelled)
      }
    }
    return attempt
  }

  private func join(_ endpoint: Endpoint) async -> JoinOutcome {
    guard endpoint != address, endpoint != runtime.boundEndpoint else { return .isSelf }
    let promise = Promise<JoinOutcome>()
    let (ticket, isExpected) = runtime.withEngine { engine, now in
      let ticket = engine.join(endpoint, now: now)
      return (ticket, hub.expect(ticket) { promise.fulfil($0) })
    }
    if !isExpected { promise.fulfil(.failed(.closed)) }
    return await promise.value { [runtime] in
      runtime.withEngine { engine, now in engine.cancelJoin(ticket, now: now) }
      promise.fulfil(.failed(.closed))
    }
  }
}
