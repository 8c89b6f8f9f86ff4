/// The peers of a node as an asynchronous sequence: the list of now, and then each that differs.
///
/// Who reads slowly gets the latest list, and not those in between. The sequence ends when the node
/// is closed or the task cancelled. Each iterator is on its own.
public struct PeerLists: AsyncSequence, Sendable {
  private let board: PeerBoard

  init(board: PeerBoard) {
    self.board = board
  }

  /// Creates an iterator, which begins with the list of now.
  public func makeAsyncIterator() -> Iterator {
    Iterator(board: board)
  }

  /// Waits for one list after the other.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let board: PeerBoard
    private var last: [Peer]?

    fileprivate init(board: PeerBoard) {
      self.board = board
    }

    /// The next list; nil once the node is closed or the task cancelled.
    public mutating func next(
      isolation actor: isolated (any Actor)? = #isolation
    ) async -> [Peer]? {
      while !Task.isCancelled, !board.isClosed {
        let current = board.snapshot()
        // A node that has gone meanwhile shows no peers, which says nothing of them.
        guard !board.isClosed else { return nil }
        if current.peers != last {
          last = current.peers
          return current.peers
        }
        await board.waitForChange(since: current.changeCount)
      }
      return nil
    }
  }
}
