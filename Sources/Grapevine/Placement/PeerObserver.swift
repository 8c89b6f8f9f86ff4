/// Hears when a node's peers change.
public protocol PeerObserver: Sendable {
  /// The peers are now these, sorted by name; returns whether it wants to hear of further changes.
  ///
  /// Observers are called one after the other, in the order of their registration, on a thread
  /// that all watchers of a ``Node/Loop`` share and outside every lock: calling back into the node
  /// is fine. One that takes long holds up the others, never gossip, and is told the latest list
  /// next: those in between are left out. The same list is not told twice in a row.
  func peersChanged(_ peers: [Peer]) -> Bool
}

/// Passes on to another observer what changes the set of participants.
///
/// A change of another peer alone is not passed on, nor is the first list if it has no participant.
/// What is passed on is the list of all peers.
public final class ParticipantObserver: PeerObserver {
  private let next: any PeerObserver
  private let participants = PeerListMemory()

  /// Creates an observer that passes on to `next`, and ends when that one does.
  public init(_ next: some PeerObserver) {
    self.next = next
  }

  /// Creates an observer that calls `body`, and ends when that returns false.
  public convenience init(_ body: @escaping @Sendable ([Peer]) -> Bool) {
    self.init(ClosureObserver(body: body))
  }

  /// Passes the list on if the participants in it are others than in the one before.
  public func peersChanged(_ peers: [Peer]) -> Bool {
    guard participants.replace(with: peers.filter { $0.state == .participant }) else {
      return true
    }
    return next.peersChanged(peers)
  }
}

private struct ClosureObserver: PeerObserver {
  let body: @Sendable ([Peer]) -> Bool

  func peersChanged(_ peers: [Peer]) -> Bool { body(peers) }
}

/// What `observe` gives in exchange for an observer, to be handed back when it should hear no more.
///
/// The observer stays until then, or until it ends itself or the node is closed, whether the token
/// is kept or not.
public struct PeerObservation: Sendable {
  private weak let subscriber: PeerSubscriber?
  private weak let board: PeerBoard?

  init(subscriber: PeerSubscriber, board: PeerBoard) {
    self.subscriber = subscriber
    self.board = board
  }

  /// Removes the observer; twice is harmless.
  ///
  /// A call of it that is under way goes on.
  public func cancel() {
    guard let subscriber else { return }
    board?.remove(subscriber)
  }
}
