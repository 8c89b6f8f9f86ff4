import GrapevineCore
public import GrapevineSharding

extension Node {
  /// All live members, the node itself included, whatever their state, sorted by name.
  ///
  /// - Complexity: O(n log(n)) in the number of members.
  public var peers: [Peer] { board.snapshot().peers }

  /// What part this node has in owning keys; others may not know of the last change yet.
  public var state: PeerState { localSummary.state }

  private var localSummary: Member {
    runtime.inspectEngine { engine, now in engine.localSummary(now: now) }
  }

  /// Has `sharder` follow the node's peers.
  ///
  /// What is returned is up to date whenever it is asked, also within watchers and observers.
  public func attach<Algorithm: Sharder>(
    _ sharder: Algorithm
  ) -> PeerSharder<Algorithm> where Algorithm.Peer == Peer {
    PeerSharder(sharder, board: board)
  }

  /// Changes this node's part in owning keys, and waits until all live members know of it.
  ///
  /// A viewer can become a participant, and a participant terminating, which is the same as
  /// ``announceLeaving()``. It takes effect here at once. Then ``spread(upTo:timeout:)`` waits for
  /// the others, or returns at once if there are none; if that fails or is cancelled the state is
  /// changed all the same. A node that starts anew is a viewer.
  ///
  /// - Parameters:
  ///   - state: The state to change to.
  ///   - weight: The share that the node takes as a participant beside others, in percent of the
  ///     usual one: 1 to ``/GrapevineCore/Member/weightLimit``.
  ///   - timeout: How long to wait for the others at most.
  /// - Throws: ``NodeError`` with the code `invalidTransition`, whose cause is a
  ///   ``/GrapevineSharding/StateTransitionError``, or `invalidChange` for a weight, and then
  ///   nothing has changed; or what ``spread(upTo:timeout:)`` throws.
  public func changeState(
    to state: PeerState,
    weight: Int = 100,
    timeout: Duration = .seconds(10)
  ) async throws(NodeError) {
    guard 1...Member.weightLimit ~= weight else { throw .invalidWeight(weight) }
    guard !hub.isClosed else { throw .closed(name) }
    let version: Version
    do {
      version = try runtime.withEngine { (engine, now) throws(NodeError) -> Version in
        do throws(StateTransitionError) {
          try engine.localSummary(now: now).state.checkTransition(to: state)
        } catch {
          throw NodeError(error)
        }
        defer { board.noteChange() }
        do throws(StateError) {
          return state == .participant
            ? try engine.participate(weight: weight, now: now) : try engine.beginLeaving(now: now)
        } catch {
          throw NodeError(error, name: name)
        }
      }
    }
    board.wake()
    log.write(.info, "changed state", ["to": state.description])
    guard liveMemberCount > 1 else { return }
    try await spread(upTo: version, timeout: timeout)
  }

  /// Has `observer` told whenever the peers change from now on.
  @discardableResult
  public func observe(_ observer: some PeerObserver) -> PeerObservation {
    observePeers { observer.peersChanged($0) }
  }

  /// Has `body` called with the list of peers whenever that changes from now on, until it returns
  /// false; see ``PeerObserver/peersChanged(_:)``.
  @discardableResult
  public func observePeers(_ body: @escaping @Sendable ([Peer]) -> Bool) -> PeerObservation {
    let subscriber = PeerSubscriber(body)
    board.add(subscriber)
    return PeerObservation(subscriber: subscriber, board: board)
  }

  /// The peers as an asynchronous sequence: the list of now, and then each that differs.
  public var peerLists: PeerLists { PeerLists(board: board) }

  /// Waits until `count` members are live, this node included, so that nobody takes all keys over
  /// in a cluster that has not come together yet.
  ///
  /// - Returns: The peers of then.
  /// - Throws: ``NodeError`` with the code `sizeNotReached` if that was not so within `timeout`,
  ///   `closed` or `cancelled`.
  @discardableResult
  public func waitForSize(
    _ count: Int,
    timeout: Duration = .seconds(60)
  ) async throws(NodeError) -> [Peer] {
    let lists = peerLists
    let waiting: Task<[Peer]?, Never> = Task {
      for await peers in lists where peers.count >= count { return peers }
      return nil
    }
    let timer = Task {
      try? await Task.sleep(for: timeout.sleepable)
      waiting.cancel()
    }
    let peers = await withTaskCancellationHandler {
      await waiting.value
    } onCancel: {
      waiting.cancel()
    }
    timer.cancel()
    if let peers { return peers }
    guard !Task.isCancelled else { throw .cancelled(name) }
    guard !hub.isClosed else { throw .closed(name) }
    throw NodeError(
      .sizeNotReached,
      value: "\(count)",
      reason: "after \(timeout) the node knows \(liveMemberCount) live members, itself included"
    )
  }
}

extension NodeError {
  fileprivate init(_ error: StateTransitionError) {
    self.init(
      .invalidTransition,
      value: error.to.description,
      reason: error.description,
      cause: error
    )
  }

  fileprivate static func invalidWeight(_ weight: Int) -> NodeError {
    NodeError(
      .invalidChange,
      value: "\(weight)",
      reason: "a weight must be 1 to \(Member.weightLimit) percent"
    )
  }
}
