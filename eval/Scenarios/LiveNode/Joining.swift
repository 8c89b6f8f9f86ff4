internal import Grapevine
internal import GrapevineCore

/// Tries addresses again and again, all side by side, until one answers or the time is over.
struct Joining: Sendable {
  let node: Node
  let addresses: [String]
  let limit: Duration
  let mailbox: Mailbox<NodeMessage>

  enum Outcome: Sendable {
    /// The node has company: by one of the addresses, or since another joined it.
    case connected
    /// Every address is the node's own.
    case isSelf
    case failed([AddressFailure])
    /// The node left or was closed meanwhile.
    case ended
  }

  /// What came of one address.
  private enum Attempt: Sendable {
    case joined
    case isSelf
    case failed([AddressFailure])
    case ended
  }

  private static let pause: Duration = .milliseconds(500)
}

extension Joining {
  func run() async -> Outcome {
    let deadline = MachineClock.now + limit
    let attempts = await withTaskGroup(of: Attempt.self) { group in
      for address in addresses { group.addTask { await join(address, until: deadline) } }
      return await group.reduce(into: [Attempt]()) { $0.append($1) }
    }
    var failures: [AddressFailure] = []
    var isConnected = hasCompany
    var isSelf = true
    for attempt in attempts {
      switch attempt {
      case .joined: isConnected = true
      case .isSelf: break
      case .failed(let reasons):
        failures += reasons
        isSelf = false
      case .ended: return .ended
      }
    }
    if isConnected {
      if !failures.isEmpty { await mailbox.send(.unreached(failures)) }
      return .connected
    }
    return isSelf ? .isSelf : .failed(failures)
  }

  private var hasCompany: Bool { node.liveMemberCount > 1 }

  private func join(_ address: String, until deadline: Instant) async -> Attempt {
    var isFirst = true
    while true {
      let left = Duration.nanoseconds(Int64(deadline.since(MachineClock.now)))
      let failures: [AddressFailure]
      do throws(NodeError) {
        let names = try await node.join([address], timeout: left)
        guard !names.isEmpty else { return .isSelf }
        await mailbox.send(.connected(names))
        return .joined
      } catch {
        guard error.code == .joinFailed else { return .ended }
        failures = error.failures
      }
      // Once the node is connected it is told of all others.
      if hasCompany || MachineClock.now + Self.pause >= deadline { return .failed(failures) }
      if isFirst { await mailbox.send(.waiting(failures)) }
      isFirst = false
      try? await Task.sleep(for: Self.pause)
    }
  }
}
