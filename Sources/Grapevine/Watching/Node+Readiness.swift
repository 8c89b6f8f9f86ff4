public import GrapevineCore

extension Node {
  /// The live members, this node included, that have a value for each of `keys`, sorted by name.
  ///
  /// So a member can be known before it is ready, and say by a key of its own that it is.
  ///
  /// - Complexity: O(number of all members' entries).
  public func liveMembers(withKeys keys: Set<String>) -> [Member] {
    members.filter { $0.isLive && $0.has(keys) }
  }

  /// Waits until the member `name` is live and has a value for each of `keys`.
  ///
  /// - Parameters:
  ///   - keys: The keys; with none it is enough that the member is live.
  ///   - name: The member's name; it need not be known yet. This node itself is not waited for.
  ///   - timeout: How long to wait at most.
  /// - Returns: What is known of the member then.
  /// - Throws: ``NodeError`` with the code `keysMissing` if that was not so in time, which says
  ///   what was missing; or `left`, `nameTaken`, `closed` or `cancelled`.
  @discardableResult
  public func waitForKeys(
    _ keys: Set<String>,
    of name: String,
    timeout: Duration = .seconds(60)
  ) async throws(NodeError) -> Member {
    try hub.checkTakesPart(self.name)
    let subscriber = StreamSubscriber(queue: makeQueue { $0.mayComplete(name) })
    hub.add(subscriber)
    defer { hub.remove(subscriber) }
    let waiting: Task<Member?, Never> = Task {
      func ready() -> Member? {
        self.member(named: name).flatMap { $0.isLive && $0.has(keys) ? $0 : nil }
      }
      // A node is not told of what it sets itself.
      if let member = ready() { return member }
      guard !name.hasSameBytes(as: self.name) else { return nil }
      while await subscriber.next() != nil {
        if let member = ready() { return member }
      }
      return nil
    }
    let timer = Task {
      try? await Task.sleep(for: timeout.sleepable)
      waiting.cancel()
    }
    let member = await withTaskCancellationHandler {
      await waiting.value
    } onCancel: {
      waiting.cancel()
    }
    timer.cancel()
    if let member { return member }
    guard !Task.isCancelled else { throw .cancelled(self.name) }
    guard !hub.isClosed else { throw .closed(self.name) }
    throw .keysMissing(keys, member: self.member(named: name), name: name, timeout)
  }
}

extension Member {
  fileprivate func has(_ keys: Set<String>) -> Bool {
    keys.allSatisfy { self[$0] != nil }
  }
}

extension Event {
  /// Says whether the member `name` may have its keys now, which it lacked before.
  fileprivate func mayComplete(_ name: String) -> Bool {
    switch self {
    case .joined(let id), .up(let id), .keySet(let id, _), .replaced(_, by: let id):
      id.name.hasSameBytes(as: name)
    default: false
    }
  }
}

extension NodeError {
  fileprivate static func keysMissing(
    _ keys: Set<String>,
    member: Member?,
    name: String,
    _ timeout: Duration
  ) -> NodeError {
    let state: String
    if let member, member.isLive {
      let missing = keys.filter { member[$0] == nil }.sorted().joined(separator: ", ")
      state = "it is live and has no value for: \(missing)"
    } else if let member {
      state = member.hasLeft ? "it has left" : "it is down"
    } else {
      state = "no member of that name is known"
    }
    let when =
      member?.isSelf == true ? "of this node itself, which is not waited for," : "after \(timeout)"
    return NodeError(.keysMissing, value: name, reason: "\(when) \(state)")
  }
}
