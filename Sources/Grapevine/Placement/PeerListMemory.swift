import GrapevineTransport

/// The list that came last.
final class PeerListMemory: Sendable {
  private let last = Locked<[Peer]>([])

  /// Remembers `peers`; says whether they are others than before.
  func replace(with peers: [Peer]) -> Bool {
    last.withLock { last in
      defer { last = peers }
      return last != peers
    }
  }
}
